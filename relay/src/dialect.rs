//! What callers speak: how an error looks, whole or inside a stream, where an answer tells what it used, and what keeps
//! a silent stream alive. A new dialect is a file in `dialect/` and a row in each match here.

mod anthropic;
mod gemini;
mod openai;

use bytes::Bytes;
use serde::Deserialize;

use crate::{
    error::Told,
    json,
    pins::Made,
    provider::Api,
    sse::Event,
    translate::{Asked, Served, Translation},
    usage::{Tier, Usage},
};

/// The form of requests and answers on a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Dialect {
    /// Anthropic's Messages.
    Anthropic,
    /// OpenAI's chat completions, and what of OpenAI's has no streams.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Gemini's, where streams are events.
    Gemini,
    /// Gemini's, where streams are one JSON array.
    GeminiArray,
}

/// Where in its stream an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// More must come.
    Within,
    /// The stream may end here, and more may come.
    MayEnd,
    /// Nothing more comes.
    Last,
}

impl Dialect {
    pub(crate) const ALL: [Self; 5] = [
        Self::Anthropic,
        Self::Chat,
        Self::Responses,
        Self::Gemini,
        Self::GeminiArray,
    ];

    /// The one in which an API's errors are told where nothing else is known.
    pub(crate) fn of(api: Api) -> Self {
        match api {
            Api::Anthropic => Self::Anthropic,
            Api::OpenAi => Self::Chat,
            Api::Gemini => Self::Gemini,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Anthropic => "messages",
            Self::Chat => "chat",
            Self::Responses => "responses",
            Self::Gemini | Self::GeminiArray => "gemini",
        }
    }

    /// The API of whose it is one.
    pub(crate) fn api(self) -> Api {
        match self {
            Self::Anthropic => Api::Anthropic,
            Self::Chat | Self::Responses => Api::OpenAi,
            Self::Gemini | Self::GeminiArray => Api::Gemini,
        }
    }

    /// How it is put into the words of an API whose accounts do not have it; none where nobody can.
    pub(crate) fn translation(self, api: Api) -> Option<Translation> {
        let asked = match self {
            Self::Anthropic => Asked::Messages,
            Self::Chat => Asked::Chat,
            Self::Responses => Asked::Responses,
            Self::Gemini => Asked::Gemini,
            Self::GeminiArray => Asked::GeminiArray,
        };
        let served = match api {
            Api::Anthropic => Served::Messages,
            Api::OpenAi => Served::Chat,
            Api::Gemini => return None,
        };
        Some(Translation { asked, served })
    }

    /// What is spoken where it has been translated so.
    pub(crate) fn translated(self, translation: Option<Translation>) -> Self {
        match translation.map(|translation| translation.served) {
            None => self,
            Some(Served::Chat) => Self::Chat,
            Some(Served::Messages) => Self::Anthropic,
        }
    }

    /// The body of an error answer.
    pub(crate) fn error_body(self, told: &Told) -> Bytes {
        match self {
            Self::Anthropic => anthropic::error_body(told),
            Self::Chat | Self::Responses => openai::error_body(told),
            Self::Gemini | Self::GeminiArray => gemini::error_body(told),
        }
    }

    /// What tells a reader of a stream that it failed, after `seen` events. In an array it is an element.
    pub(crate) fn error_event(self, told: &Told, seen: u64) -> Bytes {
        match self {
            Self::Anthropic => anthropic::error_event(told),
            Self::Chat => openai::chat::error_event(told),
            Self::Responses => openai::responses::error_event(told, seen),
            Self::Gemini => gemini::error_event(told),
            Self::GeminiArray => gemini::error_body(told),
        }
    }

