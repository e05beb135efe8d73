//! While a gate is closed nobody is newly granted, whatever the limit.

use super::Found;
use super::scene::{Scene, Scenery};
use crate::record::{Act, Answer, Entry, Id, Micros};

/// A closure ends at a whole millisecond.
const ROUNDING: Micros = 1_000;

pub(super) fn nobody_enters(scene: &Scene<'_>) -> Found {
    let of_key = |scenery| entered(scene, scenery);
    scene.keys.iter().flat_map(of_key).collect()
}

fn entered(scene: &Scene<'_>, scenery: &Scenery<'_>) -> Found {
    let changes: Vec<&Entry> = scene
        .history
        .entries
        .iter()
        .filter(|entry| match entry.act {
            Act::Close { key, .. } | Act::Open { key } | Act::Delete { key } => key == scenery.key,
            Act::Fault(_) => true,
            _ => false,
        })
        .collect();
    let mut found = Found::new();
    for close in &changes {
        let Some((from, until)) = closed(close, &changes) else {
            continue;
        };
        let granted = scene.visits_to(scenery).filter_map(|visit| {
            let (entry, ..) = visit.granted_anew()?;
            let begun = entry.asked >= from || was_waiting(scenery, visit.id, from, entry.ended);
            (begun && entry.ended <= until).then_some(entry)
        });
        let what = "granted while it was closed";
        let shown = |entry: &Entry| vec![close.to_string(), entry.to_string()];
        found.extend(granted.map(|entry| (what.to_owned(), shown(entry))));
    }
    found
}

/// The span in which this has certainly closed the gate.
fn closed(close: &Entry, changes: &[&Entry]) -> Option<(Micros, Micros)> {
    let (Act::Close { ms, .. }, Answer::Done) = (&close.act, &close.answer) else {
        return None;
    };
    let others = changes.iter().filter(|other| **other != close);
    let later = others.filter(|other| other.ended >= close.asked);
    let changed = later.map(|other| other.asked).min().unwrap_or(Micros::MAX);
    let until = changed.min(close.asked + ms * 1_000 - ROUNDING);
    (close.ended < until).then_some((close.ended, until))
}

/// Whether a look in this time saw it in line.
fn was_waiting(scenery: &Scenery<'_>, id: Id, from: Micros, until: Micros) -> bool {
    let later = scenery.looks.partition_point(|look| look.asked < from);
    let mut looks = scenery.looks[later..]
        .iter()
        .take_while(|look| look.ended <= until);
    looks.any(|look| look.waiters.iter().any(|(waiter, _)| *waiter == id))
}

#[cfg(test)]
mod tests {
    use crate::check::made::{History, assert_clean, assert_only, gate};
    use crate::record::{Act, Answer, Key};

    const CLOSED: &str = "nobody is let into a closed gate";

    fn closed_and_asked(asks_at: i64) -> History {
        let mut history = History::new();
        let close = Act::Close {
            key: Key::Gate(0),
            ms: 10,
        };
        history.noted(close, 100, 150, Answer::Done);
        history.granted(gate(1, 1), asks_at, asks_at + 50, 1);
        history.released(gate(1, 1), asks_at + 60, asks_at + 90);
        history
    }

    #[test]
    fn nobody_is_granted_until_the_closure_ends_or_is_ended() {
        assert_clean(&closed_and_asked(140).made());
        assert_clean(&closed_and_asked(10_100).made());
        assert_only(&closed_and_asked(200).made(), CLOSED);
        let mut opened = closed_and_asked(2_000);
        let open = Act::Open { key: Key::Gate(0) };
        opened.noted(open, 1_000, 2_010, Answer::Count(1));
        assert_clean(&opened.made());
    }

    #[test]
    fn those_who_waited_before_wait_on() {
        let mut history = closed_and_asked(20_000);
        history.looked(1_000, &[], &[2]);
        history.granted(gate(2, 1).blocking(100), 50, 3_000, 1);
        history.released(gate(2, 1), 3_050, 3_090);
        assert_only(&history.made(), CLOSED);
    }
}
