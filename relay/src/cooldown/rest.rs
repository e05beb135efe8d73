//! One cooldown: until when, why, and on whose word. Pure.

use std::time::Duration;

use super::Cause;
use crate::time::{UnixMillis, millis};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rest {
    pub(crate) until: UnixMillis,
    pub(crate) cause: Cause,
    pub(crate) basis: Basis,
    /// How many guesses there were in a row.
    pub(crate) times: u32,
    /// Until when another request asks or tries whether it is over.
    pub(crate) tried_until: UnixMillis,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Basis {
    /// The upstream said until when.
    Stated,
    Guessed,
    /// It serves, and says that nothing is left until then.
    Foreseen,
}

impl Rest {
    /// On the upstream's word.
    pub(super) fn known(basis: Basis, cause: Cause, span: Duration, now: UnixMillis) -> Self {
        Self {
            until: after(now, span),
            cause,
            basis,
            times: 0,
            tried_until: UnixMillis(0),
        }
    }

    /// Twice as long each time, up to the cause's longest.
    pub(super) fn guessed(before: Option<&Self>, cause: Cause, now: UnixMillis) -> Self {
        let guess = cause.guess();
        let times = before.map_or(0, |before| before.times).saturating_add(1);
        let doubled = guess.first.saturating_mul(1 << (times - 1).min(16));
        Self {
            times,
            ..Self::known(Basis::Guessed, cause, doubled.min(guess.longest), now)
        }
    }

    /// When the next request may go.
    pub(crate) fn end(&self) -> UnixMillis {
        self.until.max(self.tried_until)
    }

    /// Then the account's gate is closed too.
    pub(crate) fn is_stated(&self) -> bool {
        self.basis == Basis::Stated
    }

    pub(super) fn is_on_trial(&self, now: UnixMillis) -> bool {
        self.basis == Basis::Guessed && self.end() <= now
    }

    /// Whether what another relay has found says more. A time that the upstream has stated is not given up for less.
    pub(super) fn yields_to(&self, other: &Self, now: UnixMillis) -> bool {
        let is_kept = self.basis == Basis::Stated && self.until > now;
        self.until < other.until && (!is_kept || other.basis == Basis::Stated)
    }

    pub(super) fn outlasts(&self, other: &Self) -> bool {
        self.basis == Basis::Stated && self.until > other.until
    }
}

pub(super) fn after(now: UnixMillis, span: Duration) -> UnixMillis {
    UnixMillis(now.0.saturating_add(millis(span)))
}
