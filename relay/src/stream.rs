//! The sixth step: the answer goes to the caller as it comes, byte for byte, no faster than the caller reads. What it
//! says of itself is read beside it. An upstream that stops in the middle is never taken for one that has finished.

mod pace;
mod tap;

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::{
    HeaderMap, Response,
    body::{Body as _, Frame},
};

pub(crate) use tap::{Inflated, UsageChunk};

use pace::{Pace, Ring};
use tap::{Ending, Tap};

use crate::{
    answer::{BrokenOff, compression, is_event_stream, no_buffering},
    config::Waits,
    dialect::Dialect,
    error::Error,
    forward::{Heard, Source, Upstream},
    ids::RequestId,
    keeper::Keeper,
    permit::Permit,
    settle::Outcome,
    take_back::TakeBack,
};

/// An upstream's body on its way to the caller. What the request holds ends with it.
#[derive(Debug)]
pub(crate) struct Relayed {
    /// What was heard before anything was sent; goes first.
    beginning: Bytes,
    /// None once it has ended; dropping it before aborts the upstream.
    upstream: Option<Source>,
    /// What is still to be sent after the upstream's last byte.
    farewell: Option<Result<Bytes, BrokenOff>>,
    tap: Tap,
    pace: Pace,
    /// What keeps the caller while the upstream is silent.
    heartbeat: Option<Bytes>,
    cuts: Cuts,
    keeper: Option<Keeper>,
    take_back: TakeBack,
    permit: Permit,
}

/// Why a stream ends with an error. The upstream's fault, or an operator's decision.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(crate) enum Cut {
    #[error("the provider's answer broke off before its end")]
    BrokeOff,
    #[error("the provider fell silent or took too long in the middle of its answer")]
    Late,
    #[error("an operator of this relay took back what this request held")]
    TakenBack,
}

/// Why nothing more comes from upstream.
#[derive(Debug, Clone, Copy)]
enum Stop {
    End,
    Broken,
    Late,
    TakenBack,
}

/// Who tells the caller that an answer was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cuts {
    AreTold,
    /// Who puts it into other words tells it too.
    AreLeft,
}

/// How an answer is to reach the caller.
#[derive(Debug)]
pub(crate) struct Manner {
    pub(crate) dialect: Dialect,
    pub(crate) usage_chunk: UsageChunk,
    pub(crate) cuts: Cuts,
    pub(crate) waits: Waits,
    pub(crate) take_back: TakeBack,
    /// Who keeps what it makes, if anybody.
    pub(crate) keeper: Option<Keeper>,
}

pub(crate) fn stream(
    heard: Heard,
    upstream: &Upstream,
    mut permit: Permit,
    manner: Manner,
) -> Response<Relayed> {
    let Manner {
        dialect,
        usage_chunk,
        cuts,
        waits,
        take_back,
        keeper,
    } = manner;
    let Heard {
        head,
        beginning,
        rest,
    } = heard;
    let mut headers = upstream.account.provider.response_headers(head.headers);
    let tap = match head.status.is_success() {
        true => tap(&mut headers, dialect, usage_chunk),
        false => {
            permit.note(|record| record.outcome = Outcome::UpstreamRefused);
            Tap::refusal(dialect)
        }
    };
    let is_empty = beginning.is_empty() && rest.is_end_stream();
    let mut relayed = Relayed {
        beginning,
        upstream: Some(rest),
        farewell: None,
        tap: tap.noting(keeper.as_ref().map(Keeper::made)),
        pace: Pace::new(upstream.account.timeouts, waits.silence),
        heartbeat: dialect.heartbeat(),
        cuts,
        keeper,
        take_back,
        permit,
    };
    if is_empty {
        relayed.end();
    }
    let mut response = Response::new(relayed);
    *response.status_mut() = head.status;
    *response.headers_mut() = headers;
    response
}

/// Reads the answer in its form.
fn tap(headers: &mut HeaderMap, dialect: Dialect, usage_chunk: UsageChunk) -> Tap {
    let compression = compression(headers);
    let usage_chunk = match compression {
        None => usage_chunk,
        // Nothing can be taken out of it.
        Some(_) => UsageChunk::Passes,
    };
    let tap = if is_event_stream(headers) {
        no_buffering(headers);
        Tap::events(dialect, usage_chunk)
    } else if dialect == Dialect::GeminiArray {
        no_buffering(headers);
        Tap::array(dialect)
    } else {
        Tap::whole(dialect)
    };
    match compression {
        None => tap,
        Some(encoding) => tap.compressed(encoding.as_bytes()),
    }
}

