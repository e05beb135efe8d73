//! Nothing is idle while somebody waits: a slot or turn that the first in line could have is granted to it, by a timer
//! if not at once, and at the latest within the time in which changes that others made are noticed. Of gates that are
//! wanted together, whoever could have all it needs has it.

use super::Found;
use super::scene::{Scene, Scenery};
use crate::record::{Id, Key, Look, Micros};
use crate::whole;

/// How late a timer may be, by the server's clock.
const TIMED_WITHIN: Micros = 20_000;
/// How late others' changes may be noticed: 100 ms, and what a busy server adds.
const NOTICED_WITHIN: Micros = 200_000;

pub(super) fn never_for_long(scene: &Scene<'_>) -> Found {
    let of_key = |scenery| idle_for_long(scene, scenery);
    scene.keys.iter().flat_map(of_key).collect()
}

/// Looks in a row at which the same one could have been granted. One more look than the time takes: before it the server
/// has had a turn of its loop in which to notice.
fn idle_for_long(scene: &Scene<'_>, scenery: &Scenery<'_>) -> Found {
    let mut found = Found::new();
    let mut since: Option<(&Look, Id)> = None;
    let mut is_over_time = false;
    for look in scenery.looks.iter().copied() {
        let idle_for = could_be_granted(scene, scenery, look);
        let goes_on = |(first, waiter): &(&Look, Id)| {
            let is_same = (first.reign, first.token) == (look.reign, look.token);
            is_same && idle_for == Some(*waiter)
        };
        let Some((first, waiter)) = since.filter(goes_on) else {
            (since, is_over_time) = (idle_for.map(|waiter| (look, waiter)), false);
            continue;
        };
        if is_over_time && !scene.disturbed(first.asked, look.ended) {
            let what = format!(
                "{waiter} could have been granted for {} ms",
                (look.server_us - first.server_us) / 1_000
            );
            found.push((what, vec![format!("{first:?}"), format!("{look:?}")]));
            since = None;
        }
        let within = match was_changed(scenery, first.asked - NOTICED_WITHIN, look.ended) {
            true => NOTICED_WITHIN,
            false => TIMED_WITHIN,
        };
        is_over_time = look.server_us - first.server_us > within;
    }
    found
}

/// Whether others changed the key in this time.
fn was_changed(scenery: &Scenery<'_>, from: Micros, until: Micros) -> bool {
    let mut wrecks = scenery.wrecks.iter();
    wrecks.any(|wreck| wreck.ended >= from && wreck.asked <= until)
}

/// The first waiter that could have all it needs.
fn could_be_granted(scene: &Scene<'_>, scenery: &Scenery<'_>, look: &Look) -> Option<Id> {
    if whole::is_part(look.key) {
        return could_have_all(scene, look);
    }
    let is_idle = is_idle(scene, scenery, look);
    look.waiters.first().filter(|_| is_idle).map(|(id, _)| *id)
}

fn could_have_all(scene: &Scene<'_>, look: &Look) -> Option<Id> {
    let mut waiting = look.waiters.iter().map(|(id, _)| *id);
    waiting.find(|id| {
        let visit = scene.visit(look.key, *id);
        visit.is_some_and(|visit| match visit.whole() {
            Some(whole) => whole.could_have(&look.with_room),
            None => look.with_room.contains(&look.key),
        })
    })
}

fn is_idle(scene: &Scene<'_>, scenery: &Scenery<'_>, look: &Look) -> bool {
    let waiting = look.waiters.iter();
    let visits = waiting.filter_map(|(id, _)| scene.visit(look.key, *id));
    let asks: Vec<_> = visits.map(|visit| visit.first_ask()).collect();
    let Some(oldest) = asks.iter().map(|(entry, _)| entry.asked).min() else {
        return false;
    };
    match look.key {
        Key::Turn(_) => {
            let longest = asks.iter().map(|(_, ask)| ask.delay_ms()).max();
            let rested = look.since_stamp_ms.is_none_or(|ms| Some(ms) > longest);
            look.holders.is_empty() && rested
        }
        Key::Gate(_) => {
            let has_room = |limit: i64| (look.holders.len() as i64) < limit;
            let own = asks.iter().filter_map(|(_, ask)| ask.limit()).min();
            look.closed_ms == 0
                && has_room(own.unwrap_or(1))
                && has_room(least_limit(scene, scenery, oldest, look.ended))
        }
    }
}

/// The lowest limit that can have governed at the end of this time.
fn least_limit(scene: &Scene<'_>, scenery: &Scenery<'_>, from: Micros, until: Micros) -> i64 {
    let visits = scene.visits_to(scenery);
    let visits = visits.take_while(|visit| visit.asked() <= until);
    let asks = visits.flat_map(|visit| visit.asks());
    let meanwhile = asks.filter(|(entry, _)| entry.ended >= from);
    let limits = meanwhile.filter_map(|(_, ask)| ask.limit());
    limits.min().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use crate::check::made::{History, assert_clean, assert_only, gate};
    use crate::record::{Act, Answer, Key};

    const IDLE: &str = "nothing is idle while somebody waits";

    fn idle_until(end: i64) -> History {
        let mut history = History::new();
        history.waited(gate(1, 1).blocking(900), 0, 900_100);
        for at in (10_000..=end).step_by(10_000) {
            history.looked(at, &[], &[1]);
        }
        history
    }

    #[test]
    fn a_free_slot_is_granted_soon() {
        assert_clean(&idle_until(40_000).made());
        assert_only(&idle_until(60_000).made(), IDLE);
    }

    #[test]
    fn what_others_have_set_free_is_noticed_a_little_later() {
        let deleted = |end| {
            let mut history = idle_until(end);
            let delete = Act::Delete { key: Key::Gate(0) };
            history.noted(delete, 5_000, 5_050, Answer::Count(1));
            history.made()
        };
        assert_clean(&deleted(200_000));
        assert_only(&deleted(300_000), IDLE);
    }

    #[test]
    fn nobody_can_be_granted_in_a_pause() {
        let mut history = idle_until(300_000);
        let pause = Act::Pause {
            ms: 200,
            mode: "WRITE",
        };
        history.noted(pause, 9_000, 9_050, Answer::Done);
        assert_clean(&history.made());
    }

    #[test]
    fn a_slot_that_somebody_holds_is_not_idle() {
        let mut history = History::new();
        history.granted(gate(2, 1), 0, 50, 1);
        history.waited(gate(1, 1).blocking(900), 60, 900_100);
        for at in (10_000..=500_000).step_by(10_000) {
            history.looked(at, &[2], &[1]);
        }
        assert_clean(&history.made());
    }
}
