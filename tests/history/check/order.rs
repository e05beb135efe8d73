//! First come, first served within a flow, and nobody who comes later passes those who wait. Looks tell who stands in
//! line, and where: somebody seen there who cannot have left since is still there.

use std::collections::{HashMap, HashSet};

use super::Found;
use super::scene::{Scene, Scenery};
use super::visit::Visit;
use crate::record::{Ask, Entry, FlowNumber, Id, Key, Look, Micros};
use crate::whole::Whole;

/// A span in which somebody certainly stood in line.
#[derive(Clone, Copy, Debug)]
struct Stand<'s, 'a> {
    visit: &'s Visit<'a>,
    from: Micros,
    until: Micros,
}

pub(super) fn within_flows(scene: &Scene<'_>) -> Found {
    let mut found = Found::new();
    for scenery in &scene.keys {
        let pairs = scenery.looks.windows(2);
        found.extend(pairs.flat_map(|pair| passed_between(scene, pair[0], pair[1])));
        let stands = stands(scene, scenery);
        let newcomers = scene.visits_to(scenery).filter_map(|visit| {
            let (entry, ask, number) = visit.granted_anew()?;
            let comes_last = ask.waits() && ask.waited_ms == 0 && !ask.names_no_limit();
            comes_last.then_some((entry, ask, number))
        });
        for (entry, ask, number) in newcomers {
            let own_flow = stands
                .iter()
                .filter(|stand| stand.visit.flow() == ask.flow && wants_the_same(stand.visit, ask));
            let mut passed = own_flow
                .filter(|stand| stand.from <= entry.asked)
                .filter(|stand| entry.ended <= stand.until || has_larger_token(stand, number));
            found.extend(passed.next().map(|stand| shown(stand.visit, entry)));
        }
    }
    found
}

/// Who does not wait is granted only where nobody waits, or where it names no limit.
pub(super) fn nobody_barges(scene: &Scene<'_>) -> Found {
    let mut found = Found::new();
    for scenery in &scene.keys {
        let stands = stands(scene, scenery);
        let granted = scene.visits_to(scenery).filter_map(Visit::granted_anew);
        let barging = |(_, ask, _): &(_, &Ask, _)| !ask.waits() && !ask.names_no_limit();
        for (entry, ask, _) in granted.filter(barging) {
            let passes = |stand: &&Stand<'_, '_>| {
                let waits = stand.from <= entry.asked && entry.ended <= stand.until;
                waits && wants_the_same(stand.visit, ask)
            };
            found.extend(
                stands
                    .iter()
                    .find(passes)
                    .map(|stand| shown(stand.visit, entry)),
            );
        }
    }
    found
}

/// Whether the two can only be served one after the other: what the one waits for is what the other one asks for.
fn wants_the_same(waiting: &Visit<'_>, ask: &Ask) -> bool {
    let (whole, other) = (waiting.whole(), ask.whole());
    whole == other && whole.is_none_or(|whole| whole.preferred.is_none())
}

/// Whoever was granted between two looks had in front of it, in its flow, nobody who still waits.
fn passed_between(scene: &Scene<'_>, first: &Look, second: &Look) -> Found {
    if first.reign != second.reign {
        return Found::new();
    }
    let still: HashSet<Id> = second.waiters.iter().map(|(id, _)| *id).collect();
    let mut waiting: HashMap<(FlowNumber, Option<Whole>), &Visit<'_>> = HashMap::new();
    let mut found = Found::new();
    for (id, flow) in &first.waiters {
        let Some(visit) = scene.visit(first.key, *id) else {
            continue;
        };
        if still.contains(id) {
            if visit.stays_until > second.ended {
                waiting.entry((*flow, visit.whole())).or_insert(visit);
            }
        } else if let (Some(front), Some((entry, ask, _))) =
            (waiting.get(&(*flow, visit.whole())), visit.granted_anew())
            && first.ended <= entry.ended
            && wants_the_same(front, ask)
        {
            found.push(shown(front, entry));
        }
    }
    found
}

/// Granted itself only after whoever was granted under this number.
fn has_larger_token(stand: &Stand<'_, '_>, number: i64) -> bool {
    let own = stand.visit.granted_anew();
    matches!(stand.visit.key, Key::Turn(_))
        && own.is_some_and(|(entry, _, own)| own > number && entry.ended <= stand.visit.stays_until)
}

