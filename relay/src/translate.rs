//! Between the two dialects of which each can be put into the words of the other: Anthropic's Messages and OpenAI's chat
//! completions. Requests go one way, answers the other. What has no equal is refused by its name. Pure; bytes in, bytes out.

mod effort;
mod family;
mod finish;
mod from_chat;
mod from_messages;
mod hints;
mod members;
mod output;
mod refusal;
mod spent;
#[cfg(test)]
mod tests;
mod to_chat;
mod to_messages;

use serde_json::Value;

pub(crate) use self::{
    from_messages::TellsUsage, members::Unfit, output::Output, to_chat::AsksUsage,
};

use self::refusal::Refusal;
use crate::{sse::Event, time::UnixMillis};

/// Which way a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Translation {
    /// Its caller speaks Messages, its account chat completions.
    ToChat,
    /// Its caller speaks chat completions, its account Messages.
    ToMessages,
}

/// An answer that is not one of its API. The upstream's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the provider's answer could not be read")]
pub(crate) struct Garbled;

/// The events of an answer, one after the other.
#[derive(Debug)]
pub(crate) struct Stream(Way);

#[derive(Debug)]
enum Way {
    FromChat(Box<from_chat::Stream>),
    FromMessages(Box<from_messages::Stream>),
}

impl Translation {
    /// Where the account's API takes what is translated.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::ToChat => "/v1/chat/completions",
            Self::ToMessages => "/v1/messages",
        }
    }

    /// Whether a model could be one of the account's own. One that is called as those of the caller's API are needs to be
    /// given another name.
    pub(crate) fn may_keep(self, model: &str) -> bool {
        match self {
            Self::ToChat => !family::is_claude(model),
            Self::ToMessages => !family::is_openai(model),
        }
    }

    /// The request, for a model by the account's name for it.
    pub(crate) fn request(
        self,
        body: &[u8],
        model: &str,
        usage: AsksUsage,
    ) -> Result<Vec<u8>, Unfit> {
        let request = match self {
            Self::ToChat => to_chat::request(body, model, usage),
            Self::ToMessages => to_messages::request(body, model),
        };
        request.map(|request| write(&request))
    }

    /// An answer in one piece.
    pub(crate) fn answer(self, body: &[u8], now: UnixMillis) -> Result<Vec<u8>, Garbled> {
        let answer = match self {
            Self::ToChat => from_chat::whole(body),
            Self::ToMessages => from_messages::whole(body, now),
        };
        answer.map(|answer| write(&answer))
    }

    /// The body of an error answer.
    pub(crate) fn refusal(self, status: u16, body: &[u8]) -> Vec<u8> {
        let refusal = Refusal::of_answer(status, body);
        write(&match self {
            Self::ToChat => refusal.to_messages(),
            Self::ToMessages => refusal.to_chat(),
        })
    }

    pub(crate) fn stream(self, tells_usage: TellsUsage, now: UnixMillis) -> Stream {
        Stream(match self {
            Self::ToChat => Way::FromChat(Box::default()),
            Self::ToMessages => {
                Way::FromMessages(Box::new(from_messages::Stream::new(tells_usage, now)))
            }
        })
    }
}

impl Stream {
    /// Puts one event of the upstream's into the caller's words.
    pub(crate) fn event(&mut self, event: &Event<'_>, out: &mut Output) {
        match &mut self.0 {
            Way::FromChat(stream) => stream.event(event, out),
            Way::FromMessages(stream) => stream.event(event, out),
        }
    }
}

fn write(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("writing into memory cannot fail")
}
