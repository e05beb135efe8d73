//! OpenAI's chat completions: whose the last message is, and whether usage is asked for at the end of a stream.

use std::borrow::Cow;

use super::{Author, answer, last};
use crate::{
    json::{Outline, Unfit, Value},
    read::{Answer, Facts, Splice},
};

const ASKED: &str = r#"{"include_usage":true}"#;
const ASKED_MORE: &str = r#","stream_options":{"include_usage":true}"#;
const ASKED_ALONE: &str = r#""include_usage":true"#;
const ASKED_FIRST: &str = r#""include_usage":true,"#;

pub(super) fn scan(body: &[u8], request: &Outline<'_>) -> Result<Facts, Unfit> {
    let answer = answer(request)?;
    let options = request.get("stream_options")?.map(|options| options.value);
    Ok(Facts {
        answer,
        last: last(request.told("messages")?, |message| {
            let [role] = message.members(["role"])?;
            author(role)
        })?,
        usage_asked: match answer {
            Answer::Stream => usage_asked(body, options)?,
            Answer::Whole => None,
        },
        ..Facts::default()
    })
}

/// Whose a message is, in all of OpenAI's forms.
pub(super) fn author(role: Option<Value<'_>>) -> Result<Author, Unfit> {
    Ok(
        match role.map(|role| role.string()).transpose()?.as_deref() {
            Some("system" | "developer") => Author::System,
            Some("user") => Author::User,
            _ => Author::Other,
        },
    )
}

/// How to make the request one that asks for usage; none if it does.
fn usage_asked(body: &[u8], options: Option<Value<'_>>) -> Result<Option<Splice>, Unfit> {
    let splice = |at, with| {
        Ok(Some(Splice {
            at,
            with: Cow::Borrowed(with),
        }))
    };
    let Some(options) = options else {
        let end = body.iter().rposition(|byte| *byte == b'}');
        let end = end.expect("the body is an object");
        return splice(end..end, ASKED_MORE);
    };
    if options.is_null() {
        return splice(options.range(), ASKED);
    }
    match options.members(["include_usage"])? {
        [Some(value)] if value.text == b"true" => Ok(None),
        [Some(value)] => splice(value.range(), "true"),
        [None] => {
            let first = options.range().start + 1;
            let is_empty = body[first..].trim_ascii_start().starts_with(b"}");
            let asked = if is_empty { ASKED_ALONE } else { ASKED_FIRST };
            splice(first..first, asked)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{json::Fault, read::LastMessage};

    fn scan(bytes: &[u8]) -> Result<Facts, Unfit> {
        let outline = Outline::of(bytes)?;
        super::scan(bytes, &outline)
    }

    /// The body that goes up.
    fn spliced(body: &str) -> String {
        match scan(body.as_bytes()).unwrap().usage_asked {
            Some(splice) => {
                let spliced = Splice::apply(vec![splice], &body.to_owned().into());
                String::from_utf8(spliced.to_vec()).unwrap()
            }
            None => body.to_owned(),
        }
    }

    #[test]
    fn usage_is_asked_for_by_the_least_change() {
        for (body, expected) in [
            (
                r#"{"stream":true} "#,
                r#"{"stream":true,"stream_options":{"include_usage":true}} "#,
            ),
            (
                r#"{"stream_options": null,"stream":true}"#,
                r#"{"stream_options": {"include_usage":true},"stream":true}"#,
            ),
            (
                r#"{"stream_options":{ },"stream":true}"#,
                r#"{"stream_options":{"include_usage":true },"stream":true}"#,
            ),
            (
                r#"{"stream_options":{"include_obfuscation":false},"stream":true}"#,
                r#"{"stream_options":{"include_usage":true,"include_obfuscation":false},"stream":true}"#,
            ),
            (
                r#"{"stream":true,"stream_options":{"x":1,"include_usage" : false}}"#,
                r#"{"stream":true,"stream_options":{"x":1,"include_usage" : true}}"#,
            ),
            (
                r#"{"stream":true,"stream_options":{"include_usage":null}}"#,
                r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
            ),
        ] {
            let seen = spliced(body);
            assert_eq!(seen, expected);
            let seen: Value = serde_json::from_str(&seen).unwrap();
            assert_eq!(seen["stream_options"]["include_usage"], json!(true));
        }
        for unchanged in [
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
            r#"{"stream":false}"#,
            r#"{"stream_options":{"include_usage":false}}"#,
        ] {
            assert_eq!(spliced(unchanged), unchanged);
        }
    }

    #[test]
    fn what_decides_may_not_stand_twice() {
        for twice in [
            r#"{"stream":true,"stream_options":{},"stream_options":{}}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true,"include_usage":false}}"#,
            r#"{"messages":[],"messages":[]}"#,
        ] {
            let error = scan(twice.as_bytes()).unwrap_err();
            assert!(matches!(error.fault, Fault::Twice(_)), "{error:?}");
        }
        assert!(scan(br#"{"stream":true,"stream_options":5}"#).is_err());
    }

    #[test]
    fn a_users_own_message_is_told_from_others() {
        let last = |messages: &str| {
            let body = format!(r#"{{"messages":{messages}}}"#);
            scan(body.as_bytes()).unwrap().last
        };
        for own in [
            r#"[{"role":"user","content":"hi"}]"#,
            r#"[{"role":"assistant"},{"role":"user","content":[{"type":"text"}]},{"role":"developer"}]"#,
        ] {
            assert_eq!(last(own), LastMessage::UsersOwn, "{own}");
        }
        for other in [
            "[]",
            r#"[{"role":"user"},{"role":"tool","tool_call_id":"x"}]"#,
            r#"[{"role":"user"},{"role":"assistant"}]"#,
            r#"[{"role":"function"}]"#,
        ] {
            assert_eq!(last(other), LastMessage::Other, "{other}");
        }
    }
}
