//! Between a turn's being given back and the next grant lies at least the `DELAY` that the next one asks for, by the
//! server's clock: the token tells when it granted, a release came no earlier than it was asked for.

use super::Found;
use super::hold::{Ending, Hold};
use super::scene::{Scene, Scenery};
use super::server_clock::ServerClock;
use super::turn::{by_token, shown};
use crate::record::Way;

/// Stamps are whole milliseconds.
const ROUNDING: i64 = 1_000;
/// How much later than its own time an execution can have drawn a token.
const EXECUTION: i64 = 1_000;
/// How many grants before one are looked at: the last of them has the latest stamp, unless it was given back without.
const BEFORE: usize = 8;

pub(super) fn kept(scene: &Scene<'_>) -> Found {
    let Some(clock) = scene.clock else {
        return Found::new();
    };
    let of_key = |scenery| {
        let holds = by_token(scenery);
        let spaced = (0..holds.len()).filter(|place| holds[*place].ask.delay_ms() > 0);
        let too_soon = spaced.filter_map(|place| {
            let before = &holds[place.saturating_sub(BEFORE)..place];
            too_soon(clock, scenery, before, holds[place])
        });
        too_soon.collect::<Found>()
    };
    scene.keys.iter().flat_map(of_key).collect()
}

fn too_soon(
    clock: ServerClock,
    scenery: &Scenery<'_>,
    before: &[&Hold<'_>],
    hold: &Hold<'_>,
) -> Option<(String, Vec<String>)> {
    let remembered = |before: &&&Hold<'_>| {
        let mut wrecks = scenery.wrecks.iter();
        !wrecks.any(|wreck| wreck.ended >= before.earliest && wreck.asked <= hold.grant.ended)
    };
    let stamps = before.iter().filter(remembered);
    let stamps = stamps.filter_map(|before| Some((stamp(clock, before)?, before)));
    let (stamp, before) = stamps.max_by_key(|(stamp, _)| *stamp)?;
    let passed = hold.number - stamp;
    let what = format!(
        "{passed} us at most, {} ms were asked for",
        hold.ask.delay_ms()
    );
    (passed < hold.ask.delay_ms() * 1_000 - ROUNDING).then(|| (what, shown(before, hold)))
}

/// The earliest time at which it can have been given back, if that was stamped.
fn stamp(clock: ServerClock, hold: &Hold<'_>) -> Option<i64> {
    match hold.ending {
        Ending::GivenBack(entry, Way::Release) => Some(clock.at_least(entry.asked)),
        Ending::LeftToEnd => Some(hold.number - ROUNDING - EXECUTION + hold.ask.lease_ms * 1_000),
        Ending::GivenBack(_, Way::NoStamp | Way::Leave | Way::LeaveAll(_)) | Ending::Unknown => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::made::{History, SERVER_US, assert_clean, assert_only, turn};
    use crate::record::{Act, Answer, Key};

    const SPACED: &str = "grants of a turn are spaced";

    fn released_and_granted(granted_at: i64) -> History {
        let mut history = History::new();
        history.granted(turn(1), 0, 50, SERVER_US + 20);
        history.released(turn(1), 100, 150);
        let second = turn(2).blocking(100).delayed(5);
        history.granted(second.clone(), 200, 9_000, SERVER_US + granted_at);
        history.released(second, 9_900, 9_950);
        history
    }

    #[test]
    fn the_delay_runs_from_the_release_to_the_grant() {
        assert_clean(&released_and_granted(5_150).made());
        assert_only(&released_and_granted(3_000).made(), SPACED);
    }

    #[test]
    fn a_lease_that_ended_by_itself_counts_as_given_back_at_its_end() {
        let granted = |granted_at: i64| {
            let mut history = History::new();
            history.granted(turn(1).leased(10), 0, 50, SERVER_US + 20);
            let second = turn(2).blocking(100).delayed(5);
            history.granted(second.clone(), 200, 19_000, SERVER_US + granted_at);
            history.released(second, 19_900, 19_950);
            history.made()
        };
        assert_clean(&granted(15_100));
        assert_only(&granted(12_000), SPACED);
    }

    #[test]
    fn a_deleted_turn_remembers_no_release() {
        let mut history = released_and_granted(3_000);
        history.noted(
            Act::Delete { key: Key::Turn(0) },
            160,
            190,
            Answer::Count(1),
        );
        assert_clean(&history.made());
    }
}
