//! An upstream's answer on its way to a caller who speaks another dialect. A stream is put into the caller's words event by
//! event, as it comes; any other answer when all of it is there, so that its status is true to what came of it.

use std::{
    future::poll_fn,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body_util::Full;
use hyper::{
    HeaderMap, Response,
    body::Frame,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue},
};
use tokio::time::Instant;

use crate::{
    answer::{AnswerBody, BrokenOff, compression, is_event_stream, respond},
    dialect::Dialect,
    error::Error,
    sse::Scanner,
    stream::{Inflated, Relayed},
    translate::{Garbled, Output, Stream, Telling, Translation},
};

/// No answer in one piece is longer.
const LONGEST: usize = 64 << 20;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Under what names the providers tell what they call a request.
const REQUEST_IDS: [HeaderName; 2] = [
    HeaderName::from_static("request-id"),
    HeaderName::from_static("x-request-id"),
];

/// How an answer is to be put.
#[derive(Debug)]
pub(crate) struct Manner {
    pub(crate) translation: Translation,
    /// The caller's.
    pub(crate) dialect: Dialect,
    pub(crate) telling: Telling,
    /// After how long a silence the caller gets a heartbeat.
    pub(crate) silence: Duration,
}

/// A stream in other words.
#[derive(Debug)]
pub(crate) struct Translated {
    relayed: Box<Relayed>,
    inflated: Option<Inflated>,
    scanner: Scanner,
    stream: Stream,
    out: Output,
    dialect: Dialect,
    silence: Duration,
    /// When the caller was last sent something.
    spoke: Instant,
    is_over: bool,
}

pub(crate) async fn translated(
    response: Response<Relayed>,
    manner: Manner,
) -> Result<Response<AnswerBody>, Error> {
    let (head, relayed) = response.into_parts();
    let mut headers = head.headers;
    let packed = compression(&headers);
    let inflated = match packed {
        None => None,
        Some(encoding) => Some(Inflated::of(encoding.as_bytes()).ok_or(Garbled)?),
    };
    for of_bytes in [CONTENT_ENCODING, CONTENT_LENGTH] {
        headers.remove(of_bytes);
    }
    named_for_both(&mut headers);
    if head.status.is_success() && is_event_stream(&headers) {
        // An array is no stream of events.
        if manner.dialect == Dialect::GeminiArray {
            headers.insert(CONTENT_TYPE, JSON);
        }
        let translated = Translated::new(relayed, inflated, manner);
        let body = AnswerBody::Translated(Box::new(translated));
        return Ok(respond(head.status, headers, body));
    }
    let body = whole(relayed, inflated).await?;
    let body = match head.status.is_success() {
        true => manner.translation.answer(&body, &manner.telling)?,
        false => manner.translation.refusal(head.status.as_u16(), &body),
    };
    headers.insert(CONTENT_TYPE, JSON);
    Ok(respond(
        head.status,
        headers,
        AnswerBody::Own(Full::new(body.into())),
    ))
}

/// Clients look for the request's name under that of their own provider.
fn named_for_both(headers: &mut HeaderMap) {
    let name = REQUEST_IDS
        .iter()
        .find_map(|name| headers.get(name))
        .cloned();
    if let Some(name) = name {
        for each in REQUEST_IDS {
            headers.insert(each, name.clone());
        }
    }
}

/// All of an answer.
async fn whole(mut relayed: Relayed, mut inflated: Option<Inflated>) -> Result<Bytes, Error> {
    let mut body = BytesMut::new();
    while let Some(frame) = poll_fn(|context| relayed.poll(context)).await {
        let Ok(piece) = frame.map_err(|BrokenOff(cut)| cut)?.into_data() else {
            continue;
        };
        match &mut inflated {
            None => body.extend_from_slice(&piece),
            Some(packed) => packed
                .unpack(&piece, |part| body.extend_from_slice(part))
                .map_err(|_| Garbled)?,
        }
        if body.len() > LONGEST {
            relayed.abandon();
            return Err(Garbled.into());
        }
    }
    Ok(body.freeze())
}

impl Translated {
    fn new(relayed: Relayed, inflated: Option<Inflated>, manner: Manner) -> Self {
        let Manner {
            translation,
            dialect,
            telling,
            silence,
        } = manner;
        Self {
            relayed: Box::new(relayed),
            inflated,
            scanner: Scanner::default(),
            stream: translation.stream(telling),
            out: Output::default(),
            dialect,
            silence,
            spoke: Instant::now(),
            is_over: false,
        }
    }

    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        while !self.is_over {
            let said = match ready!(self.relayed.poll(context)) {
                None => {
                    self.is_over = true;
                    break;
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => self.put(&piece),
                    Err(_trailers) => continue,
                },
                Some(Err(BrokenOff(cut))) => self.fail(&cut.into()),
            };
            if let Some(said) = said.or_else(|| self.heartbeat()) {
                self.spoke = Instant::now();
                return Poll::Ready(Some(Ok(Frame::data(said))));
            }
        }
        Poll::Ready(None)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.is_over || self.relayed.has_ended()
    }

    /// What a piece says, in the caller's words; none where it says nothing yet.
    fn put(&mut self, piece: &[u8]) -> Option<Bytes> {
        let read = match self.inflated.take() {
            None => {
                self.read(piece);
                Ok(())
            }
            Some(mut inflated) => {
                let read = inflated.unpack(piece, |part| self.read(part));
                self.inflated = Some(inflated);
                read
            }
        };
        if read.is_err() || self.out.is_garbled() {
            self.relayed.abandon();
            return self.fail(&Garbled.into());
        }
        Some(Bytes::from(self.out.take())).filter(|said| !said.is_empty())
    }

    fn read(&mut self, piece: &[u8]) {
        let Self {
            scanner,
            stream,
            out,
            ..
        } = self;
        scanner.push(piece, |_| true, |event| stream.event(event, out));
    }

    /// Ends with an error.
    fn fail(&mut self, error: &Error) -> Option<Bytes> {
        self.is_over = true;
        let told = error.told(self.relayed.id());
        let mut said = self.out.take();
        let event = self.dialect.error_event(&told, self.stream.told());
        said.extend(self.stream.last(&event));
        Some(said.into())
    }

    /// Upstream's pings and comments, and those that stand for them, are heard and not told.
    fn heartbeat(&self) -> Option<Bytes> {
        let is_silent = self.spoke.elapsed() >= self.silence;
        self.dialect.heartbeat().filter(|_| is_silent)
    }
}
