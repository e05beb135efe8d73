//! All that was done under one id: a visit to a key, from its first ask on.

use crate::record::{Act, Answer, Ask, Entry, FlowNumber, Id, Key, Micros, Patience};
use crate::whole::Whole;

/// A deadline runs from when the server sees an ask, in whole milliseconds.
const ROUNDING: Micros = 1_000;

#[derive(Debug)]
pub(super) struct Visit<'a> {
    pub(super) key: Key,
    pub(super) id: Id,
    /// In the order in which they were begun.
    pub(super) entries: Vec<&'a Entry>,
    /// Once it is seen in line it is there up to then, or up to its first grant.
    pub(super) stays_until: Micros,
}

impl<'a> Visit<'a> {
    pub(super) fn asks(&self) -> impl Iterator<Item = (&'a Entry, &'a Ask)> + '_ {
        self.entries.iter().filter_map(|entry| match &entry.act {
            Act::Ask(ask) => Some((*entry, ask)),
            _ => None,
        })
    }

    /// Where every visit begins.
    pub(super) fn first_ask(&self) -> (&'a Entry, &'a Ask) {
        self.asks().next().expect("a visit begins with an ask")
    }

    pub(super) fn flow(&self) -> FlowNumber {
        self.first_ask().1.flow
    }

    pub(super) fn weight(&self) -> i64 {
        self.first_ask().1.weight
    }

    /// All that it needs at once. `None`: this one thing.
    pub(super) fn whole(&self) -> Option<Whole> {
        self.first_ask().1.whole()
    }

    pub(super) fn asked(&self) -> Micros {
        self.first_ask().0.asked
    }

    /// The first answer that it has been granted, with its number.
    pub(super) fn granted(&self) -> Option<(&'a Entry, &'a Ask, i64)> {
        let granted = self.asks().filter_map(|(entry, ask)| match entry.answer {
            Answer::Granted(number) => Some((entry, ask, number)),
            _ => None,
        });
        granted.min_by_key(|(entry, ..)| entry.ended)
    }

    /// The grant, if it cannot have been made before by an ask whose answer was lost.
    pub(super) fn granted_anew(&self) -> Option<(&'a Entry, &'a Ask, i64)> {
        let (entry, _) = self.first_ask();
        let one_ask = self
            .asks()
            .all(|(other, _)| other == entry || entry.ended <= other.asked);
        self.granted()
            .filter(|(granted, ..)| one_ask && *granted == entry)
    }

    /// When the last of its asks had ended.
    pub(super) fn asks_ended(&self) -> Micros {
        let ends = self.asks().map(|(entry, _)| entry.ended);
        ends.max().expect("a visit begins with an ask")
    }
}

/// Up to when nothing in these entries but a grant can have taken the visitor out of the line, and none has for certain.
pub(super) fn stays_until(entries: &[&Entry], killed: impl Fn(u32) -> Option<Micros>) -> Micros {
    let leaves = entries.iter().filter_map(|entry| match &entry.act {
        Act::Cancel { .. } => Some(entry.asked),
        Act::Ask(ask) => {
            let deadline = match ask.patience {
                Patience::Millis(ms) => Some(entry.asked + ms * 1_000 - ROUNDING),
                Patience::None | Patience::Endless => None,
            };
            // Who hung up, or was granted another gate, left at some time before that was seen.
            let lost = matches!(
                entry.answer,
                Answer::Lost | Answer::HungUp | Answer::Elsewhere
            );
            let lost = lost.then_some(entry.asked);
            let granted = matches!(entry.answer, Answer::Granted(_)).then_some(entry.ended);
            [deadline, lost, granted, killed(entry.connection)]
                .into_iter()
                .flatten()
                .min()
        }
        _ => None,
    });
    leaves.min().unwrap_or(Micros::MAX)
}
