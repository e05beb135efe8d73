//! The names that clients give to their sessions. A name of a user is not one: all that a user does at once would go
//! to one account. Pure.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use super::Form;
use crate::json::Outline;

/// Headers in which clients name a session, the more telling first.
static HEADERS: [HeaderName; 9] = [
    HeaderName::from_static("x-claude-code-session-id"),
    HeaderName::from_static("session_id"),
    HeaderName::from_static("session-id"),
    HeaderName::from_static("conversation_id"),
    HeaderName::from_static("x-conversation-id"),
    HeaderName::from_static("x-session-id"),
    HeaderName::from_static("x-session-affinity"),
    HeaderName::from_static("x-opencode-session"),
    HeaderName::from_static("thread-id"),
];

/// Headers in which clients name who talks within a session, where that is not its main agent: Claude Code, Codex.
static AGENTS: [HeaderName; 2] = [
    HeaderName::from_static("x-claude-code-agent-id"),
    HeaderName::from_static("thread-id"),
];

/// Digests of a session's name, and of that of a sub-agent in it, which has a conversation of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    pub(super) name: u64,
    pub(super) agent: Option<u64>,
}

pub(super) fn named(name: &str) -> Session {
    Session {
        name: xxh3_64(name.as_bytes()),
        agent: None,
    }
}

pub(crate) fn of_headers(headers: &HeaderMap) -> Option<Session> {
    let first = |names: &[HeaderName]| {
        let values = names.iter().filter_map(|name| headers.get(name));
        let mut values = values.map(HeaderValue::as_bytes);
        values.find(|value| !value.is_empty()).map(xxh3_64)
    };
    let name = first(&HEADERS)?;
    // The main thread of Codex is called as its session is.
    let agent = first(&AGENTS).filter(|agent| *agent != name);
    Some(Session { name, agent })
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

    fn of<const N: usize>(headers: [(&'static str, &'static str); N]) -> Option<Session> {
        let headers = headers.map(|(name, value)| {
            let value = HeaderValue::from_static(value);
            (HeaderName::from_static(name), value)
        });
        of_headers(&HeaderMap::from_iter(headers))
    }

    #[test]
    fn the_more_telling_header_counts() {
        let both = [("x-session-id", "b"), ("session_id", "a")];
        assert_eq!(of(both), Some(named("a")));
        assert_eq!(
            of([("session_id", ""), ("x-session-id", "b")]),
            Some(named("b"))
        );
        assert_eq!(of([("x-request-id", "r")]), None);
    }

    #[test]
    fn a_sub_agent_is_told_from_its_session() {
        let sub_agent = |session: &str, agent: &str| {
            let agent = Some(named(agent).name);
            Some(Session {
                agent,
                ..named(session)
            })
        };
        for (session, agent) in [
            ("x-claude-code-session-id", "x-claude-code-agent-id"),
            ("session-id", "thread-id"),
        ] {
            assert_eq!(of([(session, "a"), (agent, "b")]), sub_agent("a", "b"));
            assert_eq!(of([(session, "a"), (agent, "")]), Some(named("a")));
        }
        assert_eq!(
            of([("session-id", "a"), ("thread-id", "a")]),
            Some(named("a"))
        );
        assert_eq!(of([("x", "a"), ("thread-id", "b")]), Some(named("b")));
    }
}
