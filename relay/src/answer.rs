//! The answer that a caller gets: the relay's own, an upstream's on its way, or a stream that was opened before either.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    body::{Body, Frame, SizeHint},
    header::{
        CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName,
        HeaderValue,
    },
};
use serde_json::Value;

use crate::{
    early::Early,
    stream::{Cut, Relayed},
    translated::Translated,
};

const NO_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    Own(Full<Bytes>),
    Relayed(Box<Relayed>),
    Translated(Box<Translated>),
    Early(Box<Early>),
}

/// An upstream's body that is no stream broke off: the caller's connection must break too.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct BrokenOff(pub(crate) Cut);

/// An answer of the relay's own.
pub(crate) fn respond(
    status: StatusCode,
    headers: HeaderMap,
    body: AnswerBody,
) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The same, of JSON.
pub(crate) fn tell(body: &Value) -> Response<AnswerBody> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = Full::new(Bytes::from(body.to_string()));
    respond(StatusCode::OK, headers, AnswerBody::Own(body))
}

pub(crate) fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    kind.get(..17)
        .is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/event-stream"))
}

/// In which way it is compressed, although it was asked not to be.
pub(crate) fn compression(headers: &HeaderMap) -> Option<HeaderValue> {
    let encoding = headers.get(CONTENT_ENCODING);
    encoding.filter(|encoding| *encoding != "identity").cloned()
}

/// An error event may follow the upstream's bytes, so that their number is not known; and nobody on the way may hold
/// events back.
pub(crate) fn no_buffering(headers: &mut HeaderMap) {
    headers.remove(CONTENT_LENGTH);
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-transform"),
    );
    headers.insert(NO_BUFFERING, HeaderValue::from_static("no"));
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let body = self.get_mut();
        loop {
            *body = match body {
                Self::Own(own) => {
                    let frame = ready!(Pin::new(own).poll_frame(context));
                    let impossible = |impossible| match impossible {};
                    return Poll::Ready(frame.map(|frame| frame.map_err(impossible)));
                }
                Self::Relayed(relayed) => return relayed.poll(context),
                Self::Translated(translated) => return translated.poll(context),
                Self::Early(early) => match ready!(early.poll(context)) {
                    Ok(heartbeat) => return Poll::Ready(Some(Ok(Frame::data(heartbeat)))),
                    Err(follows) => follows,
                },
            };
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(own) => own.is_end_stream(),
            Self::Relayed(relayed) => relayed.has_ended(),
            Self::Translated(translated) => translated.has_ended(),
            Self::Early(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(own) => own.size_hint(),
            Self::Relayed(_) | Self::Translated(_) | Self::Early(_) => SizeHint::default(),
        }
    }
}
