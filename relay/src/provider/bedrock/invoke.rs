//! Claude on Bedrock is asked in the Messages API's own words. What of these Bedrock wants elsewhere is moved: the model
//! into the path, the headers into the body, whether to stream into both. Everything else stays the caller's bytes.
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html>

use std::ops::Range;

use aws_smithy_types::base64;
use bytes::Bytes;
use hyper::header::HeaderValue;
use serde_json::json;

use super::{Form, Wanted};
use crate::{
    json::{NotJson, Tokens},
    read::Splice,
};

const VERSION: &str = "bedrock-2023-05-31";
/// Bedrock counts the tokens of what could be sent, so that it must be complete.
const COUNTED_MAX_TOKENS: &str = r#","max_tokens":1024"#;

/// A member of the body's top level, from its key to the end of its value.
struct Member<'b> {
    key: &'b [u8],
    value: &'b [u8],
    at: Range<usize>,
}

pub(super) fn body(wanted: &Wanted<'_>, betas: &[String], form: Form) -> Result<Bytes, String> {
    let members = members(wanted.body).map_err(|_| "the body is not JSON")?;
    let mut first = format!(r#""anthropic_version":"{VERSION}""#);
    let asked = asked_betas(wanted, &members, betas);
    if !asked.is_empty() {
        first += &format!(r#","anthropic_beta":{}"#, json!(asked));
    }
    if form == Form::Count
        && !members
            .iter()
            .any(|member| member.key == br#""max_tokens""#)
    {
        first += COUNTED_MAX_TOKENS;
    }
    let body = Splice::apply(splices(&members, first), wanted.body);
    match form {
        Form::Message | Form::Stream => Ok(body),
        Form::Count => {
            let body = base64::encode(&body);
            Ok(json!({"input": {"invokeModel": {"body": body}}})
                .to_string()
                .into())
        }
    }
}

/// `new` stands first; members that Bedrock does not take go, each with the comma before it.
fn splices(members: &[Member<'_>], new: String) -> Vec<Splice> {
    let goes = |member: &Member<'_>| {
        matches!(
            member.key,
            br#""model""# | br#""stream""# | br#""anthropic_version""# | br#""anthropic_beta""#
        )
    };
    let mut splices = Vec::new();
    let Some(first) = members.first() else {
        return splices;
    };
    splices.push(match goes(first) {
        true => Splice {
            at: first.at.clone(),
            with: new.into(),
        },
        false => Splice {
            at: first.at.start..first.at.start,
            with: (new + ",").into(),
        },
    });
    for pair in members.windows(2).filter(|pair| goes(&pair[1])) {
        splices.push(Splice {
            at: pair[0].at.end..pair[1].at.end,
            with: "".into(),
        });
    }
    splices
}

fn members(body: &[u8]) -> Result<Vec<Member<'_>>, NotJson> {
    let mut tokens = Tokens::new(body);
    let mut members = Vec::new();
    tokens.next()?;
    while let Some(key) = tokens.next_key()? {
        let first = tokens.value()?;
        let value = tokens.skip(first)?;
        members.push(Member {
            key: tokens.text(key),
            value: tokens.text(value),
            at: key.start..value.end,
        });
    }
    Ok(members)
}

/// What the caller's header and body ask for, of what may be asked for.
fn asked_betas(wanted: &Wanted<'_>, members: &[Member<'_>], may: &[String]) -> Vec<String> {
    let in_body = members
        .iter()
        .find(|member| member.key == br#""anthropic_beta""#)
        .and_then(|member| serde_json::from_slice::<Vec<String>>(member.value).ok());
    let headers = wanted.headers.get_all("anthropic-beta").iter();
    let in_headers = headers
        .filter_map(|value: &HeaderValue| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|beta| beta.trim().to_owned());
    let mut asked = in_body.unwrap_or_default();
    for beta in in_headers {
        let may = may.iter().any(|may| may == "*" || *may == beta);
        if may && !beta.is_empty() && !asked.contains(&beta) {
            asked.push(beta);
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;

    use super::*;
    use crate::{read::Answer, route::Work};

    fn said(text: &'static str, betas: &'static str, may: &[&str], form: Form) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-beta", HeaderValue::from_static(betas));
        let wanted = Wanted {
            work: Work::Generate,
            answer: Answer::Whole,
            said: "m",
            model: "anthropic.m",
            headers: &headers,
            body: &Bytes::from_static(text.as_bytes()),
        };
        let may: Vec<String> = may.iter().map(|beta| (*beta).to_owned()).collect();
        let body = body(&wanted, &may, form).unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn what_bedrock_wants_elsewhere_is_moved_and_all_else_is_the_callers() {
        for (text, expected) in [
            (
                r#"{"model":"m","max_tokens":5,"stream":true,"messages":[ ]}"#,
                r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"messages":[ ]}"#,
            ),
            (
                r#"{ "messages": [{"model":"x"}] , "stream" : false, "model" :"m" }"#,
                r#"{ "anthropic_version":"bedrock-2023-05-31","messages": [{"model":"x"}] }"#,
            ),
            (
                r#"{"stream":true,"model":"m"}"#,
                r#"{"anthropic_version":"bedrock-2023-05-31"}"#,
            ),
            (
                r#"{"anthropic_version":"2023","model":"m","x":1,"anthropic_beta":["own"]}"#,
                r#"{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["own"],"x":1}"#,
            ),
        ] {
            assert_eq!(said(text, "", &[], Form::Message), expected);
        }
    }

    #[test]
    fn features_are_asked_for_in_the_body_if_bedrock_knows_them() {
        let text = r#"{"model":"m","anthropic_beta":["b"]}"#;
        let asked = |may: &[&str]| {
            let said = said(text, "a, b,,c", may, Form::Stream);
            let body: serde_json::Value = serde_json::from_str(&said).unwrap();
            body["anthropic_beta"].clone()
        };
        assert_eq!(asked(&["a", "b"]), json!(["b", "a"]));
        assert_eq!(asked(&["*"]), json!(["b", "a", "c"]));
        assert_eq!(asked(&[]), json!(["b"]));
    }

    #[test]
    fn what_is_counted_is_a_request_that_could_be_sent() {
        let said = said(r#"{"model":"m","messages":[]}"#, "", &[], Form::Count);
        let body: serde_json::Value = serde_json::from_str(&said).unwrap();
        let counted = base64::decode(body["input"]["invokeModel"]["body"].as_str().unwrap());
        assert_eq!(
            counted.unwrap(),
            br#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":1024,"messages":[]}"#
        );
    }
}
