//! Gemini's contents: a user's content that has the result of a function among its parts is not the user's own.
//! Model and form of the answer stand in the path.

use serde::{Deserialize, de::IgnoredAny};

use super::{Author, Last, Message};
use crate::read::Facts;

#[derive(Deserialize)]
struct Request {
    contents: Option<Last<Content>>,
}

pub(super) fn scan(body: &[u8]) -> Result<Facts, serde_json::Error> {
    let request: Request = serde_json::from_slice(body)?;
    Ok(Facts {
        last: Last::author(request.contents),
        ..Facts::default()
    })
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    role: Role,
    #[serde(default)]
    parts: Vec<Part>,
}

/// A content without a role is a user's.
#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Role {
    #[default]
    User,
    System,
    #[serde(other)]
    Other,
}

/// The API takes field names in either spelling.
#[derive(Deserialize)]
struct Part {
    #[serde(rename = "functionResponse", alias = "function_response")]
    function_response: Option<IgnoredAny>,
}

impl Message for Content {
    fn author(&self) -> Author {
        let is_result = |part: &Part| part.function_response.is_some();
        match self.role {
            Role::System => Author::System,
            Role::User if !self.parts.iter().any(is_result) => Author::User,
            Role::User | Role::Other => Author::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::LastMessage;

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
        assert!(twice.to_string().starts_with("duplicate field `contents`"));
    }
}
