//! Flows share a line by their weights: while two of them both have waiters all the time, one of weight v is served at
//! most n/w * v + 1 + v/w times while one of weight w is served n times. For start-time fair queueing, since the tag of a
//! flow that waits is neither before the clock nor more than its own cost ahead of it, at the beginning as at the end.
//! Counted between looks, in steps: what was certainly served of one flow against what can have been of the other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Found;
use super::scene::{Scene, Scenery};
use super::visit::Visit;
use crate::record::{Answer, Entry, FlowNumber, Key, Look};
use crate::whole;

/// How often a flow was served from one look to the next.
#[derive(Clone, Copy, Debug, Default)]
struct Served {
    certainly: i64,
    possibly: i64,
}

/// Whether the last token that each look saw tells which grants it saw: not where the key was deleted in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tokens {
    Tell,
    Jump,
}

#[derive(Debug)]
struct Step {
    /// The flows that had waiters all the time, with their weights.
    waiting: BTreeMap<FlowNumber, i64>,
    served: BTreeMap<FlowNumber, Served>,
}

pub(super) fn between_flows(scene: &Scene<'_>) -> Found {
    let mut found = Found::new();
    // Where several gates are wanted at once, who has to stand aside is passed by other flows.
    let keys = scene.keys.iter();
    for scenery in keys.filter(|scenery| !whole::is_part(scenery.key)) {
        let steps = steps(scene, scenery);
        let flows: BTreeSet<_> = steps.iter().flat_map(|step| step.waiting.keys()).collect();
        for favoured in &flows {
            let others = flows.iter().filter(|other| other != &favoured);
            found.extend(others.filter_map(|other| unfair(scenery, &steps, **favoured, **other)));
        }
    }
    found
}

/// The steps in a row in which the favoured flow was furthest beyond its share, if that is too far.
fn unfair(
    scenery: &Scenery<'_>,
    steps: &[Step],
    favoured: FlowNumber,
    other: FlowNumber,
) -> Option<(String, Vec<String>)> {
    let (mut ahead, mut since, mut counted) = (0, 0, (0, 0));
    for (place, step) in steps.iter().enumerate() {
        let weights = (step.waiting.get(&favoured), step.waiting.get(&other));
        let (Some(weight), Some(other_weight)) = weights else {
            (ahead, since, counted) = (0, place + 1, (0, 0));
            continue;
        };
        let served = step
            .served
            .get(&favoured)
            .copied()
            .unwrap_or_default()
            .certainly;
        let others = step
            .served
            .get(&other)
            .copied()
            .unwrap_or_default()
            .possibly;
        ahead += served * other_weight - others * weight;
        counted = (counted.0 + served, counted.1 + others);
        if ahead <= 0 {
            (ahead, since, counted) = (0, place + 1, (0, 0));
        }
        if ahead > weight + other_weight {
            let what = format!(
                "flow {favoured} of weight {weight} was served {} times, flow {other} of weight {other_weight} at most {}",
                counted.0, counted.1
            );
            let looks = [since, place + 1].map(|place| shown(scenery.looks[place]));
            return Some((what, looks.to_vec()));
        }
    }
    None
}

fn steps(scene: &Scene<'_>, scenery: &Scenery<'_>) -> Vec<Step> {
    let pairs = scenery.looks.windows(2);
    let mut steps: Vec<_> = pairs
        .map(|pair| Step {
            waiting: waiting(scene, pair[0], pair[1]),
            served: BTreeMap::new(),
        })
        .collect();
    let mut last_seen = BTreeMap::new();
    for (place, look) in scenery.looks.iter().enumerate() {
        last_seen.extend(look.waiters.iter().map(|(id, _)| (*id, place)));
    }
    let tokens = match scenery.looks.is_sorted_by_key(|look| look.token) {
        true => Tokens::Tell,
        false => Tokens::Jump,
    };
    for visit in scene.visits_to(scenery) {
        let seen = last_seen.get(&visit.id).copied();
        for (within, certainly) in services(visit, &scenery.looks, tokens, seen) {
            let within = within.start.min(steps.len())..within.end.min(steps.len());
            for step in &mut steps[within] {
                let served = step.served.entry(visit.flow()).or_default();
                served.possibly += 1;
                served.certainly += certainly;
            }
        }
    }
    steps
}

