//! A turn has one holder at a time, and each grant a larger token. In the order of tokens each hold is over before the
//! next one begins.

use super::Found;
use super::hold::Hold;
use super::scene::{Scene, Scenery};
use crate::record::Key;

/// The holds of a turn in the order of their tokens; nothing for a gate.
pub(super) fn by_token<'s, 'a>(scenery: &'s Scenery<'a>) -> Vec<&'s Hold<'a>> {
    if matches!(scenery.key, Key::Gate(_)) {
        return Vec::new();
    }
    let mut holds: Vec<_> = scenery.holds.iter().collect();
    holds.sort_by_key(|hold| (hold.number, hold.from));
    holds
}

pub(super) fn one_holder(scene: &Scene<'_>) -> Found {
    let mut found = Found::new();
    for scenery in &scene.keys {
        let mut last: Option<&Hold<'_>> = None;
        for hold in by_token(scenery) {
            let before = last.filter(|last| still_held(scene, last, hold));
            if let Some(before) = before {
                let what = format!("token {} while {} held it", hold.number, before.ask.id);
                found.push((what, shown(before, hold)));
            }
            let later = |last: &Hold<'_>| last.until >= hold.until;
            last = last.filter(|last| later(last)).or(Some(hold));
        }
    }
    found
}

/// Tokens are the server's microseconds, or later: what was held at a later time was held at the grant.
fn still_held(scene: &Scene<'_>, before: &Hold<'_>, hold: &Hold<'_>) -> bool {
    let held_past_token = scene.clock.is_some_and(|clock| {
        before.from < before.until && clock.at_least(before.until) > hold.number
    });
    let held_together = before.from.max(hold.from) < before.until.min(hold.until);
    held_past_token || held_together
}

pub(super) fn tokens_grow(scene: &Scene<'_>) -> Found {
    let mut found = Found::new();
    for scenery in &scene.keys {
        let mut first_answered: Option<&Hold<'_>> = None;
        let mut larger: Option<i64> = None;
        for hold in by_token(scenery).into_iter().rev() {
            if larger == Some(hold.number) {
                let what = format!("two grants under token {}", hold.number);
                found.push((what, vec![hold.grant.to_string()]));
            }
            larger = Some(hold.number);
            let before = first_answered.filter(|other| other.grant.ended < hold.earliest);
            if let Some(before) = before {
                let what = format!("{} after {}", hold.number, before.number);
                found.push((what, shown(before, hold)));
            }
            let earlier = |other: &Hold<'_>| other.grant.ended <= hold.grant.ended;
            first_answered = first_answered.filter(|other| earlier(other)).or(Some(hold));
        }
    }
    found
}

pub(super) fn shown(before: &Hold<'_>, hold: &Hold<'_>) -> Vec<String> {
    before.shown().chain(hold.shown()).collect()
}

#[cfg(test)]
mod tests {
    use crate::check::made::{History, SERVER_US, assert_clean, assert_only, turn};

    fn one_after_the_other(second_asks_at: i64, second_token: i64) -> crate::record::History {
        let mut history = History::new();
        history.granted(turn(1), 0, 50, SERVER_US + 20);
        history.granted(turn(2), second_asks_at, 1_100, SERVER_US + second_token);
        history.released(turn(1), 1_000, 1_080);
        history.released(turn(2), 2_000, 2_050);
        history.made()
    }

    #[test]
    fn a_turn_is_granted_when_it_was_given_back_and_not_before() {
        assert_clean(&one_after_the_other(100, 1_060));
        assert_only(&one_after_the_other(100, 900), "a turn has one holder");
    }

    #[test]
    fn two_who_hold_at_once_need_no_clock_to_be_seen() {
        let mut history = History::new();
        history.granted(turn(1), 0, 50, 7);
        history.granted(turn(2), 100, 150, 8);
        history.released(turn(1), 1_000, 1_050);
        history.released(turn(2), 1_000, 1_050);
        let history = history.without_looks();
        let violations = crate::check::check(&history).violations;
        let broken: Vec<_> = violations
            .iter()
            .map(|violation| violation.invariant)
            .collect();
        assert!(broken.contains(&"a turn has one holder"), "{broken:?}");
    }

    #[test]
    fn a_later_grant_has_a_larger_token() {
        let mut history = History::new();
        history.granted(turn(1), 0, 50, SERVER_US + 20);
        history.released(turn(1), 100, 150);
        history.granted(turn(2), 200, 250, SERVER_US + 10);
        history.released(turn(2), 300, 350);
        let broken = history.broken();
        assert!(broken.contains(&"the tokens of a turn grow"), "{broken:?}");
    }

    #[test]
    fn no_token_is_given_twice() {
        let mut history = History::new();
        history.granted(turn(1), 0, 50, SERVER_US + 20);
        history.released(turn(1), 100, 150);
        history.granted(turn(2), 90, 250, SERVER_US + 20);
        history.released(turn(2), 300, 350);
        let broken = history.broken();
        assert!(broken.contains(&"the tokens of a turn grow"), "{broken:?}");
    }
}
