//! A history sorted by what the invariants ask of it.

use std::collections::{BTreeMap, HashMap};

use super::hold::{self, Hold};
use super::server_clock::ServerClock;
use super::visit::{self, Visit};
use crate::record::{Act, Answer, Entry, Fault, History, Id, Key, Look, Micros};

/// What had to wait for the end of a pause happens within this.
const AFTER_PAUSE: Micros = 100_000;

#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) history: &'a History,
    pub(super) visits: Vec<Visit<'a>>,
    by_name: HashMap<(Key, Id), usize>,
    pub(super) keys: Vec<Scenery<'a>>,
    pub(super) clock: Option<ServerClock>,
}

/// What there is of one key.
#[derive(Debug)]
pub(super) struct Scenery<'a> {
    pub(super) key: Key,
    /// The visits to it, by when they began, as places in the scene's list.
    pub(super) visits: Vec<usize>,
    /// By when they began.
    pub(super) holds: Vec<Hold<'a>>,
    holds_of: HashMap<Id, Vec<usize>>,
    pub(super) looks: Vec<&'a Look>,
    /// What may have taken away what somebody held, or made it forgotten.
    pub(super) wrecks: Vec<&'a Entry>,
}

impl<'a> Scene<'a> {
    pub(super) fn of(history: &'a History) -> Self {
        let visits = visits(history);
        let by_name = (visits.iter().zip(0..))
            .map(|(visit, place)| ((visit.key, visit.id), place))
            .collect();
        let mut keys: Vec<_> = visits.iter().map(|visit| visit.key).collect();
        keys.extend(history.looks.iter().map(|look| look.key));
        keys.sort_unstable();
        keys.dedup();
        let sceneries = keys.iter().map(|key| scenery(history, &visits, *key));
        Self {
            history,
            by_name,
            keys: sceneries.collect(),
            clock: ServerClock::of(&history.looks),
            visits,
        }
    }

    pub(super) fn visit(&self, key: Key, id: Id) -> Option<&Visit<'a>> {
        let place = self.by_name.get(&(key, id))?;
        self.visits.get(*place)
    }

    pub(super) fn visits_to<'s>(
        &'s self,
        scenery: &'s Scenery<'a>,
    ) -> impl Iterator<Item = &'s Visit<'a>> {
        scenery.visits.iter().map(|place| &self.visits[*place])
    }

    /// Whether somebody stopped the server's clients at any time in between.
    pub(super) fn disturbed(&self, from: Micros, until: Micros) -> bool {
        let disturbs = |entry: &&Entry| match entry.act {
            Act::Pause { ms, .. } => {
                entry.asked <= until && entry.ended + ms * 1_000 + AFTER_PAUSE >= from
            }
            Act::Fault(_) => entry.asked <= until && entry.ended >= from,
            _ => false,
        };
        self.history.entries.iter().any(|entry| disturbs(&entry))
    }
}

impl<'a> Scenery<'a> {
    /// The holds of one visitor, by when they began.
    pub(super) fn holds_of(&self, id: Id) -> impl DoubleEndedIterator<Item = &Hold<'a>> {
        let places = self.holds_of.get(&id).into_iter().flatten();
        places.map(|place| &self.holds[*place])
    }
}

fn visits(history: &History) -> Vec<Visit<'_>> {
    let mut by_name: BTreeMap<(Key, Id), Vec<&Entry>> = BTreeMap::new();
    let mut killed: HashMap<u32, Micros> = HashMap::new();
    let mut faults = Vec::new();
    for entry in &history.entries {
        match &entry.act {
            Act::Kill { connection, .. } => {
                killed.entry(*connection).or_insert(entry.asked);
            }
            Act::Fault(_) => faults.push(entry),
            act => {
                if let Some(name) = name(act) {
                    by_name.entry(name).or_default().push(entry);
                }
            }
        }
    }
    let mut visits = Vec::new();
    for ((key, id), mut entries) in by_name {
        entries.sort_by_key(|entry| entry.asked);
        let begun = entries[0].asked;
        let fault = faults.iter().find(|fault| fault.ended >= begun);
        let stays = visit::stays_until(&entries, |number| killed.get(&number).copied());
        visits.push(Visit {
            key,
            id,
            entries,
            stays_until: fault.map_or(stays, |fault| stays.min(fault.asked)),
        });
    }
    visits.retain(|visit| visit.asks().next().is_some());
    visits.sort_by_key(Visit::asked);
    visits
}

/// Whose act it is.
fn name(act: &Act) -> Option<(Key, Id)> {
    match act {
        Act::Ask(ask) => Some((ask.key, ask.id)),
        Act::Renew { key, id, .. }
        | Act::Release { key, id, .. }
        | Act::Cancel { key, id }
        | Act::Confirm { key, id } => Some((*key, *id)),
        Act::Force { .. }
        | Act::Delete { .. }
        | Act::Close { .. }
        | Act::Open { .. }
        | Act::Kill { .. }
        | Act::Pause { .. }
        | Act::Listen
        | Act::Fault(_) => None,
    }
}

fn scenery<'a>(history: &'a History, visits: &[Visit<'a>], key: Key) -> Scenery<'a> {
    let wrecks: Vec<_> = history
        .entries
        .iter()
        .filter(|entry| wrecks(entry, key))
        .collect();
    let places: Vec<_> = (visits.iter().zip(0..))
        .filter(|(visit, _)| visit.key == key)
        .map(|(_, place)| place)
        .collect();
    let mut holds: Vec<_> = places
        .iter()
        .flat_map(|place| hold::holds(&visits[*place], &wrecks))
        .collect();
    holds.sort_by_key(|hold| hold.from);
    let mut holds_of: HashMap<Id, Vec<usize>> = HashMap::new();
    for (hold, place) in holds.iter().zip(0..) {
        holds_of.entry(hold.ask.id).or_default().push(place);
    }
    let looks = history.looks.iter().filter(|look| look.key == key);
    Scenery {
        key,
        visits: places,
        holds,
        holds_of,
        looks: looks.collect(),
        wrecks,
    }
}

fn wrecks(entry: &Entry, of: Key) -> bool {
    match entry.act {
        Act::Delete { key } | Act::Force { key } => key == of && entry.answer != Answer::Count(0),
        Act::Fault(fault) => fault == Fault::Promotion,
        _ => false,
    }
}
