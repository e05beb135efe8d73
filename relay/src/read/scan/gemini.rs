//! Gemini's contents: a user's content that has the result of a function among its parts is not the user's own.
//! Model and form of the answer stand in the path.

use super::{Author, last, told};
use crate::{
    json::{Outline, Unfit, Value},
    read::Facts,
};

pub(super) fn scan(request: &Outline<'_>) -> Result<Facts, Unfit> {
    Ok(Facts {
        last: last(request.told("contents")?, author)?,
        ..Facts::default()
    })
}

/// A content without a role is a user's.
fn author(content: Value<'_>) -> Result<Author, Unfit> {
    let [role, parts] = content.members(["role", "parts"])?;
    Ok(
        match role.map(|role| role.string()).transpose()?.as_deref() {
            Some("system") => Author::System,
            None | Some("user") if !has_result(parts)? => Author::User,
            _ => Author::Other,
        },
    )
}

/// The API takes field names in either spelling.
fn has_result(parts: Option<Value<'_>>) -> Result<bool, Unfit> {
    let Some(parts) = told(parts) else {
        return Ok(false);
    };
    for part in parts.elements()? {
        let results = part.members(["functionResponse", "function_response"])?;
        if results.into_iter().any(|result| told(result).is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{json::Fault, read::LastMessage};

    fn scan(bytes: &[u8]) -> Result<Facts, Unfit> {
        let outline = Outline::of(bytes)?;
        super::scan(&outline)
    }

    #[test]
    fn a_users_own_content_is_told_from_the_result_of_a_function() {
        let last = |contents: &str| {
            let body = format!(r#"{{"contents":{contents},"tools":[{{"contents":1}}]}}"#);
            scan(body.as_bytes()).unwrap().last
        };
        for own in [
            r#"[{"parts":[{"text":"hi"}]}]"#,
            r#"[{"role":"model","parts":[]},{"role":"user","parts":[{"text":"hi"},{"inlineData":{}}]}]"#,
        ] {
            assert_eq!(last(own), LastMessage::UsersOwn, "{own}");
        }
        for other in [
            "[]",
            "null",
            r#"[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"functionCall":{}}]}]"#,
            r#"[{"role":"user","parts":[{"functionResponse":{"name":"f"}}]}]"#,
            r#"[{"role":"user","parts":[{"function_response":{"name":"f"}},{"text":"x"}]}]"#,
            r#"[{"role":"function","parts":[]}]"#,
        ] {
            assert_eq!(last(other), LastMessage::Other, "{other}");
        }
        let twice = scan(br#"{"contents":[],"contents":[]}"#).unwrap_err();
        assert_eq!(twice.fault, Fault::Twice("contents"));
    }
}
