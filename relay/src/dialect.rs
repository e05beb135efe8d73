//! What callers speak: how an error looks, whole or inside a stream, and where an answer tells what it used.
//! A new dialect is a file in `dialect/` and a row in each match here.

pub(crate) mod anthropic;

use bytes::Bytes;
use hyper::StatusCode;

use crate::{ids::RequestId, sse::Event, usage::Usage};

/// The form of requests and answers on a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Anthropic,
}

/// Whether an event ends its stream well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Within,
    Last,
}

impl Dialect {
    /// The body of an error answer. `code` is our own word for it.
    pub(crate) fn error_body(
        self,
        status: StatusCode,
        code: &str,
        message: &str,
        request: RequestId,
    ) -> Bytes {
        match self {
            Self::Anthropic => anthropic::error_body(status, code, message, request),
        }
    }

    /// The event that tells a reader of a stream that it was cut short.
    pub(crate) fn error_event(self, message: &str) -> Bytes {
        match self {
            Self::Anthropic => anthropic::error_event(message),
        }
    }

    /// Reads one event of a stream: what it says was used, and whether it is the last.
    pub(crate) fn read_event(self, event: &Event<'_>, usage: &mut Usage) -> Place {
        match self {
            Self::Anthropic => anthropic::read_event(event, usage),
        }
    }

    /// Whether the data of events with this name is worth keeping across pieces of the stream.
    pub(crate) fn reads(self, event: &[u8]) -> bool {
        match self {
            Self::Anthropic => anthropic::reads(event),
        }
    }

    /// Reads a whole answer that is not a stream.
    pub(crate) fn read_answer(self, body: &[u8], usage: &mut Usage) {
        match self {
            Self::Anthropic => anthropic::read_answer(body, usage),
        }
    }
}
