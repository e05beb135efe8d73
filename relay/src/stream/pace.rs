//! How long an answer may pause and last, and when its silence is worth a heartbeat.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

use crate::config::Timeouts;

/// The times of one answer. One alarm stands for all of them; it is moved only when it rings, not with every piece.
#[derive(Debug)]
pub(super) struct Pace {
    end: Instant,
    idle: Duration,
    silence: Duration,
    /// When the upstream last sent something.
    last: Instant,
    /// When the caller was last sent something, or could not be.
    spoke: Instant,
    alarm: Pin<Box<Sleep>>,
}

/// Why the alarm rang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ring {
    /// The upstream was silent for too long, or took too long as a whole.
    Late,
    Silent,
}

impl Pace {
    pub(super) fn new(timeouts: Timeouts, silence: Duration) -> Self {
        let now = Instant::now();
        let end = now + timeouts.total;
        let first = end.min(now + timeouts.idle).min(now + silence);
        Self {
            end,
            idle: timeouts.idle,
            silence,
            last: now,
            spoke: now,
            alarm: Box::pin(tokio::time::sleep_until(first)),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.end <= Instant::now()
    }

    pub(super) fn beat(&mut self) {
        self.last = Instant::now();
        self.spoke = self.last;
    }

    /// Silence rings once per span of it.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ring> {
        loop {
            ready!(self.alarm.as_mut().poll(context));
            let now = Instant::now();
            let late = self.end.min(self.last + self.idle);
            let silent = self.spoke + self.silence;
            if late <= now {
                return Poll::Ready(Ring::Late);
            }
            if silent <= now {
                self.spoke = now;
                return Poll::Ready(Ring::Silent);
            }
            self.alarm.as_mut().reset(late.min(silent));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_rings_once_per_span_and_lateness_ends_it() {
        let seconds = Duration::from_secs;
        let timeouts = Timeouts {
            idle: seconds(40),
            total: seconds(60),
            ..Timeouts::default()
        };
        let began = Instant::now();
        let mut pace = Pace::new(timeouts, seconds(15));
        let mut heard = Vec::new();
        while heard.len() < 4 {
            let ring = poll_fn(|context| pace.poll(context)).await;
            heard.push((began.elapsed().as_secs(), ring));
            if heard.len() == 1 {
                pace.beat();
            }
        }
        let silent = |at| (at, Ring::Silent);
        assert_eq!(
            heard,
            [silent(15), silent(30), silent(45), (55, Ring::Late)]
        );
    }
}
