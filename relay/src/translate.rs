//! Between dialects: what callers ask in Messages, chat completions, Responses or Gemini's words is put to accounts that speak
//! Messages or chat completions. Every way leads through the form of a chat: requests one way, answers the other. What has no
//! equal is refused by its name. Pure; bytes in, bytes out. A further dialect is a folder like `responses/` and a row here.

mod chat;
mod effort;
mod family;
mod finish;
mod from_chat;
mod from_messages;
mod gemini;
mod hints;
mod members;
mod output;
mod refusal;
mod responses;
mod spent;
mod stream;
#[cfg(test)]
mod tests;
mod to_chat;
mod to_messages;
mod tools;

use serde_json::Value;

pub(crate) use self::{members::Unfit, output::Output, stream::Stream, tools::Tools};

use self::{members::Members, refusal::Refusal};
use crate::time::UnixMillis;

/// Which way a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Translation {
    pub(crate) asked: Asked,
    pub(crate) served: Served,
}

/// What the caller speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Messages,
    Chat,
    Responses,
    /// Gemini's, where streams are events.
    Gemini,
    /// Gemini's, where streams are one array.
    GeminiArray,
}

/// What the account speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Served {
    Chat,
    Messages,
}

/// What a translated request depends on beside its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asking {
    /// By the account's name for it.
    pub(crate) model: String,
    pub(crate) usage: AsksUsage,
    pub(crate) comes: Comes,
}

/// How the answer is to come, where the body does not say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comes {
    Whole,
    AsStream,
}

/// Whether a stream is to tell what it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AsksUsage {
    Yes,
    No,
}

/// A request in other words.
#[derive(Debug, Clone)]
pub(crate) struct Put {
    pub(crate) body: Vec<u8>,
    /// By what the caller knows again what is called.
    pub(crate) tools: Tools,
}

/// What the words of an answer depend on.
#[derive(Debug, Clone)]
pub(crate) struct Telling {
    pub(crate) tells_usage: TellsUsage,
    pub(crate) tools: Tools,
    pub(crate) now: UnixMillis,
}

/// Whether the caller wants to hear what a stream used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TellsUsage {
    Yes,
    No,
}

/// An answer that is not one of its API. The upstream's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the provider's answer could not be read")]
pub(crate) struct Garbled;

impl Served {
    /// Where the account's API takes what is translated.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Messages => "/v1/messages",
        }
    }

    /// Whether a model could be one of the account's own. One that is called as others' are needs to be given another name.
    pub(crate) fn may_keep(self, model: &str) -> bool {
        let is_others = match self {
            Self::Chat => family::is_claude(model),
            Self::Messages => family::is_openai(model),
        };
        !is_others && !family::is_gemini(model)
    }
}

impl Translation {
    pub(crate) fn request(self, body: &[u8], asking: &Asking) -> Result<Put, Unfit> {
        let asked = Members::read(body)?;
        let mut tools = Tools::default();
        let chat = match self.asked {
            Asked::Messages => to_chat::request(asked, asking)?,
            Asked::Chat => asked.into_value(),
            Asked::Responses => responses::request(asked, asking, &mut tools)?,
            Asked::Gemini | Asked::GeminiArray => gemini::request(asked, asking)?,
        };
        let request = match self.served {
            Served::Chat => chat,
            Served::Messages => Members::of(chat)
                .and_then(|chat| to_messages::request(chat, &asking.model))
                .map_err(|unfit| unfit.called(self.asked.names()))?,
        };
        let body = write(&request);
        Ok(Put { body, tools })
    }

    /// An answer in one piece.
    pub(crate) fn answer(self, body: &[u8], telling: &Telling) -> Result<Vec<u8>, Garbled> {
        let completion = match self.served {
            Served::Chat => serde_json::from_slice(body).map_err(|_| Garbled)?,
            Served::Messages => from_messages::whole(body, telling.now)?,
        };
        Ok(write(&match self.asked {
            Asked::Messages => from_chat::whole(&completion)?,
            Asked::Chat => completion,
            Asked::Responses => responses::whole(&completion, telling)?,
            Asked::Gemini | Asked::GeminiArray => gemini::whole(&completion)?,
        }))
    }

    /// The body of an error answer.
    pub(crate) fn refusal(self, status: u16, body: &[u8]) -> Vec<u8> {
        let refusal = Refusal::of_answer(status, body);
        write(&match self.asked {
            Asked::Messages => refusal.to_messages(),
            Asked::Chat | Asked::Responses => refusal.to_chat(),
            Asked::Gemini | Asked::GeminiArray => refusal.to_gemini(),
        })
    }

    pub(crate) fn stream(self, telling: Telling) -> Stream {
        Stream::new(self, telling)
    }
}

impl Asked {
    /// What a chat and this dialect call the same setting, where those differ.
    fn names(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Messages | Self::Chat => &[],
            Self::Responses => responses::NAMES,
            Self::Gemini | Self::GeminiArray => gemini::NAMES,
        }
    }
}

fn write(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("writing into memory cannot fail")
}
