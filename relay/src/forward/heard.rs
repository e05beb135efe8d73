//! The beginning of an answer, heard before anything of it goes to the caller: as long as nothing has, another account may
//! serve instead. Of a stream that is its first event, of a refusal all of it; any other answer is not looked into.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::{
    Response,
    body::Body as _,
    header::{HeaderMap, HeaderName, HeaderValue},
    http::response::Parts,
};
use tokio::time::timeout;

use super::source::{Source, SourceError};
use crate::{
    answer::{compression, is_event_stream},
    cooldown::{Cause, Told, stated, used_up},
    dialect::Dialect,
    json_array, sse,
    time::UnixMillis,
};

/// A refusal is seldom longer; of a longer one the rest is not looked into.
const LISTENED: usize = 64 << 10;
const REFUSAL_WITHIN: Duration = Duration::from_secs(5);

/// An answer, and as much of its body as has come.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) head: Parts,
    pub(crate) beginning: Bytes,
    pub(crate) rest: Source,
}

/// What speaks against the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) cause: Cause,
    /// How long it wants to be left alone.
    pub(crate) stated: Option<Duration>,
}

/// What finds the first event of a stream.
enum Listener {
    Events(sse::Scanner),
    Array(json_array::Scanner),
}

pub(super) async fn hear(
    answer: Response<Source>,
    dialect: Dialect,
    idle: Duration,
) -> (Heard, Option<Fault>) {
    let (head, rest) = answer.into_parts();
    let mut heard = Heard {
        head,
        beginning: Bytes::new(),
        rest,
    };
    let fault = match heard.head.status.is_success() {
        false => heard.hear_refusal().await,
        true => match Listener::of(&heard.head.headers, dialect) {
            Some(listener) => heard.hear_first_event(listener, idle).await,
            None => None,
        },
    };
    (heard, fault)
}

impl Listener {
    /// None where the answer is no stream, or cannot be read.
    fn of(headers: &HeaderMap, dialect: Dialect) -> Option<Self> {
        if compression(headers).is_some() {
            None
        } else if is_event_stream(headers) {
            Some(Self::Events(sse::Scanner::default()))
        } else {
            let is_array = dialect == Dialect::GeminiArray;
            is_array.then(|| Self::Array(json_array::Scanner::default()))
        }
    }

    /// What the first event says, once it has come: of itself, if it is an error.
    fn first(&mut self, piece: &[u8]) -> Option<Option<Told>> {
        let mut first = None;
        match self {
            Self::Events(scanner) => scanner.push(
                piece,
                |_| true,
                |event| {
                    first.get_or_insert_with(|| Told::of_event(event.name, event.data));
                },
            ),
            Self::Array(scanner) => scanner.push(piece, |element| {
                first.get_or_insert_with(|| Told::of_event(b"", element));
            }),
        }
        first
    }
}

impl Heard {
    pub(crate) fn is_success(&self) -> bool {
        self.head.status.is_success()
    }

    /// How long the account has nothing left, where it says so.
    pub(crate) fn used_up(&self, now: UnixMillis) -> Option<Duration> {
        used_up(|name| text(&self.head.headers, name), now)
    }

    async fn hear_refusal(&mut self) -> Option<Fault> {
        let all = async { while let Ok(true) = self.next().await {} };
        // What has come by then is judged.
        drop(timeout(REFUSAL_WITHIN, all).await);
        let told = Told::read(&self.beginning);
        self.fault(Cause::of_answer(self.head.status.as_u16(), &told), &told)
    }

    async fn hear_first_event(&mut self, mut listener: Listener, idle: Duration) -> Option<Fault> {
        loop {
            let known = self.beginning.len();
            let cause = match timeout(idle, self.next()).await {
                Err(_) => Cause::Late,
                Ok(Err(_)) => Cause::Unreachable,
                // An answer without a single event is none.
                Ok(Ok(false)) if self.rest.is_end_stream() => Cause::Fault,
                Ok(Ok(false)) => return None,
                Ok(Ok(true)) => match listener.first(&self.beginning[known..]) {
                    None => continue,
                    Some(None) => return None,
                    Some(Some(told)) => return self.fault(Cause::of_words(&told), &told),
                },
            };
            return self.fault(cause, &Told::default());
        }
    }

    /// Hears one more piece; false at the end, and where enough was heard.
    async fn next(&mut self) -> Result<bool, SourceError> {
        if self.beginning.len() >= LISTENED {
            return Ok(false);
        }
        while let Some(frame) = self.rest.frame().await {
            let Ok(piece) = frame?.into_data() else {
                continue;
            };
            self.beginning = match self.beginning.is_empty() {
                true => piece,
                false => {
                    let mut more = BytesMut::from(std::mem::take(&mut self.beginning));
                    more.extend_from_slice(&piece);
                    more.freeze()
                }
            };
            return Ok(true);
        }
        Ok(false)
    }

    fn fault(&self, cause: Cause, told: &Told) -> Option<Fault> {
        let header = |name: &HeaderName| text(&self.head.headers, name);
        let stated = stated(header, UnixMillis::now()).or(told.retry);
        (cause != Cause::Caller).then_some(Fault { cause, stated })
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).map(HeaderValue::to_str)?.ok()
}