impl Relayed {
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if !self.beginning.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(self.begin()))));
        }
        let Some(upstream) = &mut self.upstream else {
            let farewell = self.farewell.take();
            return Poll::Ready(farewell.map(|last| last.map(Frame::data)));
        };
        if self.take_back.is_said(context) {
            let last = self.stop(Stop::TakenBack);
            return Poll::Ready(last.map(|last| last.map(Frame::data)));
        }
        let stop = match Pin::new(&mut *upstream).poll_frame(context) {
            // An upstream that always has more never lets the alarm ring.
            Poll::Ready(Some(Ok(_))) if self.pace.is_over() => Stop::Late,
            Poll::Ready(Some(Ok(frame))) => {
                let whole = upstream.is_end_stream();
                self.pace.beat();
                let passed = frame.map_data(|piece| self.pass(piece));
                if whole {
                    self.end();
                }
                return Poll::Ready(Some(Ok(passed)));
            }
            Poll::Ready(None) => Stop::End,
            Poll::Ready(Some(Err(error))) => {
                tracing::debug!(request = %self.permit.id(), %error, "the upstream's answer broke off");
                Stop::Broken
            }
            Poll::Pending => match ready!(self.pace.poll(context)) {
                Ring::Late => Stop::Late,
                Ring::Silent => match &self.heartbeat {
                    Some(heartbeat) if self.tap.at_boundary() => {
                        return Poll::Ready(Some(Ok(Frame::data(heartbeat.clone()))));
                    }
                    // This ring is over: the next one is asked for.
                    _ => return self.poll(context),
                },
            },
        };
        Poll::Ready(self.stop(stop).map(|last| last.map(Frame::data)))
    }

    /// What was heard already. It may be all that comes.
    fn begin(&mut self) -> Bytes {
        let beginning = std::mem::take(&mut self.beginning);
        let passed = self.pass(beginning);
        if self.upstream.as_ref().is_some_and(Source::is_end_stream) {
            self.end();
        }
        passed
    }

    fn pass(&mut self, piece: Bytes) -> Bytes {
        let passed = self.tap.pass(piece);
        self.keep_made();
        passed
    }

    /// Before the caller knows of it.
    fn keep_made(&mut self) {
        let Some(keeper) = &self.keeper else {
            return;
        };
        let made = self.tap.made();
        if !made.is_empty() {
            let kept = keeper.keep(made);
            self.permit.note(|record| record.kept.push(kept));
        }
    }

    /// What comes makes no sense: nothing more is taken.
    pub(crate) fn abandon(&mut self) {
        self.upstream = None;
        let (usage, _) = self.tap.end();
        self.permit.note(|record| {
            record.usage = usage;
            record.outcome = Outcome::UpstreamCut;
        });
    }

    pub(crate) fn id(&self) -> RequestId {
        self.permit.id()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.beginning.is_empty() && self.upstream.is_none() && self.farewell.is_none()
    }

    /// Said as soon as the upstream's last byte is there: the caller's side may never ask for more.
    fn end(&mut self) {
        self.farewell = self.stop(Stop::End);
    }

    /// Closes the upstream's side and tells what is left to say to the caller.
    fn stop(&mut self, stop: Stop) -> Option<Result<Bytes, BrokenOff>> {
        self.upstream = None;
        let (usage, ending) = self.tap.end();
        self.keep_made();
        let outcome = match (ending, stop) {
            (Ending::Refusal, Stop::End) => Outcome::UpstreamRefused,
            (Ending::Complete, _) | (Ending::Open | Ending::Unmarked, Stop::End) => Outcome::Done,
            (_, Stop::TakenBack) => Outcome::TakenBack,
            (_, Stop::Late) => Outcome::UpstreamTimeout,
            (_, Stop::End | Stop::Broken) => Outcome::UpstreamCut,
        };
        self.permit.note(|record| {
            record.used(usage);
            record.outcome = outcome;
        });
        match outcome {
            Outcome::Done => Some(self.tap.rest())
                .filter(|rest| !rest.is_empty())
                .map(Ok),
            Outcome::UpstreamRefused => None,
            _ => Some(self.cut(stop)),
        }
    }

    /// What tells the caller that the upstream stopped in the middle.
    fn cut(&self, stop: Stop) -> Result<Bytes, BrokenOff> {
        let cut = match stop {
            Stop::End | Stop::Broken => Cut::BrokeOff,
            Stop::Late => Cut::Late,
            Stop::TakenBack => Cut::TakenBack,
        };
        let told = || {
            let told = Error::from(cut).told(self.permit.id());
            self.tap.error_event(&told)
        };
        match self.cuts {
            Cuts::AreTold => told().ok_or(BrokenOff(cut)),
            Cuts::AreLeft => Err(BrokenOff(cut)),
        }
    }
}

impl Drop for Relayed {
    /// The caller left before the end of the body: what the answer said so far holds all the same.
    fn drop(&mut self) {
        if self.upstream.is_some() {
            let (usage, ending) = self.tap.end();
            self.keep_made();
            self.permit.note(|record| {
                record.used(usage);
                record.outcome = match ending {
                    Ending::Complete => Outcome::Done,
                    Ending::Refusal => Outcome::UpstreamRefused,
                    Ending::Open | Ending::Cut | Ending::Unmarked => Outcome::CallerGone,
                };
            });
        }
    }
}
