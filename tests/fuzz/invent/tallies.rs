//! `TALLY.ADD`

use super::names::{COUNTERS, IDS, RECORDS, id, key, span};
use super::{Line, words};
use harness::Draw;

const KEEPS: [i64; 6] = [1, 20, 1_000, 60_000, 3_600_000, 315_360_000_000];
/// The last ones reach beyond what a counter holds, some of them back again.
const INCREMENTS: [&str; 9] = [
    "1",
    "1",
    "1",
    "0",
    "-7",
    "512",
    "4611686018427387904",
    "9223372036854775807",
    "-9223372036854775808",
];

pub(super) fn line(draw: &mut Draw) -> Line {
    // Also so many that they are not swept at once.
    let id = match draw.percent(50) {
        true => format!("q{}", draw.between(0, 60)).into_bytes(),
        false => id(draw),
    };
    let mut line = words([b"TALLY.ADD".to_vec(), key(draw, &IDS), id]);
    line.extend(span(draw, &KEEPS));
    let count = draw.one_of(&[0, 1, 1, 1, 2, 3, 5, 64]);
    line.extend(words([count.to_string()]));
    for _ in 0..count {
        let small = count > 5 || draw.percent(80);
        let increments = if small { &INCREMENTS[..6] } else { &INCREMENTS };
        line.push(key(draw, &COUNTERS));
        line.extend(words([
            draw.one_of(&["x", "y", "seed", "0123456789abcdef"]),
            draw.one_of(increments),
        ]));
    }
    if count == 0 || draw.percent(30) {
        line.extend(record(draw));
    }
    line
}

fn record(draw: &mut Draw) -> Line {
    let mut line = words(["RECORD"]);
    line.push(key(draw, &RECORDS));
    let most = draw.one_of(&["1", "3", "20", "1000000000"]);
    line.extend(words(["MAXLEN", most]));
    for _ in 0..draw.one_of(&[1, 1, 2, 3, 64]) {
        let value = draw.one_of(&["", "1", "-7", "a b", "RECORD"]);
        line.extend([id(draw), value.into()]);
    }
    line
}
