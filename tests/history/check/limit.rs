//! Never more holders than the limit that governed when the last of them was granted. The limit last named by anybody
//! governs; lowering it evicts nobody. A turn is a gate of one.

use super::Found;
use super::hold::Hold;
use super::scene::{Scene, Scenery};
use crate::record::{Key, Micros};

/// A hold that a limit let in, and the most that this limit can have been.
#[derive(Clone, Copy, Debug)]
struct Limited<'s, 'a> {
    hold: &'s Hold<'a>,
    most: i64,
}

type Until = fn(&Hold<'_>) -> Micros;

pub(super) fn of_holders(scene: &Scene<'_>) -> Found {
    let mut found = Found::new();
    for scenery in &scene.keys {
        let limited = limited(scene, scenery);
        found.extend(too_many_at_once(&limited, |hold| hold.until));
        found.extend(
            limited
                .iter()
                .filter_map(|grant| too_many_at_grant(scenery, *grant)),
        );
        found.extend(too_many_counted(scene, scenery));
    }
    found
}

/// How often there were too many holders if what killed primaries took with them unconfirmed was still held.
pub(super) fn overshoots(scene: &Scene<'_>) -> usize {
    let count = |until: Until| -> usize {
        let limited = scene.keys.iter().map(|scenery| limited(scene, scenery));
        limited
            .map(|limited| too_many_at_once(&limited, until).len())
            .sum()
    };
    count(|hold| hold.until_but_for_promotions) - count(|hold| hold.until)
}

fn limited<'s, 'a>(scene: &'s Scene<'a>, scenery: &'s Scenery<'a>) -> Vec<Limited<'s, 'a>> {
    let limited = scenery.holds.iter().filter_map(|hold| {
        let own = match scenery.key {
            Key::Turn(_) => 1,
            Key::Gate(_) => hold.ask.limit()?,
        };
        let most = most(scene, scenery, own, hold.earliest, hold.grant.ended);
        Some(Limited { hold, most })
    });
    limited.collect()
}

/// The most that can have governed in this time: one's own limit, or one that was named meanwhile.
fn most(scene: &Scene<'_>, scenery: &Scenery<'_>, own: i64, from: Micros, until: Micros) -> i64 {
    let visits = scene
        .visits_to(scenery)
        .take_while(|visit| visit.asked() <= until);
    let asks = visits.flat_map(|visit| visit.asks());
    let meanwhile = asks.filter(|(entry, _)| entry.asked <= until && entry.ended >= from);
    let named = meanwhile.filter_map(|(_, ask)| ask.limit());
    named.fold(own, i64::max)
}

/// When the last of these was granted, the others held already: its limit was not below their number.
fn too_many_at_once(limited: &[Limited<'_, '_>], until: Until) -> Found {
    let mut found = Found::new();
    let mut holding: Vec<Limited<'_, '_>> = Vec::new();
    for grant in limited {
        let now = grant.hold.from;
        holding.retain(|other| until(other.hold) > now);
        if until(grant.hold) <= now {
            continue;
        }
        holding.push(*grant);
        let most = holding.iter().map(|other| other.most).max().unwrap_or(0);
        if holding.len() as i64 > most {
            let what = format!("{} hold at once, at most {most} may", holding.len());
            let shown = holding.iter().flat_map(|other| other.hold.shown());
            found.push((what, shown.collect()));
        }
    }
    found
}

/// Whoever held all the time while somebody was granted, without a limit or under another, counts too.
fn too_many_at_grant(
    scenery: &Scenery<'_>,
    grant: Limited<'_, '_>,
) -> Option<(String, Vec<String>)> {
    let (from, until) = (grant.hold.earliest, grant.hold.grant.ended);
    let before = scenery.holds.iter().take_while(|hold| hold.from <= from);
    let holding: Vec<_> = before.filter(|hold| hold.spans(from, until)).collect();
    (holding.len() as i64 >= grant.most).then(|| {
        let what = format!(
            "granted beside {} holders, the limit was at most {}",
            holding.len(),
            grant.most
        );
        let shown = grant
            .hold
            .shown()
            .chain(holding.iter().flat_map(|hold| hold.shown()));
        (what, shown.collect())
    })
}

/// What the server itself counts with a grant.
fn too_many_counted(scene: &Scene<'_>, scenery: &Scenery<'_>) -> Found {
    if matches!(scenery.key, Key::Turn(_)) {
        return Found::new();
    }
    let over = scene.visits_to(scenery).filter_map(|visit| {
        let (entry, ask, in_use) = visit.granted_anew()?;
        let most = most(scene, scenery, ask.limit()?, entry.asked, entry.ended);
        let what = format!("the server counts {in_use} in use, the limit was at most {most}");
        (in_use > most).then(|| (what, vec![entry.to_string()]))
    });
    over.collect()
}

#[cfg(test)]
mod tests {
    use crate::check::made::{History, assert_clean, assert_only, gate};
    use crate::record::{Act, Answer};

    const LIMIT: &str = "a gate never has more holders than its limit";

    #[test]
    fn two_holders_of_two_slots_are_allowed_and_three_are_not() {
        let two = |third_asks_at| {
            let mut history = History::new();
            for (id, at) in [(1, 0), (2, 100), (3, third_asks_at)] {
                history.granted(gate(id, 2), at, at + 50, id.min(2) as i64);
                history.released(gate(id, 2), at + 900, at + 950);
            }
            history.made()
        };
        assert_clean(&two(960));
        assert_only(&two(200), LIMIT);
    }

    #[test]
    fn a_lowered_limit_evicts_nobody_but_lets_nobody_in() {
        let third = |limit, counted| {
            let mut history = History::new();
            history.granted(gate(1, 3), 0, 50, 1);
            history.granted(gate(2, 3), 100, 150, 2);
            history.refused(gate(3, 1), 200, 250);
            history.granted(gate(4, limit), 300, 350, counted);
            for id in [1, 2, 4] {
                history.released(gate(id, 3), 900, 950);
            }
            history.made()
        };
        assert_clean(&third(3, 3));
        assert_only(&third(2, 2), LIMIT);
    }

    #[test]
    fn a_limit_named_while_one_waits_counts_for_it() {
        let raised = |raised_at| {
            let mut history = History::new();
            history.granted(gate(1, 1), 0, 50, 1);
            history.granted(gate(2, 1).blocking(5), 100, 1_000, 2);
            history.refused(gate(3, 2), raised_at, raised_at + 50);
            history.released(gate(1, 1), 2_000, 2_050);
            history.released(gate(2, 1), 2_000, 2_050);
            history.made()
        };
        assert_clean(&raised(900));
        assert_only(&raised(1_100), LIMIT);
    }

    #[test]
    fn a_release_says_nothing_of_a_hold_before_an_ask_whose_answer_was_lost() {
        let released = |lost| {
            let mut history = History::new();
            history.granted(gate(1, 1).leased(10), 0, 50, 1);
            if lost {
                let ask = Act::Ask(gate(1, 1).blocking(100).ask());
                history.noted(ask, 20_000, 70_000, Answer::HungUp);
            }
            history.granted(gate(2, 1), 15_000, 15_050, 1);
            history.released(gate(2, 1), 60_000, 60_050);
            history.released(gate(1, 1), 80_000, 80_050);
            history.made()
        };
        assert_clean(&released(true));
        assert_only(&released(false), LIMIT);
    }

    #[test]
    fn an_ask_that_is_answered_late_may_have_been_granted_when_the_first_lease_had_ended() {
        let again = |answered_at| {
            let mut history = History::new();
            history.granted(gate(1, 1).leased(10), 0, 8_000, 1);
            history.granted(gate(1, 1).leased(10), 7_900, answered_at, 1);
            history.granted(gate(2, 1).leased(10), 12_000, 12_050, 1);
            history.made()
        };
        assert_clean(&again(60_000));
        assert_only(&again(8_950), LIMIT);
    }

    #[test]
    fn what_the_server_counts_is_held_against_the_limit() {
        let mut history = History::new();
        history.granted(gate(1, 2), 0, 50, 3);
        history.released(gate(1, 2), 900, 950);
        assert_only(&history.made(), LIMIT);
    }
}
