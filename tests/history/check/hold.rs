//! The spans of time in which somebody certainly held what it was granted: from the answer on, until it began to give
//! it back or its lease can have ended. A release that found it shows that it was held all the time until then.

use super::visit::Visit;
use crate::record::{Act, Answer, Ask, Entry, Fault, Key, Micros, Way};

/// Leases end at whole milliseconds.
const ROUNDING: Micros = 1_000;

#[derive(Clone, Debug)]
pub(super) struct Hold<'a> {
    pub(super) ask: &'a Ask,
    pub(super) grant: &'a Entry,
    /// The earliest time at which it can have been granted.
    pub(super) earliest: Micros,
    /// The token, or how many slots were in use.
    pub(super) number: i64,
    /// Certainly held from then…
    pub(super) from: Micros,
    /// …until then, excluded. Not after `from`: never for certain.
    pub(super) until: Micros,
    /// As `until`, had no killed primary taken anything with it.
    pub(super) until_but_for_promotions: Micros,
    pub(super) ending: Ending<'a>,
    /// The last act that set the end of the lease.
    leased_at: Micros,
    /// All that was done under its id.
    entries: Vec<&'a Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending<'a> {
    /// Given back, for certain.
    GivenBack(&'a Entry, Way),
    /// Nobody tried to give it back or to change its end: its lease ends by itself.
    LeftToEnd,
    Unknown,
}

impl Hold<'_> {
    /// What was done under its id, line by line.
    pub(super) fn shown(&self) -> impl Iterator<Item = String> + '_ {
        self.entries.iter().map(ToString::to_string)
    }

    /// Certainly held at all times in between.
    pub(super) fn spans(&self, from: Micros, until: Micros) -> bool {
        self.from <= from && until < self.until
    }
}

/// The holds of a visit, cut off where something may have taken them away.
pub(super) fn holds<'a>(visit: &Visit<'a>, wrecks: &[&'a Entry]) -> Vec<Hold<'a>> {
    let mut holds: Vec<Hold<'a>> = Vec::new();
    let mut open = false;
    for entry in &visit.entries {
        match (&entry.act, &entry.answer, holds.last_mut().filter(|_| open)) {
            (Act::Ask(ask), Answer::Granted(number), Some(hold))
                if is_same(hold, entry, *number) =>
            {
                hold.from = hold.from.min(entry.ended);
                hold.until = hold.until.max(lease_end(entry, ask.lease_ms));
                hold.leased_at = entry.asked;
                hold.ending = Ending::Unknown;
            }
            (Act::Ask(ask), Answer::Granted(number), _) => {
                open = true;
                // An earlier ask may have been granted, and this be no news; a new token is.
                let earliest = match (ask.key, holds.last()) {
                    (Key::Turn(_), Some(_)) => entry.asked,
                    (Key::Turn(_) | Key::Gate(_), _) => visit.asked(),
                };
                holds.push(Hold {
                    earliest,
                    entries: visit.entries.clone(),
                    ..begin(entry, ask, *number)
                });
            }
            (Act::Release { .. } | Act::Renew { .. }, _, Some(hold)) => {
                open = follow(hold, entry);
            }
            _ => {}
        }
    }
    for hold in &mut holds {
        cut(hold, visit, wrecks);
    }
    holds
}

fn begin<'a>(grant: &'a Entry, ask: &'a Ask, number: i64) -> Hold<'a> {
    Hold {
        ask,
        grant,
        earliest: grant.asked,
        number,
        from: grant.ended,
        until: lease_end(grant, ask.lease_ms),
        until_but_for_promotions: 0,
        ending: Ending::LeftToEnd,
        leased_at: grant.asked,
        entries: Vec::new(),
    }
}

/// When a lease can end at the earliest that was asked for so.
fn lease_end(entry: &Entry, lease_ms: i64) -> Micros {
    entry.asked + lease_ms * 1_000 - ROUNDING
}

/// Whether a later grant to the holder is the one it had already.
fn is_same(hold: &Hold<'_>, entry: &Entry, number: i64) -> bool {
    match hold.ask.key {
        Key::Turn(_) => hold.number == number,
        Key::Gate(_) => entry.ended < hold.until || entry.asked < hold.grant.ended,
    }
}

/// What an act of the holder's says of its hold. `false`: it was given back.
fn follow<'a>(hold: &mut Hold<'a>, entry: &'a Entry) -> bool {
    match (&entry.act, &entry.answer) {
        (Act::Renew { lease_ms, .. }, Answer::Count(1)) => {
            hold.until = lease_end(entry, *lease_ms);
            hold.leased_at = entry.asked;
            hold.ending = Ending::Unknown;
            true
        }
        (Act::Renew { .. }, Answer::Count(_) | Answer::NotHere) => true,
        (Act::Renew { lease_ms, .. }, _) => {
            hold.until = hold.until.min(lease_end(entry, *lease_ms));
            hold.ending = Ending::Unknown;
            true
        }
        (_, Answer::NotHere) => true,
        (Act::Release { way, .. }, Answer::Count(1)) => {
            hold.until = entry.asked;
            hold.ending = Ending::GivenBack(entry, *way);
            false
        }
        // What it says is judged by whether it can be true.
        (_, Answer::Count(_)) => {
            hold.ending = Ending::Unknown;
            true
        }
        _ => {
            hold.until = hold.until.min(entry.asked);
            hold.ending = Ending::Unknown;
            true
        }
    }
}

fn cut(hold: &mut Hold<'_>, visit: &Visit<'_>, wrecks: &[&Entry]) {
    hold.until_but_for_promotions = hold.until;
    for wreck in wrecks.iter().filter(|wreck| wreck.ended >= hold.earliest) {
        let until = hold.until.min(wreck.asked);
        match wreck.act {
            Act::Fault(Fault::Promotion) if is_confirmed(hold, visit, wreck.asked) => {}
            Act::Fault(_) => hold.until = until,
            _ => {
                hold.until = until;
                hold.until_but_for_promotions = hold.until_but_for_promotions.min(wreck.asked);
            }
        }
    }
}

/// Whether the replica had confirmed before that time all that was written for this hold.
fn is_confirmed(hold: &Hold<'_>, visit: &Visit<'_>, before: Micros) -> bool {
    visit.entries.iter().any(|entry| {
        let is_confirm = matches!(entry.act, Act::Confirm { .. });
        let is_confirmed = matches!(entry.answer, Answer::Count(replicas) if replicas > 0);
        is_confirm
            && is_confirmed
            && entry.asked >= hold.from
            && entry.asked >= hold.leased_at
            && entry.ended <= before
    })
}
