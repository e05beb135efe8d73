//! The rules of a budget: who may reserve how much, and what a settlement books. Pure.

#[cfg(test)]
mod twin;

use super::record::{Record, Reservation};
use super::sums::Sums;
use crate::integer;
use crate::lifetime::end_of_key;
use crate::time::UnixMillis;

/// What was spent, and what is reserved as of now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    /// Negative when somebody has credited more than was spent.
    pub(super) spent: i64,
    pub(super) reserved: Sums,
}

/// What somebody wants to reserve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) limit: u64,
    pub(super) cost: u64,
    /// When the lease ends.
    pub(super) end: UnixMillis,
}

/// Why nothing is reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The limit leaves no room.
    Full,
    /// What the member did is settled already.
    Settled,
}

impl Ledger {
    /// `None`: this is no budget of ours.
    pub(super) fn parse(spent: &[u8], reserved: &[u8], now: UnixMillis) -> Option<Self> {
        Some(Self {
            spent: integer::saturating(spent)?,
            reserved: Sums::parse(reserved, now)?,
        })
    }

    /// What the member's reservation becomes. Who has one already keeps it, whatever the limit: its lease is only
    /// extended, and it may become less. For more than it has, there must be room.
    pub(super) fn claim(
        &self,
        record: Option<Record>,
        claim: Claim,
    ) -> Result<Reservation, Refusal> {
        if record == Some(Record::Settled) {
            return Err(Refusal::Settled);
        }
        let held = live(record);
        let has = |held: Reservation| claim.cost <= held.amount;
        if !held.is_some_and(has) && !self.has_room(held, claim) {
            return Err(Refusal::Full);
        }
        Ok(Reservation {
            amount: claim.cost,
            end: held.map_or(claim.end, |held| held.end.max(claim.end)),
        })
    }

    fn has_room(&self, held: Option<Reservation>, claim: Claim) -> bool {
        let of_others = self
            .reserved
            .amount()
            .saturating_sub(held.map_or(0, |held| held.amount));
        i128::from(self.spent) + i128::from(of_others) + i128::from(claim.cost)
            <= i128::from(claim.limit)
    }

    /// Puts a live reservation in the place of the one that the member had.
    pub(super) fn reserve(&mut self, before: Option<Record>, new: Reservation) {
        self.release(before);
        self.reserved.add(new);
    }

    /// Takes away what the member has reserved, if it has: whether that was so.
    pub(super) fn release(&mut self, before: Option<Record>) -> bool {
        let held = live(before);
        if let Some(held) = held {
            self.reserved.remove(held);
        }
        held.is_some()
    }

    /// What was spent, at the end of the range at most.
    pub(super) fn book(&mut self, actual: u64) {
        self.spent = self.spent.saturating_add_unsigned(actual);
    }
}

/// What this member has reserved.
pub(super) fn live(record: Option<Record>) -> Option<Reservation> {
    match record {
        Some(Record::Reserved(held)) => Some(held),
        Some(Record::Settled | Record::Over) | None => None,
    }
}

/// The end to set of a key that is to count until then, and to outlive something that it was just given. Without the
/// former, a key has no end of its own accord. `latest`: when the last thing ends that it holds, if `set_to` does not say.
pub(super) fn key_end(
    set_to: Option<UnixMillis>,
    until: Option<UnixMillis>,
    end: UnixMillis,
    now: UnixMillis,
    latest: Option<UnixMillis>,
) -> Option<UnixMillis> {
    match until {
        None if set_to.is_none() => None,
        Some(until) if until >= end => {
            let is_late = set_to.is_none_or(|set_to| set_to < until);
            is_late.then(|| latest.map_or(until, |latest| latest.max(until)))
        }
        Some(_) | None => end_of_key(set_to, end, now, || latest),
    }
}