    /// What a silent stream may send between two events, also before the first. None: there is nothing that all readers
    /// pass over. Google's Python SDK takes a comment for a chunk that is no JSON, so Gemini gets empty lines.
    pub(crate) fn heartbeat(self) -> Option<Bytes> {
        let beat: &'static [u8] = match self {
            Self::Anthropic => anthropic::PING,
            Self::Chat | Self::Responses => b": keep-alive\n\n",
            Self::Gemini => b"\n\n",
            Self::GeminiArray => return None,
        };
        Some(Bytes::from_static(beat))
    }

    /// Reads one event of a stream: what it says was used, and where it stands, if it tells.
    pub(crate) fn read_event(self, event: &Event<'_>, usage: &mut Usage) -> Option<Place> {
        match self {
            Self::Anthropic => anthropic::read_event(event, usage),
            Self::Chat => openai::chat::read_event(event, usage),
            Self::Responses => openai::responses::read_event(event, usage),
            Self::Gemini | Self::GeminiArray => gemini::read_chunk(event.data, usage),
        }
    }

    /// Whether the data of events with this name is worth keeping across pieces of the stream.
    pub(crate) fn reads(self, event: &[u8]) -> bool {
        match self {
            Self::Anthropic => anthropic::reads(event),
            Self::Responses => openai::responses::reads(event),
            Self::Chat | Self::Gemini | Self::GeminiArray => true,
        }
    }

    /// Reads what an event of a stream tells of having been made.
    pub(crate) fn made_by_event(self, event: &Event<'_>, made: &mut Made) {
        match self {
            Self::Responses => openai::made::read_event(event, made),
            Self::Anthropic | Self::Chat | Self::Gemini | Self::GeminiArray => {}
        }
    }

    /// The same of an answer that is not a stream, as far as it was kept.
    pub(crate) fn made_by_answer(self, body: &[u8], made: &mut Made) {
        match self {
            Self::Responses => openai::made::read_answer(body, made),
            Self::Anthropic | Self::Chat | Self::Gemini | Self::GeminiArray => {}
        }
    }

    /// Whether an event comes only because the relay asked for it.
    pub(crate) fn is_usage_chunk(self, event: &Event<'_>) -> bool {
        match self {
            Self::Chat => openai::chat::is_usage_chunk(event),
            Self::Anthropic | Self::Responses | Self::Gemini | Self::GeminiArray => false,
        }
    }

    /// Reads a whole answer that is not a stream.
    pub(crate) fn read_answer(self, body: &[u8], usage: &mut Usage) {
        if let Self::Gemini | Self::GeminiArray = self {
            gemini::read_chunk(body, usage);
            return;
        }
        let said = json::members(body, ANSWER).map(|at| at.map(|at| &body[at]));
        let [model, told, tier, status, output] = said;
        match self {
            Self::Anthropic => {
                if let Some(told) = told.and_then(parsed::<anthropic::Spent<'_>>) {
                    told.add_to(usage);
                }
            }
            _ => {
                if let Some(told) = told.and_then(parsed::<openai::Spent>) {
                    usage.update(&told.into());
                }
                let tier = tier.and_then(parsed::<&str>);
                usage.tier = tier.map(Tier::of).or(usage.tier);
            }
        }
        if self == Self::Responses {
            let status = status.and_then(parsed::<&str>);
            usage.is_pending = matches!(status, Some("queued" | "in_progress"));
            usage.web_searches = output.and_then(openai::searched);
        }
        let model = model.and_then(parsed::<String>);
        usage.served_by(model.as_deref());
    }

    /// Whether an event carries a part of what is generated. An answer is charged for what was generated of it, also where
    /// it ends before it has told how much that was.
    pub(crate) fn carries(self, event: &Event<'_>) -> bool {
        match self {
            Self::Anthropic => event.name == b"content_block_delta",
            Self::Responses => event.name.ends_with(b".delta"),
            Self::Chat => openai::chat::carries(event),
            Self::Gemini | Self::GeminiArray => true,
        }
    }

    /// Whether each event of a stream tells all that was used until then.
    pub(crate) fn tells_as_it_goes(self) -> bool {
        match self {
            Self::Gemini | Self::GeminiArray => true,
            Self::Anthropic | Self::Chat | Self::Responses => false,
        }
    }
}

/// What an answer that is not a stream says of itself.
const ANSWER: [&[u8]; 5] = [
    br#""model""#,
    br#""usage""#,
    br#""service_tier""#,
    br#""status""#,
    br#""output""#,
];

fn parsed<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_answer_tells_its_usage() {
        for (dialect, answer) in [
            (
                Dialect::Anthropic,
                r#"{"type":"message","content":[{"usage":{}}],"usage":{"input_tokens":5,"output_tokens":6}}"#,
            ),
            (
                Dialect::Chat,
                r#"{"choices":[{}],"usage":{"prompt_tokens":5,"completion_tokens":6}}"#,
            ),
            (
                Dialect::Responses,
                r#"{"usage":{"input_tokens":5,"output_tokens":6},"output":[]}"#,
            ),
            (
                Dialect::Gemini,
                r#"{"candidates":[],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":6}}"#,
            ),
        ] {
            let mut usage = Usage::default();
            dialect.read_answer(answer.as_bytes(), &mut usage);
            for untold in ["not json", r#"{"usage":null}"#, r#"{"usage":5}"#, "{}", "5"] {
                dialect.read_answer(untold.as_bytes(), &mut usage);
            }
            assert_eq!(
                (usage.input, usage.output),
                (Some(5), Some(6)),
                "{dialect:?}"
            );
        }
    }
}
