//! `BUDGET.*`

use super::names::{BUDGETS, id, key, lease};
use super::{Line, words};
use crate::model::World;
use harness::Draw;

const COSTS: [&str; 6] = ["0", "1", "5", "5", "40", "9007199254740991"];
const LIMITS: [&str; 6] = ["0", "10", "60", "100", "100000", "9007199254740991"];
const KEEPS: [&str; 4] = ["1", "50", "5000", "2592000000"];

pub(super) fn line(draw: &mut Draw, world: &World) -> Line {
    match draw.between(1, 20) {
        1..=9 => reserve(draw, world),
        10..=12 => renew(draw),
        13..=18 => settle(draw, world),
        _ => words([b"BUDGET.INFO".to_vec(), key(draw, &BUDGETS)]),
    }
}

fn reserve(draw: &mut Draw, world: &World) -> Line {
    let mut line = words([
        b"BUDGET.RESERVE".to_vec(),
        key(draw, &BUDGETS),
        member(draw),
    ]);
    let mut options = [
        words(["COST", draw.one_of(&COSTS)]),
        words(["LIMIT", draw.one_of(&LIMITS)]),
        lease(draw),
    ];
    let rotated = usize::try_from(draw.between(0, 2)).expect("drawn from 0 up");
    options.rotate_left(rotated);
    line.extend(options.concat());
    line.extend(until(draw, world));
    for more in others(draw) {
        line.extend(more);
        line.extend(words(["LIMIT", draw.one_of(&LIMITS)]));
        line.extend(until(draw, world));
    }
    line
}

fn renew(draw: &mut Draw) -> Line {
    let mut line = words([b"BUDGET.RENEW".to_vec(), key(draw, &BUDGETS)]);
    line.extend(lease(draw));
    for _ in 0..draw.one_of(&[1, 1, 2, 5]) {
        line.push(member(draw));
    }
    line
}

fn settle(draw: &mut Draw, world: &World) -> Line {
    let mut line = words([b"BUDGET.SETTLE".to_vec(), key(draw, &BUDGETS), member(draw)]);
    line.extend(words([draw.one_of(&COSTS)]));
    if draw.percent(60) {
        line.extend(words(["KEEP", draw.one_of(&KEEPS)]));
    }
    line.extend(until(draw, world));
    for more in others(draw) {
        line.extend(more);
        line.extend(until(draw, world));
    }
    line
}

/// Mostly one of few, and at times one of so many that they are not swept at once.
fn member(draw: &mut Draw) -> Vec<u8> {
    match draw.percent(25) {
        true => format!("q{}", draw.between(0, 60)).into_bytes(),
        false => id(draw),
    }
}

/// Further budgets; the first one may be among them, which is an error.
fn others(draw: &mut Draw) -> Vec<Line> {
    let count = draw.one_of(&[0, 0, 0, 1, 1, 2]);
    let others = (0..count).map(|_| words([b"AND".to_vec(), key(draw, &BUDGETS)]));
    others.collect()
}

fn until(draw: &mut Draw, world: &World) -> Line {
    if draw.percent(50) {
        return Line::new();
    }
    let span = draw.one_of(&[-1_000, 10, 5_000, 86_400_000, 40 * 86_400_000]);
    words(["UNTIL".to_owned(), (world.now + span).max(1).to_string()])
}
