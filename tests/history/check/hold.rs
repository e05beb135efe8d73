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

/// Whether what is done under an id is about the hold that it was granted last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trail {
    Clear,
    /// It may have been granted anew, by an ask whose answer nobody knows.
    Doubtful,
    /// It has been given back, or there was none.
    Lost,
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
    let mut trail = Trail::Lost;
    for entry in &visit.entries {
        let last = holds.last_mut().filter(|_| trail != Trail::Lost);
        match (&entry.act, &entry.answer, last) {
            (Act::Ask(ask), Answer::Granted(number), Some(hold))
                if is_same(hold, entry, *number) =>
            {
                hold.from = hold.from.min(entry.ended);
                hold.until = hold.until.max(lease_end(entry, ask.lease_ms));
                hold.leased_at = entry.asked;
                hold.ending = Ending::Unknown;
                trail = Trail::Clear;
            }
            (Act::Ask(ask), Answer::Granted(number), _) => {
                trail = Trail::Clear;
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
            (Act::Ask(_), _, Some(_)) => trail = Trail::Doubtful,
            (Act::Release { .. } | Act::Renew { .. }, _, Some(hold)) => {
                trail = follow(hold, entry, trail);
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
        Key::Gate(_) => entry.ended < hold.until,
    }
}

/// What an act of the holder's says of its hold, and whether the next one is still about it.
fn follow<'a>(hold: &mut Hold<'a>, entry: &'a Entry, trail: Trail) -> Trail {
    let is_clear = trail == Trail::Clear;
    let ending = match (&entry.act, &entry.answer) {
        (_, Answer::NotHere) | (Act::Renew { .. }, Answer::Count(0)) => return trail,
        (Act::Renew { lease_ms, .. }, Answer::Count(_)) if is_clear => {
            hold.until = lease_end(entry, *lease_ms);
            hold.leased_at = entry.asked;
            Ending::Unknown
        }
        (Act::Renew { lease_ms, .. }, _) => {
            hold.until = hold.until.min(lease_end(entry, *lease_ms));
            Ending::Unknown
        }
        (Act::Release { way, .. }, Answer::Count(1)) if is_clear => {
            hold.until = entry.asked;
            Ending::GivenBack(entry, *way)
        }
        // That it holds nothing is judged by whether it can be true.
        (_, Answer::Count(0)) => Ending::Unknown,
        _ => {
            hold.until = hold.until.min(entry.asked);
            Ending::Unknown
        }
    };
    hold.ending = ending;
    match ending {
        Ending::GivenBack(..) => Trail::Lost,
        Ending::LeftToEnd | Ending::Unknown => trail,
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
