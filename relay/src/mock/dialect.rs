//! Whom the simulated upstream plays, and in which dialects a generation is asked for and answered.
//! Extending: a row in each match here, a file beside `anthropic`.

use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Response, StatusCode, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use super::answer::{Answer, Ask};
use super::behaviour::Behaviour;
use super::openai::{chat, embeddings, responses};
use super::playback::{Playback, json_response};
use super::script::Script;
use super::{anthropic, azure, bedrock, gemini, openai};
use crate::time::UnixMillis;

/// Whose API it is: what all its routes have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    Anthropic,
    OpenAi,
    Gemini,
    Azure,
    Bedrock,
}

/// How a generation is asked for and told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Messages,
    Chat,
    Responses,
    Embeddings,
    /// Streams are events.
    Gemini,
    /// Streams are one JSON array.
    GeminiArray,
    GeminiEmbeddings,
    /// Claude's messages in the frames of Bedrock's.
    Invoke(bedrock::Form),
    Converse(bedrock::Form),
}

/// What is said instead of an answer, before any dialect words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: u16,
    pub(super) message: String,
    /// In seconds.
    pub(super) retry_after: Option<u32>,
}

impl Failure {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            retry_after: None,
        }
    }

    /// The answer with this body.
    pub(super) fn answered(&self, body: &impl Serialize) -> Response<Playback> {
        let status = StatusCode::from_u16(self.status)
            .expect("a failure's status is checked where it is asked for");
        let mut response = json_response(status, body);
        if let Some(seconds) = self.retry_after {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

impl Provider {
    /// The credential as it came.
    pub(super) fn credential(self, head: &Parts) -> Result<HeaderValue, Failure> {
        match self {
            Self::Anthropic => anthropic::credential(&head.headers),
            Self::OpenAi => openai::credential(&head.headers),
            Self::Gemini => gemini::credential(&head.headers),
            Self::Azure => azure::credential(&head.headers),
            Self::Bedrock => bedrock::credential(&head.headers),
        }
    }

    /// The address by which its dialects' own provider has the same.
    pub(super) fn plain(self, uri: Uri) -> Uri {
        match self {
            Self::Azure => azure::plain(&uri),
            Self::Anthropic | Self::OpenAi | Self::Gemini | Self::Bedrock => uri,
        }
    }

    /// Whether the credential holds for the whole of a request, where it is a signature.
    pub(super) fn check(
        self,
        head: &Parts,
        body: &[u8],
        behaviour: &Behaviour,
    ) -> Result<(), Failure> {
        match self {
            Self::Bedrock => bedrock::check(head, body, behaviour.clock_ahead_s),
            Self::Anthropic | Self::OpenAi | Self::Gemini | Self::Azure => Ok(()),
        }
    }

    /// What is asked for, as far as the path says it.
    pub(super) fn asked(self, ask: Ask, head: &Parts) -> Ask {
        match self {
            Self::Azure => azure::asked(ask, &head.uri),
            Self::Anthropic | Self::OpenAi | Self::Gemini | Self::Bedrock => ask,
        }
    }

    /// A stream with what comes before its answer.
    pub(super) fn begun(self, stream: Script, dialect: Dialect) -> Script {
        match (self, dialect) {
            (Self::Azure, Dialect::Chat) => azure::begun(stream),
            _ => stream,
        }
    }

    /// Answers how many tokens a request to count them has, if it is well formed.
    pub(super) fn count(
        self,
        head: &Parts,
        body: &[u8],
        tokens: u64,
    ) -> Result<Response<Playback>, Failure> {
        match self {
            Self::Anthropic => anthropic::count(head, body, tokens),
            Self::OpenAi | Self::Azure => Err(Failure::new(404, "Not Found")),
            Self::Bedrock => bedrock::count(body, tokens),
            Self::Gemini => gemini::count(head, body, tokens),
        }
    }

    pub(super) fn models(self, head: &Parts) -> Result<Response<Playback>, Failure> {
        self.credential(head)?;
        match self {
            Self::Anthropic => anthropic::models(&head.uri),
            Self::OpenAi | Self::Azure => openai::models(&self.plain(head.uri.clone())),
            Self::Bedrock => Err(Failure::new(404, "Not Found")),
            Self::Gemini => gemini::models(&head.uri),
        }
    }

    pub(super) fn failed(self, failure: &Failure, serial: u64) -> Response<Playback> {
        match self {
            Self::Anthropic => anthropic::failed(failure, serial),
            Self::OpenAi => failure.answered(&openai::failure(failure)),
            Self::Gemini => failure.answered(&gemini::failure(failure)),
            Self::Azure => failure.answered(&azure::failure(failure)),
            Self::Bedrock => bedrock::failed(failure),
        }
    }

    /// Says how many requests are left for now, where the provider says so.
    pub(super) fn limit(self, headers: &mut HeaderMap, left: u32, window: Duration) {
        let (remaining, reset, at) = match self {
            Self::Anthropic => (
                "anthropic-ratelimit-requests-remaining",
                "anthropic-ratelimit-requests-reset",
                (Timestamp::UNIX_EPOCH + Duration::from_millis(UnixMillis::now().0) + window)
                    .to_string(),
            ),
            Self::OpenAi => (
                "x-ratelimit-remaining-requests",
                "x-ratelimit-reset-requests",
                format!("{}s", window.as_secs()),
            ),
            Self::Azure => (
                "x-ratelimit-remaining-requests",
                "x-ratelimit-reset-requests",
                window.as_secs().to_string(),
            ),
            Self::Gemini | Self::Bedrock => return,
        };
        let at = HeaderValue::try_from(at).expect("a time is ASCII");
        headers.insert(HeaderName::from_static(remaining), HeaderValue::from(left));
        headers.insert(HeaderName::from_static(reset), at);
    }

    /// Adds what this provider says in the headers of every answer.
    pub(super) fn sign(self, headers: &mut HeaderMap, serial: u64) {
        match self {
            Self::Anthropic => anthropic::sign(headers, serial),
            Self::OpenAi => openai::sign(headers, serial),
            Self::Gemini => gemini::sign(headers),
            Self::Azure => azure::sign(headers, serial),
            Self::Bedrock => bedrock::sign(headers, serial),
        }
    }
}

impl Dialect {
    pub(super) fn provider(self) -> Provider {
        match self {
            Self::Messages => Provider::Anthropic,
            Self::Chat | Self::Responses | Self::Embeddings => Provider::OpenAi,
            Self::Gemini | Self::GeminiArray | Self::GeminiEmbeddings => Provider::Gemini,
            Self::Invoke(_) | Self::Converse(_) => Provider::Bedrock,
        }
    }

    /// What a generation's body asks for.
    pub(super) fn read(self, head: &Parts, body: &[u8]) -> Result<Ask, Failure> {
        match self {
            Self::Messages => anthropic::read_messages(head, body),
            Self::Chat => chat::read(body),
            Self::Responses => responses::read(body),
            Self::Embeddings => embeddings::read(body),
            Self::Gemini | Self::GeminiArray => gemini::read(head, body),
            Self::GeminiEmbeddings => gemini::read_embeddings(head, body),
            Self::Invoke(form) => bedrock::invoke::read(form, head, body),
            Self::Converse(form) => bedrock::converse::read(form, head, body),
        }
    }

    /// The whole answer as one event, for a request that wants no stream.
    pub(super) fn whole(self, answer: &Answer) -> Script {
        match self {
            Self::Messages => anthropic::whole(answer),
            Self::Chat => Script::json(&chat::whole(answer)),
            Self::Responses if answer.background => Script::json(&responses::queued(answer)),
            Self::Responses => Script::json(&responses::whole(answer)),
            Self::Embeddings => Script::json(&embeddings::whole(answer)),
            Self::Gemini | Self::GeminiArray => Script::json(&gemini::whole(answer)),
            Self::GeminiEmbeddings => Script::json(&gemini::embeddings(answer)),
            Self::Invoke(_) => anthropic::whole(answer),
            Self::Converse(_) => Script::json(&bedrock::converse::whole(answer)),
        }
    }

    /// The answer as the events of a stream.
    pub(super) fn stream(self, answer: &Answer) -> Script {
        match self {
            Self::Messages => anthropic::stream(answer),
            Self::Chat => chat::stream(answer),
            Self::Responses => responses::stream(answer),
            Self::Gemini => gemini::stream(answer, gemini::Form::Events),
            Self::GeminiArray => gemini::stream(answer, gemini::Form::Array),
            Self::Invoke(_) => bedrock::invoke::stream(answer),
            Self::Converse(_) => bedrock::converse::stream(answer),
            Self::Embeddings | Self::GeminiEmbeddings => self.whole(answer),
        }
    }

    pub(super) fn stream_type(self) -> &'static str {
        match self {
            Self::Messages | Self::Chat | Self::Responses => "text/event-stream; charset=utf-8",
            Self::Gemini => "text/event-stream",
            Self::Invoke(_) | Self::Converse(_) => "application/vnd.amazon.eventstream",
            Self::GeminiArray | Self::Embeddings | Self::GeminiEmbeddings => "application/json",
        }
    }

    /// Appends the event that tells of a failure inside a stream.
    pub(super) fn append_failure(self, script: &mut Script, failure: &Failure) {
        match self {
            Self::Messages => anthropic::append_failure(script, failure),
            Self::Chat => chat::append_failure(script, failure),
            Self::Responses => responses::append_failure(script, failure),
            Self::Gemini => gemini::append_failure(script, gemini::Form::Events, failure),
            Self::GeminiArray => gemini::append_failure(script, gemini::Form::Array, failure),
            Self::Invoke(_) | Self::Converse(_) => bedrock::append_failure(script, failure),
            Self::Embeddings | Self::GeminiEmbeddings => {}
        }
    }
}

/// Reads a request's body; what its dialect does not look at is the caller's business.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    let refused = |error| Failure::new(400, format!("The request body is not valid JSON: {error}"));
    serde_json::from_slice(body).map_err(refused)
}

/// Inserts what is not there yet.
pub(super) fn insert_all(headers: &mut HeaderMap, all: &[(&'static str, &'static str)]) {
    for (name, value) in all {
        let header = headers.entry(HeaderName::from_static(name));
        header.or_insert(HeaderValue::from_static(value));
    }
}