/// The flows of which somebody waited from the one look to the other.
fn waiting(scene: &Scene<'_>, first: &Look, second: &Look) -> BTreeMap<FlowNumber, i64> {
    if first.reign != second.reign {
        return BTreeMap::new();
    }
    let both = first
        .waiters
        .iter()
        .filter(|waiter| second.waiters.contains(waiter));
    let visits = both.filter_map(|(id, _)| scene.visit(first.key, *id));
    let stayed = visits.filter(|visit| visit.stays_until >= second.ended);
    stayed.map(|visit| (visit.flow(), visit.weight())).collect()
}

/// The steps in each of which a visitor can have been served by its place in the line, and how often it certainly was.
fn services(
    visit: &Visit<'_>,
    looks: &[&Look],
    tokens: Tokens,
    last_seen: Option<usize>,
) -> Vec<(Range<usize>, i64)> {
    let waiting: Vec<_> = visit.asks().filter(|(_, ask)| ask.waits()).collect();
    if let ([(_, ask)], Some((granted, _, number))) = (&waiting[..], visit.granted_anew()) {
        let within = match (visit.key, tokens, last_seen) {
            (Key::Turn(_), Tokens::Tell, _) => {
                let after = looks.partition_point(|look| look.token < number);
                after.saturating_sub(1)..after
            }
            (.., Some(seen)) => seen..seen + 1,
            (.., None) => between(looks, granted),
        };
        let past_the_line = last_seen.is_none() && ask.names_no_limit();
        let certainly = within.len() == 1 && !past_the_line;
        return vec![(within, i64::from(certainly))];
    }
    let served = waiting.into_iter().filter(|(entry, _)| {
        !matches!(
            entry.answer,
            Answer::Refused | Answer::LineFull | Answer::NotHere
        )
    });
    served
        .map(|(entry, _)| (between(looks, entry), 0))
        .collect()
}

/// The steps that began before an answer came and ended after it was asked for.
fn between(looks: &[&Look], entry: &Entry) -> Range<usize> {
    let before = looks.partition_point(|look| look.ended <= entry.asked);
    let after = looks.partition_point(|look| look.asked < entry.ended);
    before.saturating_sub(1)..after
}

fn shown(look: &Look) -> String {
    let waiters = look
        .waiters
        .iter()
        .map(|(id, flow)| format!("{id} of flow {flow}"));
    let at = look.asked as f64 / 1e3;
    format!(
        "{at:.3} ms, in line for {}: {}",
        look.key,
        waiters.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use crate::check::made::{History, SERVER_US, assert_clean, assert_only, turn};

    const SHARES: &str = "flows share by their weights";

    /// Two flows wait all the time; the grants go to these flows, one after the other, and one of each is left.
    fn served(flows: &[u8], weights: [i64; 3]) -> crate::record::History {
        let mut history = History::new().of_turn();
        let ask = |id: u64, flow: u8| {
            let weight = weights[usize::from(flow)];
            turn(id).blocking(900).of_flow(flow).of_weight(weight)
        };
        let grants = flows.iter().zip(1_u64..).map(|(flow, id)| (id, *flow));
        let mut line: Vec<(u64, u8)> = grants.chain([(101, 1), (102, 2)]).collect();
        for (id, flow) in [(101, 1), (102, 2)] {
            history.waited(ask(id, flow), 10 + id as i64, 900_500);
        }
        for (place, flow) in (1..).zip(flows) {
            let (id, at) = (place as u64, place * 1_000);
            history.looked_at_flows(at, &line, SERVER_US + at - 10);
            line.retain(|(waiting, _)| *waiting != id);
            history.granted(ask(id, *flow), 10 + place, at + 300, SERVER_US + at + 250);
            history.released(turn(id), at + 800, at + 850);
        }
        let end = 1_000 * (flows.len() as i64 + 1);
        history.looked_at_flows(end, &line, SERVER_US + end - 10);
        history.made()
    }

    #[test]
    fn equal_flows_may_differ_by_two_services_and_no_more() {
        assert_clean(&served(&[1, 2, 1, 2, 1, 1, 2, 1, 2], [1; 3]));
        assert_clean(&served(&[1, 1, 2, 2, 1, 2], [1; 3]));
        assert_only(&served(&[1, 2, 1, 1, 2, 1, 1], [1; 3]), SHARES);
    }

    #[test]
    fn a_flow_of_weight_four_is_served_four_times_as_often() {
        let shares = [1, 2, 2, 2, 2, 1, 2, 2, 2, 2, 1];
        assert_clean(&served(&shares, [1, 1, 4]));
        assert_only(&served(&shares, [1, 1, 1]), SHARES);
        assert_only(&served(&[2, 1, 1, 2, 1, 1], [1, 1, 4]), SHARES);
    }
}
