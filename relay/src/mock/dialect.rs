//! The dialects that the simulated upstream speaks. Extending: a variant here, a file beside `anthropic`.

use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Response};

use super::answer::{Answer, Ask};
use super::anthropic;
use super::playback::Playback;
use super::script::Script;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Anthropic,
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
}

impl Dialect {
    /// The credential as it came.
    pub(super) fn credential(self, headers: &HeaderMap) -> Result<HeaderValue, Failure> {
        match self {
            Self::Anthropic => anthropic::credential(headers),
        }
    }

    /// What a generation's body asks for.
    pub(super) fn read_generation(self, head: &Parts, body: &[u8]) -> Result<Ask, Failure> {
        match self {
            Self::Anthropic => anthropic::read_messages(head, body),
        }
    }

    /// Whether a request to count tokens is well formed.
    pub(super) fn check_count(self, head: &Parts, body: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Anthropic => anthropic::check_count(head, body),
        }
    }

    /// The whole answer as one event, for a request that wants no stream.
    pub(super) fn whole(self, answer: &Answer) -> Script {
        match self {
            Self::Anthropic => anthropic::whole(answer),
        }
    }

    /// The answer as the events of a stream.
    pub(super) fn stream(self, answer: &Answer) -> Script {
        match self {
            Self::Anthropic => anthropic::stream(answer),
        }
    }

    /// Appends the event that tells of a failure inside a stream.
    pub(super) fn append_failure(self, script: &mut Script, failure: &Failure) {
        match self {
            Self::Anthropic => anthropic::append_failure(script, failure),
        }
    }

    pub(super) fn token_count(self, tokens: u64) -> Response<Playback> {
        match self {
            Self::Anthropic => anthropic::token_count(tokens),
        }
    }

    pub(super) fn failed(self, failure: &Failure, serial: u64) -> Response<Playback> {
        match self {
            Self::Anthropic => anthropic::failed(failure, serial),
        }
    }

    /// Adds what this provider says in the headers of every answer.
    pub(super) fn sign(self, headers: &mut HeaderMap, serial: u64) {
        match self {
            Self::Anthropic => anthropic::sign(headers, serial),
        }
    }
}
