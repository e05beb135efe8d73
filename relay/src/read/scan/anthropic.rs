//! Anthropic's Messages: a user's message that has the result of a tool among its blocks is not the user's own.

use super::{Author, answer, last, told};
use crate::{
    json::{Outline, Unfit, Value},
    read::Facts,
};

pub(super) fn scan(request: &Outline<'_>) -> Result<Facts, Unfit> {
    Ok(Facts {
        answer: answer(request)?,
        last: last(request.told("messages")?, author)?,
        ..Facts::default()
    })
}

fn author(message: Value<'_>) -> Result<Author, Unfit> {
    let [role, content] = message.members(["role", "content"])?;
    Ok(
        match role.map(|role| role.string()).transpose()?.as_deref() {
            Some("system") => Author::System,
            Some("user") if !has_result(content)? => Author::User,
            _ => Author::Other,
        },
    )
}

/// Content is text, nothing, or a list of blocks.
fn has_result(content: Option<Value<'_>>) -> Result<bool, Unfit> {
    let Some(content) = told(content).filter(|content| !content.is_string()) else {
        return Ok(false);
    };
    for block in content.elements()? {
        let [kind] = block.members(["type"])?;
        let kind = kind.map(|kind| kind.string()).transpose()?;
        if matches!(kind.as_deref(), Some("tool_result" | "tool_use_result")) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::LastMessage;

    fn scan(bytes: &[u8]) -> Result<Facts, Unfit> {
        let outline = Outline::of(bytes)?;
        super::scan(&outline)
    }

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
