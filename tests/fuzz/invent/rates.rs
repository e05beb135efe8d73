//! `RATE.*`

use super::names::{RATES, key};
use super::{Line, words};
use harness::Draw;

/// Burst, tokens, and the ms in which they flow in: from one per day to one per nanosecond.
const SHAPES: [[i64; 3]; 9] = [
    [10, 10, 1_000],
    [3, 1, 1_000],
    [1, 1, 86_400_000],
    [5, 7, 13],
    [1_000_000_000, 1_000_000_000, 60_000],
    [1_000_000_000_000, 1_000_000_000_000, 60_000],
    [3_000_000, 1_000_000, 1],
    [7, 3, 315_360_000_000],
    [100, 333_333, 1_000],
];

pub(super) fn rate(draw: &mut Draw) -> [i64; 3] {
    draw.one_of(&SHAPES)
}

pub(super) fn line(draw: &mut Draw) -> Line {
    let verb = draw.one_of(&["TAKE", "TAKE", "TAKE", "GIVE"]);
    let [burst, tokens, per] = rate(draw);
    let cost = match draw.between(1, 6) {
        1 => 0,
        2 => burst,
        3 => burst + 1,
        4 => draw.between(1, burst),
        _ => draw.between(1, 3),
    };
    let mut options = vec![
        words(["BURST".to_owned(), burst.to_string()]),
        words(["RATE".to_owned(), tokens.to_string()]),
        words(["PER".to_owned(), per.to_string()]),
    ];
    if verb == "GIVE" || draw.percent(70) {
        let cost = cost.min(1_000_000_000_000);
        options.push(words(["COST".to_owned(), cost.to_string()]));
    }
    if verb == "TAKE" && draw.percent(15) {
        options.push(words(["FORCE"]));
    }
    if draw.percent(20) {
        options.reverse();
    }
    let mut line = words([format!("RATE.{verb}").into_bytes(), key(draw, &RATES)]);
    line.extend(options.concat());
    line
}
