//! What a request that is followed leaves behind: whose trace it belongs to, and when each account had it. Requests that are
//! not followed have none of this. <https://www.w3.org/TR/trace-context>

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{SpanId, TraceId};
use tokio::time::Instant;

use crate::{cooldown::Cause, ids::random, provider::Provider, settle::Waited};

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A request's place in its trace.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(super) trace: TraceId,
    /// Of the caller.
    pub(super) parent: Option<SpanId>,
    pub(super) span: SpanId,
    pub(super) came: Instant,
    /// Its record tells of it; else its refusal does.
    is_recorded: AtomicBool,
    /// Accounts are told of it too.
    propagates: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Trail {
    pub(super) origin: Arc<Origin>,
    pub(super) attempts: Vec<Attempt>,
}

/// What one account had to do with it.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(super) span: SpanId,
    pub(super) account: Box<str>,
    pub(super) provider: Provider,
    pub(super) has_turn: bool,
    pub(super) waited: Waited,
    /// When it had all that it needed.
    pub(super) granted: Instant,
    /// When headers came, and with which status.
    pub(super) headers: Option<(Instant, u16)>,
    pub(super) failed: Option<(Instant, Cause)>,
}

impl Origin {
    /// Continues the caller's trace where there is one.
    pub(super) fn of(headers: &HeaderMap, propagates: bool) -> Self {
        let continued = headers.get(TRACEPARENT).and_then(read);
        let (trace, parent) = continued.unzip();
        Self {
            trace: trace.unwrap_or_else(|| TraceId::from_bytes(random())),
            parent,
            span: new_span(),
            came: Instant::now(),
            is_recorded: AtomicBool::new(false),
            propagates,
        }
    }

    /// Whether it is one of this part of all traces: the same in all that follow them so.
    pub(super) fn is_within(&self, ratio: f64) -> bool {
        let bytes = self.trace.to_bytes();
        let (_, low) = bytes.split_at(8);
        let drawn = low
            .iter()
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
            >> 1;
        (drawn as f64) < ratio * (1_u64 << 63) as f64
    }

    pub(super) fn is_recorded(&self) -> bool {
        self.is_recorded.load(Relaxed)
    }
}

impl Trail {
    pub(crate) fn new(origin: &Arc<Origin>) -> Self {
        origin.is_recorded.store(true, Relaxed);
        Self {
            origin: Arc::clone(origin),
            attempts: Vec::with_capacity(1),
        }
    }

    pub(crate) fn goes_to(
        &mut self,
        (account, provider): (&str, Provider),
        has_turn: bool,
        waited: Waited,
    ) {
        self.attempts.push(Attempt {
            span: new_span(),
            account: account.into(),
            provider,
            has_turn,
            waited,
            granted: Instant::now(),
            headers: None,
            failed: None,
        });
    }

    pub(crate) fn headers_came(&mut self, status: u16) {
        if let Some(last) = self.attempts.last_mut() {
            last.headers = Some((Instant::now(), status));
        }
    }

    pub(crate) fn failed(&mut self, cause: Cause) {
        if let Some(last) = self.attempts.last_mut() {
            last.failed = Some((Instant::now(), cause));
        }
    }

    /// What the account is told of it, if anything.
    pub(crate) fn told_upstream(&self) -> Option<HeaderValue> {
        let attempt = self.attempts.last().filter(|_| self.origin.propagates)?;
        let text = format!("00-{}-{}-01", self.origin.trace, attempt.span);
        HeaderValue::try_from(text).ok()
    }
}

impl Attempt {
    /// When it was begun to be waited for.
    pub(super) fn begun(&self) -> Instant {
        let waited = self.waited.queued + self.waited.turn;
        self.granted.checked_sub(waited).unwrap_or(self.granted)
    }

    pub(super) fn queued_until(&self) -> Instant {
        self.begun() + self.waited.queued
    }

    /// When the account had begun to answer, or not to.
    pub(super) fn ended(&self) -> Option<Instant> {
        let failed = self.failed.map(|(at, _)| at);
        failed.or(self.headers.map(|(at, _)| at))
    }
}

/// `00-<trace>-<parent>-<flags>`; later versions may say more behind it.
fn read(value: &HeaderValue) -> Option<(TraceId, SpanId)> {
    let mut parts = value.to_str().ok()?.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let (parent, flags) = (parts.next()?, parts.next()?);
    let is_hex = |text: &str, length: usize| {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.len() == length && text.bytes().all(digit)
    };
    let fits = is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    let is_whole = version != "00" || parts.next().is_none();
    if !fits || !is_whole || version == "ff" {
        return None;
    }
    let trace = TraceId::from_hex(trace).ok()?;
    let parent = SpanId::from_hex(parent).ok()?;
    (trace != TraceId::INVALID && parent != SpanId::INVALID).then_some((trace, parent))
}

pub(super) fn new_span() -> SpanId {
    SpanId::from_bytes(random())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn origin(traceparent: &'static str) -> Origin {
        let value = HeaderValue::from_static(traceparent);
        Origin::of(&HeaderMap::from_iter([(TRACEPARENT, value)]), true)
    }

    #[test]
    fn a_callers_trace_goes_on_and_what_is_none_begins_a_new_one() {
        for whole in [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            let continued = origin(whole);
            assert_eq!(continued.trace.to_string(), TRACE);
            let parent = continued.parent.map(|span| span.to_string());
            assert_eq!(parent.as_deref(), Some("00f067aa0ba902b7"));
        }
        for broken in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        ] {
            let begun = origin(broken);
            assert!(begun.parent.is_none(), "{broken}");
            assert_ne!(begun.trace.to_string(), TRACE, "{broken}");
        }
    }

    #[test]
    fn a_ratio_takes_that_part_of_all_traces() {
        let origins: Vec<_> = (0..2_000).map(|_| origin("")).collect();
        let within = |ratio| origins.iter().filter(|one| one.is_within(ratio)).count();
        assert_eq!((within(0.0), within(1.0)), (0, 2_000));
        assert!((300..700).contains(&within(0.25)), "{}", within(0.25));
    }

    #[test]
    fn an_account_is_told_only_where_that_was_said() {
        let waited = Waited {
            queued: Duration::from_millis(3),
            turn: Duration::from_millis(2),
        };
        for propagates in [false, true] {
            let origin = Arc::new(Origin::of(&HeaderMap::new(), propagates));
            let mut trail = Trail::new(&origin);
            assert!(trail.told_upstream().is_none());
            trail.goes_to(("a", Provider::OpenAi), false, waited);
            assert_eq!(trail.told_upstream().is_some(), propagates);
            assert!(origin.is_recorded());
        }
    }
}
