//! Affinity: by what a conversation is known again, so that its next turn may go to the account that has its prompt
//! cache. A client that names its session is known by that; any other by its chain, a digest of each of its messages.
//! What changes from turn to turn without being part of the conversation does not count. Pure.

#[cfg(test)]
mod built;
mod chain;
mod kept;
#[cfg(test)]
mod recorded;
mod session;
#[cfg(test)]
mod two_turns;
mod walk;

pub(crate) use self::{
    chain::Conversation,
    session::{Session, of_headers as session},
};

use crate::json::NotJson;

/// Where in a body its conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Anthropic: `system`, `messages`.
    Messages,
    /// OpenAI chat completions: `messages`.
    Chat,
    /// OpenAI Responses: `instructions`, `input`.
    Responses,
    /// Gemini: `systemInstruction`, `contents`.
    Contents,
}

/// Reads the body of a request whose headers may have named its session.
pub(crate) fn read(
    form: Form,
    session: Option<Session>,
    body: &[u8],
) -> Result<Conversation, NotJson> {
    match session {
        Some(session) => Ok(Conversation::of_session(form, session)),
        None => walk::conversation(form, body),
    }
}
