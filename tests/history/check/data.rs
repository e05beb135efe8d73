//! What looks see agrees with what clients were told: who holds is there, who has gone is not, and each key that holds
//! something ends by itself.

use super::Found;
use super::hold::{Ending, Hold};
use super::scene::{Scene, Scenery};
use super::visit::Visit;
use crate::record::{Act, Answer, Entry, Fault, Id, Look, Manner, Micros};

/// `PTTL` and leases are cut to whole milliseconds at different places.
const ROUNDING_MS: i64 = 2;
/// A grant that did not reach its waiter is taken back within this.
const TAKEN_BACK_WITHIN: Micros = 200_000;
/// What `PTTL` says of a key that never ends.
const NEVER_ENDS: i64 = -1;

pub(super) fn holders_hold(scene: &Scene<'_>) -> Found {
    let mut found = Found::new();
    for scenery in &scene.keys {
        for hold in &scenery.holds {
            found.extend(is_missing(scenery, hold));
        }
        for visit in scene.visits_to(scenery) {
            let holds: Vec<_> = scenery.holds_of(visit.id).collect();
            let denied = visit.entries.iter().filter(|entry| denies(entry));
            let wrong = denied.filter(|entry| {
                holds
                    .iter()
                    .any(|hold| hold.spans(entry.asked, entry.ended))
            });
            found.extend(wrong.map(|entry| ("it held it".to_owned(), vec![entry.to_string()])));
        }
    }
    found
}

/// Says that who asked does not hold it.
fn denies(entry: &Entry) -> bool {
    let given = (&entry.act, &entry.answer);
    matches!(
        given,
        (Act::Renew { .. } | Act::Release { .. }, Answer::Count(0))
            | (
                Act::Ask(_),
                Answer::Refused | Answer::LineFull | Answer::Elsewhere
            )
    )
}

fn is_missing(scenery: &Scenery<'_>, hold: &Hold<'_>) -> Option<(String, Vec<String>)> {
    let first = scenery.looks.partition_point(|look| look.asked < hold.from);
    let during = scenery.looks[first..]
        .iter()
        .take_while(|look| look.ended < hold.until);
    let holds = |look: &Look| look.holders.iter().any(|holder| holder.id == hold.ask.id);
    let look = during.into_iter().find(|look| !holds(look))?;
    let what = format!("{} is not among the holders", hold.ask.id);
    Some((what, vec![hold.grant.to_string(), format!("{look:?}")]))
}

pub(super) fn gone_are_gone(scene: &Scene<'_>) -> Found {
    let mut found = Found::new();
    for scenery in &scene.keys {
        for look in &scenery.looks {
            let waiting = look
                .waiters
                .iter()
                .filter(|(id, _)| !may_wait(scene, look, *id));
            found.extend(waiting.map(|(id, _)| (format!("{id} waits"), vec![format!("{look:?}")])));
            let holding = look.holders.iter().map(|holder| holder.id);
            let holding = holding.filter(|id| !may_hold(scene, scenery, look, *id));
            found.extend(holding.map(|id| (format!("{id} holds"), vec![format!("{look:?}")])));
            found.extend(lives_too_long_or_short(look));
        }
    }
    found
}

/// One of its asks was on its way or waiting at that time.
fn may_wait(scene: &Scene<'_>, look: &Look, id: Id) -> bool {
    let visit = scene.visit(look.key, id);
    visit.is_some_and(|visit| {
        let mut asks = visit.asks().filter(|(_, ask)| ask.waits());
        asks.any(|(entry, _)| entry.asked <= look.ended && entry.ended >= look.asked)
    })
}

/// It has asked for it, and has not for certain given it back.
fn may_hold(scene: &Scene<'_>, scenery: &Scenery<'_>, look: &Look, id: Id) -> bool {
    let visit = scene.visit(look.key, id);
    visit.is_some_and(|visit| {
        let given_back = scenery
            .holds_of(id)
            .last()
            .and_then(|hold| match hold.ending {
                Ending::GivenBack(entry, _) => Some(entry),
                Ending::LeftToEnd | Ending::Unknown => None,
            });
        let is_gone = given_back.is_some_and(|entry| {
            let since = visit.asks_ended() <= entry.asked && entry.ended <= look.asked;
            since && !was_forgotten(scene, entry, look)
        });
        let came = visit.asked() <= look.ended && !went_elsewhere(visit);
        came && !is_gone && !went_unanswered(scene, scenery, visit, look)
    })
}

/// Another gate of its group was granted it, however often it asked.
fn went_elsewhere(visit: &Visit<'_>) -> bool {
    visit
        .asks()
        .all(|(entry, _)| entry.answer == Answer::Elsewhere)
}

