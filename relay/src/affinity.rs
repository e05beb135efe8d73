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

use self::chain::Role;
use crate::json::Outline;

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

impl Form {
    /// The member with what the system says, in the spellings that the API takes.
    fn system(self) -> &'static [&'static str] {
        match self {
            Self::Messages => &["system"],
            Self::Chat => &[],
            Self::Responses => &["instructions"],
            Self::Contents => &["systemInstruction", "system_instruction"],
        }
    }

    fn messages(self) -> &'static str {
        match self {
            Self::Messages | Self::Chat => "messages",
            Self::Responses => "input",
            Self::Contents => "contents",
        }
    }
}

/// Whether a chain is a session's, by its name, and not what was said.
pub(crate) fn is_of_session(chain: &str) -> bool {
    chain.starts_with(chain::SESSION)
}

/// Reads a request whose headers may have named its session. None where the parts that count are no JSON, or stand twice.
pub(crate) fn read(
    form: Form,
    session: Option<Session>,
    body: &Outline<'_>,
) -> Option<Conversation> {
    // Only bodies of this form may say more than who it is.
    if let (Some(session), true) = (session, form != Form::Responses) {
        return Some(Conversation::of_session(form, session));
    }
    let mut conversation = Conversation::new(form);
    conversation.session = session.or(session::of_body(form, body));
    for key in form.system() {
        if let Some(system) = body.told(key).ok()? {
            conversation.set_system(walk::content(form, system.value).ok()?);
        }
    }
    let Some(messages) = body.told(form.messages()).ok()? else {
        return Some(conversation);
    };
    // A string is a user's one message.
    if messages.value.is_string() {
        let digest = walk::content(form, messages.value).ok()?;
        conversation.push(Role::User, digest);
    }
    for message in messages.elements().into_iter().flatten() {
        let (role, digest) = walk::message(form, *message).ok()?;
        if let Some(role) = role {
            conversation.push(role, digest);
        }
    }
    Some(conversation)
}