fn stands<'s, 'a>(scene: &'s Scene<'a>, scenery: &Scenery<'a>) -> Vec<Stand<'s, 'a>> {
    let mut stands: HashMap<Id, Stand<'s, 'a>> = HashMap::new();
    for look in &scenery.looks {
        for (id, _) in &look.waiters {
            let visit = scene.visit(look.key, *id);
            let Some(visit) = visit.filter(|visit| look.ended <= visit.stays_until) else {
                continue;
            };
            let stand = stands.entry(*id).or_insert(Stand {
                visit,
                from: look.ended,
                until: look.asked,
            });
            stand.until = look.asked;
        }
    }
    let mut stands: Vec<_> = stands.into_values().collect();
    for stand in &mut stands {
        if stand.visit.granted().is_none() {
            let left = stand.visit.stays_until.min(stand.visit.asks_ended());
            stand.until = stand.until.max(left);
        }
    }
    stands.sort_by_key(|stand| stand.from);
    stands
}

fn shown(front: &Visit<'_>, passed_by: &Entry) -> (String, Vec<String>) {
    let mut lines = vec![passed_by.to_string()];
    lines.extend(front.entries.iter().map(ToString::to_string));
    (format!("it passed {}, who was in line", front.id), lines)
}

#[cfg(test)]
mod tests {
    use crate::check::made::{History, SERVER_US, assert_clean, assert_only, gate, turn};

    const ORDER: &str = "first come, first served within a flow";
    const BARGING: &str = "nobody passes those who wait";

    /// Two wait for the slot of a third; `first` is granted before `second`.
    fn two_in_line(first: u64, second: u64) -> History {
        let slot = |id| gate(id, 1).blocking(100);
        let mut history = History::new();
        history.granted(gate(1, 1), 0, 50, 1);
        history.looked(300, &[1], &[2, 3]);
        history.released(gate(1, 1), 400, 500);
        history.granted(slot(first), 100 + first as i64, 480, 1);
        history.looked(600, &[first], &[second]);
        history.released(slot(first), 700, 800);
        history.granted(slot(second), 100 + second as i64, 780, 1);
        history.released(slot(second), 900, 950);
        history
    }

    #[test]
    fn the_first_in_line_is_granted_first() {
        assert_clean(&two_in_line(2, 3).made());
        assert_only(&two_in_line(3, 2).made(), ORDER);
    }

    #[test]
    fn who_comes_later_is_not_granted_while_an_earlier_one_waits() {
        let granted = |of_flow: u8| {
            let mut history = History::new();
            history.granted(gate(1, 1), 0, 50, 1);
            history.looked(300, &[1], &[2]);
            history.released(gate(1, 1), 400, 440);
            let late = gate(3, 1).blocking(100).of_flow(of_flow);
            history.granted(late.clone(), 350, 450, 1);
            history.released(late, 500, 540);
            history.looked(550, &[], &[2]);
            history.granted(gate(2, 1).blocking(100), 100, 600, 1);
            history.released(gate(2, 1), 700, 800);
            history.made()
        };
        assert_only(&granted(0), ORDER);
        assert_clean(&granted(1));
    }

    #[test]
    fn tokens_tell_who_was_first() {
        let granted = |first, second| {
            let mut history = History::new().of_turn();
            history.granted(turn(1), 0, 50, SERVER_US + 20);
            history.looked(100, &[1], &[2]);
            history.released(turn(1), 300, 900);
            let asked = |id| if id == 2 { 60 } else { 200 };
            for (id, token, at) in [(first, 410, 900), (second, 950, 970)] {
                history.granted(turn(id).blocking(100), asked(id), at, SERVER_US + token);
                history.released(turn(id), at + 2, at + 30);
            }
            history.made()
        };
        assert_clean(&granted(2, 3));
        assert_only(&granted(3, 2), ORDER);
    }

    #[test]
    fn who_does_not_wait_is_not_granted_past_those_who_do() {
        let granted = |asks_at| {
            let mut history = History::new();
            history.granted(gate(1, 1), 0, 50, 1);
            history.looked(300, &[1], &[2]);
            history.released(gate(1, 1), 310, 320);
            history.granted(gate(3, 1).of_flow(1), asks_at, asks_at + 50, 1);
            history.released(gate(3, 1), asks_at + 60, asks_at + 65);
            history.looked(500, &[], &[2]);
            history.granted(gate(2, 1).blocking(100), 100, 560, 1);
            history.released(gate(2, 1), 700, 800);
            history.made()
        };
        assert_only(&granted(350), BARGING);
        assert_clean(&granted(800));
    }
}
