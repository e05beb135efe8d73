//! What Redis has said of gates, turns and budgets at one moment, as values. Pure.

use std::sync::Arc;

use crate::{cooldown::Rest, time::UnixMillis};

/// Everything that was read for one snapshot.
#[derive(Debug, Default)]
pub(crate) struct Glance {
    /// In the order of the stage.
    pub(crate) accounts: Vec<AccountSeen>,
    /// Of those that were looked at.
    pub(crate) keys: Vec<KeySeen>,
    pub(crate) rests: Vec<(Box<str>, Option<Box<str>>, Rest)>,
    pub(crate) pauses: Vec<(Box<str>, UnixMillis)>,
    pub(crate) relays: Vec<RelaySeen>,
    pub(crate) totals: Totals,
}

#[derive(Debug, Default)]
pub(crate) struct AccountSeen {
    pub(crate) gate: GateSeen,
    pub(crate) turn: Option<TurnSeen>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct GateSeen {
    pub(crate) in_use: u64,
    pub(crate) waiting: u64,
    pub(crate) closed_ms: u64,
    /// As many as are shown.
    pub(crate) holders: Vec<Box<str>>,
    /// The same, in grant order.
    pub(crate) line: Vec<WaiterSeen>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TurnSeen {
    pub(crate) holder: Option<Box<str>>,
    pub(crate) since_stamp_ms: Option<u64>,
    pub(crate) waiting: u64,
    pub(crate) line: Vec<WaiterSeen>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct WaiterSeen {
    pub(crate) member: Box<str>,
    /// Whose it is: the id of a key.
    pub(crate) flow: Option<Box<str>>,
    pub(crate) waited_ms: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KeySeen {
    pub(crate) id: Arc<str>,
    pub(crate) in_use: u64,
    pub(crate) waiting: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RelaySeen {
    pub(crate) process: Box<str>,
    pub(crate) since: UnixMillis,
    pub(crate) version: Box<str>,
    /// Differs where what `weir.toml` declares for all relays does.
    pub(crate) digest: Box<str>,
}

/// What all relays have counted since the day began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) day: u64,
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    pub(crate) tokens: u64,
    pub(crate) cost_micro_usd: u64,
}

/// A request that has ended, as its record tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finished {
    pub(crate) key: Arc<str>,
    pub(crate) at: UnixMillis,
    pub(crate) waited_ms: u64,
    /// How long it had its slot.
    pub(crate) held_ms: u64,
}

impl AccountSeen {
    /// All who wait for it.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &WaiterSeen> {
        let of_turn = self.turn.iter().flat_map(|turn| &turn.line);
        self.gate.line.iter().chain(of_turn)
    }

    pub(crate) fn holders(&self) -> impl Iterator<Item = &str> {
        let of_turn = self.turn.iter().filter_map(|turn| turn.holder.as_deref());
        self.gate
            .holders
            .iter()
            .map(|member| &**member)
            .chain(of_turn)
    }
}

impl KeySeen {
    pub(crate) fn is_busy(&self) -> bool {
        self.in_use > 0 || self.waiting > 0
    }
}
