//! The one pass over a request's JSON: what decides at its top level, and the last message. Everything else is skipped
//! unread, so that fields nobody here has heard of pass. Each dialect is a file.

mod anthropic;
mod chat;
mod gemini;
mod responses;

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use super::{Answer, Facts, LastMessage};
use crate::{dialect::Dialect, route::Work};

/// Fails where the body is not one JSON object, says one of its decisive fields twice, or gives it another type.
pub(super) fn scan(body: &[u8], work: Work, dialect: Dialect) -> Result<Facts, serde_json::Error> {
    match (work, dialect) {
        (Work::Embed, _) => embed(body),
        (_, Dialect::Anthropic) => anthropic::scan(body),
        (_, Dialect::Chat) => chat::scan(body),
        (_, Dialect::Responses) => responses::scan(body),
        (_, Dialect::Gemini | Dialect::GeminiArray) => gemini::scan(body),
    }
}

#[derive(Deserialize)]
struct Embedded {
    model: Option<String>,
}

fn embed(body: &[u8]) -> Result<Facts, serde_json::Error> {
    let request: Embedded = serde_json::from_slice(body)?;
    Ok(Facts {
        model: request.model,
        ..Facts::default()
    })
}

fn answer(stream: Option<bool>) -> Answer {
    match stream {
        Some(true) => Answer::Stream,
        Some(false) | None => Answer::Whole,
    }
}

/// Whose a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Author {
    /// It does not count.
    System,
    /// A user, in own words.
    User,
    /// A model, or a tool.
    Other,
}

trait Message {
    fn author(&self) -> Author;
}

/// Whose the last message is, with one more after it.
fn after(last: LastMessage, author: Author) -> LastMessage {
    match author {
        Author::System => last,
        Author::User => LastMessage::UsersOwn,
        Author::Other => LastMessage::Other,
    }
}

/// The author of the last of a list of messages.
struct Last<M>(LastMessage, PhantomData<M>);

impl<M> Last<M> {
    fn author(of: Option<Self>) -> LastMessage {
        of.map_or(LastMessage::Other, |last| last.0)
    }
}

impl<'de, M: Message + Deserialize<'de>> Deserialize<'de> for Last<M> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(LastVisitor(PhantomData))
    }
}

struct LastVisitor<M>(PhantomData<M>);

impl<'de, M: Message + Deserialize<'de>> Visitor<'de> for LastVisitor<M> {
    type Value = Last<M>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Last<M>, A::Error> {
        let mut last = LastMessage::Other;
        while let Some(message) = list.next_element::<M>()? {
            last = after(last, message.author());
        }
        Ok(Last(last, PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(body: &[u8]) -> Result<Facts, serde_json::Error> {
        super::scan(body, Work::Generate, Dialect::Anthropic)
    }

    #[test]
    fn unknown_fields_pass_unread() {
        let body = r#"{"model":"m\u00e9","speed":{"deep":[[1,{"model":5}]]},"stream":true,
            "tools":[{"type":"custom"}],"messages":[{"role":"user","content":"x","cache_control":{}}]}"#;
        let facts = scan(body.as_bytes()).unwrap();
        assert_eq!(
            facts,
            Facts {
                model: Some("mé".into()),
                answer: Answer::Stream,
                last: LastMessage::UsersOwn,
                ..Facts::default()
            }
        );
        assert_eq!(scan(b"{}").unwrap(), Facts::default());
    }

    #[test]
    fn a_refusal_names_the_place() {
        for (body, expected) in [
            (
                r#"{"model":"a","model":"b"}"#,
                "duplicate field `model` at line 1 column 20",
            ),
            (
                r#"{"stream":true,"stream":false}"#,
                "duplicate field `stream` at line 1 column 23",
            ),
            (
                r#"{"messages":[],"messages":[]}"#,
                "duplicate field `messages` at line 1 column 25",
            ),
            ("{\n\"model\": x}", "expected value at line 2 column 10"),
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{} {}", "trailing characters at line 1 column 4"),
            (
                r#"{"messages":"x"}"#,
                "invalid type: string \"x\", expected a list of messages at line 1 column 15",
            ),
        ] {
            assert_eq!(scan(body.as_bytes()).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = format!(
            r#"{{"x":{}{}}}"#,
            "[".repeat(1_000_000),
            "]".repeat(1_000_000)
        );
        assert!(scan(deep.as_bytes()).is_ok());
        let deep = format!(r#"{{"messages":[{{"content":{}"#, "[".repeat(1_000_000));
        assert!(scan(deep.as_bytes()).is_err());
    }

    #[test]
    fn of_embeddings_only_the_model_is_read() {
        let body = br#"{"model":"e","input":[[1,2],[3]],"input":5}"#;
        let facts = super::scan(body, Work::Embed, Dialect::Chat).unwrap();
        assert_eq!(facts.model.as_deref(), Some("e"));
    }
}
