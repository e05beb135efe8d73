//! OpenAI's Responses: the input is text, or a list of items of which some are messages.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor, value::SeqAccessDeserializer},
};

use super::{Author, Last, Message, answer, chat::Role};
use crate::read::{Facts, LastMessage};

#[derive(Deserialize)]
struct Request {
    model: Option<String>,
    stream: Option<bool>,
    input: Option<Input>,
}

pub(super) fn scan(body: &[u8]) -> Result<Facts, serde_json::Error> {
    let request: Request = serde_json::from_slice(body)?;
    Ok(Facts {
        model: request.model,
        answer: answer(request.stream),
        last: request.input.map_or(LastMessage::Other, |Input(last)| last),
        ..Facts::default()
    })
}

struct Input(LastMessage);

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type", default)]
    kind: Kind,
    #[serde(default)]
    role: Role,
}

/// A message need not say that it is one.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Message,
    #[serde(other)]
    Other,
}

impl Message for Item {
    fn author(&self) -> Author {
        match self.kind {
            Kind::Message => self.role.author(),
            Kind::Other => Author::Other,
        }
    }
}

impl<'de> Deserialize<'de> for Input {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(InputVisitor)
    }
}

struct InputVisitor;

impl<'de> Visitor<'de> for InputVisitor {
    type Value = Input;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a list of items")
    }

    fn visit_str<E>(self, _: &str) -> Result<Input, E> {
        Ok(Input(LastMessage::UsersOwn))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Input, A::Error> {
        let last = Last::<Item>::deserialize(SeqAccessDeserializer::new(items))?;
        Ok(Input(Last::author(Some(last))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_own_message_is_told_from_other_items() {
        let last = |input: &str| {
            let body = format!(r#"{{"model":"gpt-5","stream":true,"input":{input}}}"#);
            scan(body.as_bytes()).unwrap().last
        };
        for own in [
            r#""hi""#,
            r#"[{"role":"user","content":"hi"}]"#,
            r#"[{"type":"reasoning","summary":[]},{"type":"message","role":"user","content":[{"type":"input_text"}]}]"#,
            r#"[{"role":"user","content":"hi"},{"role":"developer","content":"be brief"}]"#,
        ] {
            assert_eq!(last(own), LastMessage::UsersOwn, "{own}");
        }
        for other in [
            "null",
            "[]",
            r#"[{"role":"user"},{"type":"function_call_output","call_id":"x","output":"5"}]"#,
            r#"[{"role":"user"},{"role":"assistant","content":[]}]"#,
            r#"[{"type":"item_reference","id":"x","role":"user"}]"#,
        ] {
            assert_eq!(last(other), LastMessage::Other, "{other}");
        }
    }

    #[test]
    fn what_decides_may_not_stand_twice() {
        for twice in [
            r#"{"input":"a","input":[]}"#,
            r#"{"model":"a","model":"b"}"#,
            r#"{"stream":true,"stream":true}"#,
        ] {
            let error = scan(twice.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("duplicate field"), "{error}");
        }
        assert!(scan(br#"{"input":5}"#).is_err());
    }
}
