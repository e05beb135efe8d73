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
use super::pause::Pause;
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
    pause: Option<Pause>,
    /// When the last piece was due.
    played: Duration,
    /// What was due when the schedule began: at first, and after the pause.
    from: Duration,
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
            pause: None,
            played: Duration::ZERO,
            from: Duration::ZERO,
            started: None,
            sleep: None,
            flight,
            reset,
        };
        body.land_if_played();
        body
    }

    /// It falls silent as planned until `pause` is over.
    pub(super) fn paused_by(mut self, pause: Pause) -> Self {
        self.pause = self.plan.pause.is_some().then_some(pause);
        self
    }

    /// Who was told to go on before the pause does not notice it; after it the schedule starts anew.
    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(pause) = &mut self.pause else {
            return Poll::Ready(());
        };
        if self.plan.pause != Some(self.at) {
            return Poll::Ready(());
        }
        if Pin::new(pause).poll(cx).is_pending() {
            self.from = self.played;
            self.started = None;
            return Poll::Pending;
        }
        self.pause = None;
        Poll::Ready(())
    }

    fn poll_due(&mut self, due: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let due = due.saturating_sub(self.from);
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
        self.played = piece.due;
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
        ready!(body.poll_pause(cx));
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

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::super::behaviour::Behaviour;
    use super::super::pause::Resumption;
    use super::super::script::Script;
    use super::*;

    /// Five events, all but the first one step of the pace after the one before.
    fn body(pairs: &str) -> Playback {
        let mut script = Script::default();
        script.event(|bytes| bytes.extend(b"1"));
        for event in *b"2345" {
            script.paced_event(|bytes| bytes.push(event));
        }
        let plan = script.plan(&Behaviour::default().with_pairs(pairs).unwrap());
        Playback::new(plan, Framing::Chunked, None, ResetFlag::default())
    }

    /// So many events, and after how long each of them came.
    async fn hear(body: &mut Playback, since: Instant, events: usize) -> Vec<(String, u64)> {
        let mut heard = Vec::new();
        while heard.len() < events {
            let frame = body.frame().await.expect("there is more").unwrap();
            let text = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
            // The clock of paused time has whole milliseconds.
            heard.push((text, since.elapsed().as_millis() as u64 / 100 * 100));
        }
        heard
    }

    fn times<const N: usize>(heard: [(&str, u64); N]) -> Vec<(String, u64)> {
        heard.map(|(text, ms)| (text.to_owned(), ms)).to_vec()
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_pause_the_schedule_starts_anew() {
        let (resumption, began) = (Resumption::default(), Instant::now());
        let mut body = body("delay_ms=100,pause_after=3").paused_by(resumption.pause());
        let before = hear(&mut body, began, 3).await;
        assert_eq!(before, times([("1", 0), ("2", 100), ("3", 200)]));
        let hour = Duration::from_secs(3600);
        let silent = tokio::time::timeout(hour, body.frame()).await;
        assert!(silent.is_err(), "{silent:?}");
        resumption.resume();
        let after = hear(&mut body, Instant::now(), 2).await;
        assert_eq!(after, times([("4", 100), ("5", 200)]));
        assert!(body.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_told_to_go_on_before_the_pause_does_not_notice_it() {
        for pause_after in [0, 2] {
            let (resumption, began) = (Resumption::default(), Instant::now());
            let pairs = format!("delay_ms=100,pause_after={pause_after}");
            let mut body = body(&pairs).paused_by(resumption.pause());
            resumption.resume();
            let heard = hear(&mut body, began, 4).await;
            assert_eq!(heard, times([("1", 0), ("2", 100), ("3", 200), ("4", 300)]));
        }
    }
}