/// It went while it waited, without an answer: a grant that could not reach it has been taken back by now.
fn went_unanswered(
    scene: &Scene<'_>,
    scenery: &Scenery<'_>,
    visit: &Visit<'_>,
    look: &Look,
) -> bool {
    let gone = visit.asks_ended();
    let lost = match &visit.asks().collect::<Vec<_>>()[..] {
        [(entry, ask)] if ask.manner == Manner::Block => {
            matches!(entry.answer, Answer::Lost | Answer::HungUp)
        }
        _ => false,
    };
    if !lost || gone + TAKEN_BACK_WITHIN > look.asked {
        return false;
    }
    // Between two looks the server has had a turn of its loop.
    let mut looks = scenery.looks.iter();
    let was_looked_at = looks.any(|other| other.asked >= gone && other.ended <= look.asked);
    let mut looks = scenery.looks.iter();
    let was_in_line = looks.any(|other| {
        let waits = other.waiters.iter().any(|(id, _)| *id == visit.id);
        waits && other.asked >= visit.asked() && other.ended <= gone
    });
    was_looked_at && was_in_line && !scene.disturbed(visit.asked(), look.ended)
}

/// The release went with a killed primary.
fn was_forgotten(scene: &Scene<'_>, release: &Entry, look: &Look) -> bool {
    scene.history.entries.iter().any(|entry| {
        entry.act == Act::Fault(Fault::Promotion)
            && entry.ended >= release.asked
            && entry.asked <= look.ended
    })
}

fn lives_too_long_or_short(look: &Look) -> Option<(String, Vec<String>)> {
    let longest = look.holders.iter().map(|holder| holder.lease_left_ms).max();
    let too_short = longest.is_some_and(|left| look.ttl_ms + ROUNDING_MS < left);
    let is_wrong = look.ttl_ms == NEVER_ENDS || too_short;
    let what = format!("its key ends in {} ms", look.ttl_ms);
    is_wrong.then(|| (what, vec![format!("{look:?}")]))
}

#[cfg(test)]
mod tests {
    use crate::check::made::{History, assert_clean, assert_only, gate, look};
    use crate::record::{Act, Answer, Key};

    const HOLDS: &str = "who was granted holds it, until it ends";
    const GONE: &str = "who has gone holds nothing and waits for nothing";

    fn looked(at: i64, holders: &[u64], waiters: &[u64]) -> crate::record::History {
        let mut history = History::new();
        history.granted(gate(1, 1), 0, 50, 1);
        history.released(gate(1, 1), 1_000, 1_050);
        history.waited(gate(2, 1).blocking(1), 60, 1_160);
        history.looked(at, holders, waiters);
        history.made()
    }

    #[test]
    fn a_look_sees_who_holds_and_who_waits() {
        assert_clean(&looked(500, &[1], &[2]));
        assert_clean(&looked(1_010, &[1], &[]));
        assert_clean(&looked(1_010, &[], &[2]));
        assert_only(&looked(500, &[], &[]), HOLDS);
        assert_only(&looked(2_000, &[1], &[]), GONE);
        assert_only(&looked(2_000, &[], &[2]), GONE);
        assert_only(&looked(2_000, &[7], &[]), GONE);
    }

    #[test]
    fn who_went_while_it_waited_does_not_keep_what_it_was_granted() {
        let held_at = |at| {
            let mut history = History::new();
            let ask = Act::Ask(gate(1, 1).blocking(100).ask());
            history.noted(ask, 0, 5_000, Answer::HungUp);
            history.looked(2_000, &[], &[1]);
            history.looked(5_500, &[1], &[]);
            history.looked(at, &[1], &[]);
            history.made()
        };
        assert_clean(&held_at(6_000));
        assert_only(&held_at(300_000), GONE);
    }

    #[test]
    fn a_holder_is_not_told_that_it_holds_nothing() {
        let renewed = |at| {
            let mut history = History::new();
            history.granted(gate(1, 1).leased(10), 0, 50, 1);
            let renew = Act::Renew {
                key: Key::Gate(0),
                id: 1,
                lease_ms: 500,
            };
            history.noted(renew, at, at + 30, Answer::Count(0));
            history.made()
        };
        assert_only(&renewed(5_000), HOLDS);
        assert_clean(&renewed(9_990));
    }

    #[test]
    fn a_key_outlives_its_leases_but_not_for_ever() {
        for (ttl_ms, is_allowed) in [(600, true), (400, false), (-1, false)] {
            let mut history = looked(500, &[1], &[2]);
            history.looks.push(look(Key::Gate(0), 600));
            let last = history.looks.last_mut().unwrap();
            (last.holders, last.ttl_ms) = (vec![], ttl_ms);
            last.holders.push(crate::record::Holder {
                id: 1,
                lease_left_ms: 500,
            });
            match is_allowed {
                true => assert_clean(&history),
                false => assert_only(&history, GONE),
            }
        }
    }
}
