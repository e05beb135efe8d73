//! OpenAI's chat completions: whose the last message is, and whether usage is asked for at the end of a stream.

use std::{borrow::Cow, ops::Range};

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Author, Last, Message, answer};
use crate::read::{Answer, Facts, Splice};

const ASKED: &str = r#"{"include_usage":true}"#;
const ASKED_MORE: &str = r#","stream_options":{"include_usage":true}"#;
const ASKED_ALONE: &str = r#""include_usage":true"#;
const ASKED_FIRST: &str = r#""include_usage":true,"#;

#[derive(Deserialize)]
struct Request<'a> {
    model: Option<String>,
    stream: Option<bool>,
    messages: Option<Last<Said>>,
    #[serde(borrow, default, deserialize_with = "also_null")]
    stream_options: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct StreamOptions<'a> {
    #[serde(borrow, default, deserialize_with = "also_null")]
    include_usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    role: Role,
}

/// Whose a message is, in all of OpenAI's forms.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    System,
    Developer,
    User,
    #[default]
    #[serde(other)]
    Other,
}

impl Role {
    pub(super) fn author(self) -> Author {
        match self {
            Self::System | Self::Developer => Author::System,
            Self::User => Author::User,
            Self::Other => Author::Other,
        }
    }
}

impl Message for Said {
    fn author(&self) -> Author {
        self.role.author()
    }
}

pub(super) fn scan(body: &[u8]) -> Result<Facts, serde_json::Error> {
    let request: Request<'_> = serde_json::from_slice(body)?;
    let answer = answer(request.stream);
    Ok(Facts {
        model: request.model,
        answer,
        last: Last::author(request.messages),
        usage_asked: match answer {
            Answer::Stream => usage_asked(body, request.stream_options)?,
            Answer::Whole => None,
        },
        ..Facts::default()
    })
}

/// How to make the request one that asks for usage; none if it does.
fn usage_asked(
    body: &[u8],
    options: Option<&RawValue>,
) -> Result<Option<Splice>, serde_json::Error> {
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
    let at = place(body, options);
    if options.get() == "null" {
        return splice(at, ASKED);
    }
    let asked: StreamOptions<'_> = serde_json::from_slice(&body[at.clone()])?;
    match asked.include_usage {
        Some(value) if value.get() == "true" => Ok(None),
        Some(value) => splice(place(body, value), "true"),
        None => {
            let first = at.start + 1;
            let is_empty = body[first..].trim_ascii_start().starts_with(b"}");
            splice(
                first..first,
                if is_empty { ASKED_ALONE } else { ASKED_FIRST },
            )
        }
    }
}

/// Where a value that was borrowed from the body stands in it.
fn place(body: &[u8], value: &RawValue) -> Range<usize> {
    let start = value.get().as_ptr().addr() - body.as_ptr().addr();
    start..start + value.get().len()
}

/// A field that is there and null is not one that is absent.
fn also_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::read::LastMessage;

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
            r#"{"model":"a","model":"b"}"#,
            r#"{"messages":[],"messages":[]}"#,
        ] {
            let error = scan(twice.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("duplicate field"), "{error}");
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
