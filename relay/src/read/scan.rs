//! The one pass over a request's JSON: top-level `model` and `stream`, and the last message. Everything else is skipped
//! unread, so that fields nobody here has heard of pass.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use super::{Answer, Facts, LastMessage};

/// Fails where the body is not one JSON object, says one of its decisive fields twice, or gives it another type.
pub(super) fn scan(body: &[u8]) -> Result<Facts, serde_json::Error> {
    let request: Request = serde_json::from_slice(body)?;
    Ok(Facts {
        model: request.model,
        answer: match request.stream {
            Some(true) => Answer::Stream,
            Some(false) | None => Answer::Whole,
        },
        last: request
            .messages
            .map_or(LastMessage::Other, |messages| messages.0),
    })
}

#[derive(Deserialize)]
struct Request {
    model: Option<String>,
    stream: Option<bool>,
    messages: Option<Messages>,
}

/// Who wrote the last of a list of messages.
struct Messages(LastMessage);

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    role: Role,
    #[serde(default)]
    content: Content,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Role {
    System,
    User,
    #[default]
    #[serde(other)]
    Other,
}

/// Text, nothing, or a list of blocks; one block that is the result of a tool makes the whole one.
#[derive(Default, Clone, Copy)]
enum Content {
    #[default]
    Own,
    ToolResult,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type", default)]
    kind: BlockKind,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "snake_case")]
enum BlockKind {
    ToolResult,
    ToolUseResult,
    #[default]
    #[serde(other)]
    Other,
}

impl<'de> Deserialize<'de> for Messages {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(MessagesVisitor)
    }
}

struct MessagesVisitor;

impl<'de> Visitor<'de> for MessagesVisitor {
    type Value = Messages;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Messages, A::Error> {
        let mut last = LastMessage::Other;
        while let Some(message) = list.next_element::<Message>()? {
            last = match (message.role, message.content) {
                (Role::System, _) => last,
                (Role::User, Content::Own) => LastMessage::UsersOwn,
                (Role::User, Content::ToolResult) | (Role::Other, _) => LastMessage::Other,
            };
        }
        Ok(Messages(last))
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a list of blocks")
    }

    fn visit_str<E>(self, _: &str) -> Result<Content, E> {
        Ok(Content::Own)
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Own)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut blocks: A) -> Result<Content, A::Error> {
        let mut content = Content::Own;
        while let Some(block) = blocks.next_element::<Block>()? {
            match block.kind {
                BlockKind::ToolResult | BlockKind::ToolUseResult => content = Content::ToolResult,
                BlockKind::Other => {}
            }
        }
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(messages: &str) -> LastMessage {
        scan(format!(r#"{{"messages":{messages}}}"#).as_bytes())
            .unwrap()
            .last
    }

    #[test]
    fn a_users_own_message_is_told_from_the_result_of_a_tool() {
        for own in [
            r#"[{"role":"user","content":"hi"}]"#,
            r#"[{"role":"user","content":null}]"#,
            r#"[{"role":"user","content":[]}]"#,
            r#"[{"role":"user"}]"#,
            r#"[{"role":"assistant","content":"a"},{"content":[{"type":"text","text":"x"},{"type":"image"}],"role":"user"}]"#,
            r#"[{"role":"user","content":"hi"},{"role":"system","content":"s"}]"#,
        ] {
            assert_eq!(last(own), LastMessage::UsersOwn, "{own}");
        }
        for other in [
            "[]",
            "null",
            r#"[{"role":"user","content":"hi"},{"role":"assistant","content":"a"}]"#,
            r#"[{"role":"user","content":[{"type":"tool_result","content":"x"}]}]"#,
            r#"[{"role":"user","content":[{"type":"text"},{"type":"tool_use_result"},{"type":"text"}]}]"#,
            r#"[{"content":"hi"}]"#,
        ] {
            assert_eq!(last(other), LastMessage::Other, "{other}");
        }
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
                last: LastMessage::UsersOwn
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
}
