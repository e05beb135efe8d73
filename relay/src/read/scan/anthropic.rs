//! Anthropic's Messages: a user's message that has the result of a tool among its blocks is not the user's own.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use super::{Author, Last, Message, answer};
use crate::read::Facts;

#[derive(Deserialize)]
struct Request {
    model: Option<String>,
    stream: Option<bool>,
    messages: Option<Last<Said>>,
}

pub(super) fn scan(body: &[u8]) -> Result<Facts, serde_json::Error> {
    let request: Request = serde_json::from_slice(body)?;
    Ok(Facts {
        model: request.model,
        answer: answer(request.stream),
        last: Last::author(request.messages),
        ..Facts::default()
    })
}

#[derive(Deserialize)]
struct Said {
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

impl Message for Said {
    fn author(&self) -> Author {
        match (self.role, self.content) {
            (Role::System, _) => Author::System,
            (Role::User, Content::Own) => Author::User,
            (Role::User, Content::ToolResult) | (Role::Other, _) => Author::Other,
        }
    }
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
    use crate::read::LastMessage;

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
}
