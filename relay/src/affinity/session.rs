//! The names that clients give to their sessions. A name of a user is not one: all that a user does at once would go
//! to one account. Pure.

use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use super::Form;
use crate::json::Outline;

/// Headers in which clients name a session, the more telling first.
const HEADERS: [&str; 9] = [
    "x-claude-code-session-id",
    "session_id",
    "session-id",
    "conversation_id",
    "x-conversation-id",
    "x-session-id",
    "x-session-affinity",
    "x-opencode-session",
    "thread-id",
];

/// A digest of a session's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session(pub(super) u64);

fn named(name: &str) -> Session {
    Session(xxh3_64(name.as_bytes()))
}

/// `header` looks a header up by its name in small letters.
pub(crate) fn of_headers<'h>(header: impl Fn(&str) -> Option<&'h [u8]>) -> Option<Session> {
    let named = HEADERS
        .iter()
        .find_map(|name| header(name).filter(|value| !value.is_empty()));
    named.map(|name| Session(xxh3_64(name)))
}

/// What a body names.
pub(super) fn of_body(form: Form, body: &Outline<'_>) -> Option<Session> {
    let told = |key| body.told(key).ok().flatten();
    match form {
        Form::Messages => {
            let [user] = told("metadata")?.value.members(["user_id"]).ok()?;
            of_user(&user?.string().ok()?)
        }
        Form::Chat | Form::Responses => {
            let name = told("prompt_cache_key")?.value.string().ok()?;
            (!name.is_empty()).then(|| named(&name))
        }
        Form::Contents => None,
    }
}

/// Of Anthropic's `metadata.user_id`: Claude Code writes an object with a session into it, and earlier wrote
/// `user_…_account_…_session_…`.
fn of_user(user: &str) -> Option<Session> {
    let session = match serde_json::from_str::<User>(user) {
        Ok(user) => user.session_id?,
        Err(_) => user.rsplit_once("_session_")?.1.to_owned(),
    };
    (!session.is_empty()).then(|| named(&session))
}

#[derive(Deserialize)]
struct User {
    session_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_found_in_what_claude_code_calls_its_user() {
        let session = named("5b1c");
        for user in [
            r#"{"device_id":"d","account_uuid":"","session_id":"5b1c"}"#,
            "user_0a_account__session_5b1c",
            "user_0a_account_7f_session_5b1c",
        ] {
            assert_eq!(of_user(user), Some(session), "{user}");
        }
        for user in [
            "alice",
            "",
            "{}",
            r#"{"session_id":""}"#,
            "user_0a_session_",
            "5",
            "null",
        ] {
            assert_eq!(of_user(user), None, "{user}");
        }
    }

    #[test]
    fn the_more_telling_header_counts() {
        let of = |headers: &[(&str, &'static str)]| {
            of_headers(|name| {
                let found = headers.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.as_bytes())
            })
        };
        let both = [("x-session-id", "b"), ("session_id", "a")];
        assert_eq!(of(&both), Some(named("a")));
        assert_eq!(
            of(&[("session_id", ""), ("x-session-id", "b")]),
            Some(named("b"))
        );
        assert_eq!(of(&[("x-request-id", "r")]), None);
    }
}
