//! Plays a plan as a response body: each piece in a write of its own, when it is due, then the ending.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use tokio::time::{Instant, Sleep, sleep_until};

use super::ledger::Flight;
use super::script::{Ending, Piece, Plan};

/// Asks the connection's task to reset it instead of closing it.
pub(super) type ResetFlag = Arc<AtomicBool>;

#[derive(Debug)]
pub(super) struct Playback {
    plan: Plan,
    framing: Framing,
    at: usize,
    event: usize,
    /// The last piece is not written yet: the connection flushes only while we have nothing for it.
    unwritten: bool,
    started: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
    flight: Option<Flight>,
    reset: ResetFlag,
}

/// Whether the length of the body is known before it is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length,
    Chunked,
}

impl Playback {
    /// A body in one piece that no generation stands behind.
    pub(super) fn whole(body: impl Into<Bytes>) -> Self {
        Self::new(
            Plan::whole(body),
            Framing::Length,
            None,
            ResetFlag::default(),
        )
    }

    /// `flight` lands when the last byte is handed out, before anyone can have read it.
    pub(super) fn new(
        plan: Plan,
        framing: Framing,
        flight: Option<Flight>,
        reset: ResetFlag,
    ) -> Self {
        let mut body = Self {
            plan,
            framing,
            at: 0,
            event: 0,
            unwritten: false,
            started: None,
            sleep: None,
            flight,
            reset,
        };
        body.land_if_played();
        body
    }

    fn poll_due(&mut self, due: Duration, cx: &mut Context<'_>) -> Poll<()> {
        if due.is_zero() {
            return Poll::Ready(());
        }
        let started = *self.started.get_or_insert_with(Instant::now);
        let due = started + due;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if sleep.deadline() != due {
            sleep.as_mut().reset(due);
        }
        sleep.as_mut().poll(cx)
    }

    fn poll_ending(&mut self) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.plan.ending == Ending::Stall {
            return Poll::Pending;
        }
        self.land();
        if self.plan.ending == Ending::Clean {
            return Poll::Ready(None);
        }
        self.reset.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err(io::Error::other("reset as asked"))))
    }

    fn hand_out(&mut self, piece: &Piece) -> Frame<Bytes> {
        let bytes = self.plan.bytes.slice(self.at..piece.end);
        self.at = piece.end;
        self.unwritten = true;
        self.land_if_played();
        Frame::data(bytes)
    }

    fn land_if_played(&mut self) {
        if self.is_end_stream() {
            self.land();
        }
    }

    fn land(&mut self) {
        if let Some(flight) = self.flight.take() {
            flight.land();
        }
    }
}

/// An answer in JSON that no generation stands behind.
pub(super) fn json_response(status: StatusCode, value: &impl Serialize) -> Response<Playback> {
    let body = serde_json::to_vec(value).expect("our own forms serialize");
    let mut response = Response::new(Playback::whole(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

impl Body for Playback {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let body = &mut *self;
        if std::mem::take(&mut body.unwritten) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(piece) = body.plan.piece(body.at, &mut body.event) else {
            return body.poll_ending();
        };
        ready!(body.poll_due(piece.due, cx));
        Poll::Ready(Some(Ok(body.hand_out(&piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.plan.ending == Ending::Clean && self.at == self.plan.bytes.len()
    }

    fn size_hint(&self) -> SizeHint {
        let left = (self.plan.bytes.len() - self.at) as u64;
        match self.framing {
            Framing::Length if self.plan.ending == Ending::Clean => SizeHint::with_exact(left),
            Framing::Length | Framing::Chunked => SizeHint::default(),
        }
    }
}
