//! The few names that all steps share, so that they meet.

use super::Line;
use harness::Draw;

pub(super) const TURNS: [&str; 3] = ["t0", "t1", "t2"];
/// Gates that are asked for alone.
pub(super) const ALONE: [&str; 2] = ["g0", "g1"];
/// A gate at which some wait whom nobody hears: never one of several, so that its order is known.
pub(super) const UNHEARD: &str = "g2";
/// Callers' own gates, and accounts.
pub(super) const OWN: [&str; 3] = ["o0", "o1", "o2"];
pub(super) const ACCOUNTS: [&str; 4] = ["a0", "a1", "a2", "a3"];
pub(super) const TRIES: [&str; 2] = ["h0", "h1"];
pub(super) const RATES: [&str; 3] = ["r0", "r1", "r2"];
pub(super) const BUDGETS: [&str; 3] = ["b0", "b1", "b2"];
/// What has been counted, and the counters.
pub(super) const IDS: [&str; 2] = ["i0", "i1"];
pub(super) const COUNTERS: [&str; 3] = ["c0", "c1", "c2"];
pub(super) const RECORDS: [&str; 2] = ["s0", "s1"];

const FLOWS: [&str; 4] = ["f0", "f1", "f2", "FLOW"];
const ODD_IDS: [&[u8]; 6] = [b"\0\xff \r\n", b"PX", b"LIMIT", b"ANY", b"NOTIFY", b"a:b:c"];

/// In ms. Some are over before long, some never.
const LEASES: [i64; 10] = [
    1,
    3,
    20,
    50,
    100,
    500,
    5_000,
    60_000,
    3_600_000,
    2_592_000_000,
];

/// A key of any kind; with luck one that holds something else.
pub(super) fn any_key(draw: &mut Draw) -> Vec<u8> {
    let families: [&[&str]; 10] = [
        &TURNS, &ALONE, &OWN, &ACCOUNTS, &TRIES, &RATES, &BUDGETS, &IDS, &COUNTERS, &RECORDS,
    ];
    let family = draw.one_of(&families);
    draw.one_of(family).into()
}

/// Mostly one of these.
pub(super) fn key(draw: &mut Draw, these: &[&str]) -> Vec<u8> {
    if draw.percent(2) {
        return any_key(draw);
    }
    draw.one_of(these).into()
}

pub(super) fn id(draw: &mut Draw) -> Vec<u8> {
    if draw.percent(3) {
        return draw.one_of(&ODD_IDS).to_vec();
    }
    format!("m{}", draw.between(0, 9)).into_bytes()
}

/// One of these ids, if there are any, or another.
pub(super) fn id_of(draw: &mut Draw, known: &[Vec<u8>]) -> Vec<u8> {
    if !known.is_empty() && draw.percent(75) {
        return draw.one_of(known);
    }
    id(draw)
}

pub(super) fn lease(draw: &mut Draw) -> Line {
    span(draw, &LEASES)
}

pub(super) fn span(draw: &mut Draw, these: &[i64]) -> Line {
    let ms = draw.one_of(these);
    if ms % 1_000 == 0 && draw.percent(30) {
        return super::words(["EX".to_owned(), (ms / 1_000).to_string()]);
    }
    let name = draw.one_of(&["PX", "PX", "px"]);
    super::words([name.to_owned(), ms.to_string()])
}

/// The waiting clause. Somebody listens on all channels but the last.
pub(super) fn clause(draw: &mut Draw, channels: &[&str]) -> Line {
    let mut line = Vec::new();
    if draw.percent(65) {
        let channel = draw.one_of(channels);
        let ms = draw.one_of(&[0, 0, 0, 0, 0, 0, 1, 10, 100, 60_000]);
        line.extend(["NOTIFY".to_owned(), channel.to_owned(), ms.to_string()]);
    } else if draw.percent(5) {
        line.extend(["BLOCK".to_owned(), "0".to_owned()]);
    }
    if draw.percent(8) {
        line.extend(["QUEUE".to_owned(), draw.between(0, 4).to_string()]);
    }
    if draw.percent(60) {
        line.extend(["FLOW".to_owned(), draw.one_of(&FLOWS).to_owned()]);
        if draw.percent(30) {
            line.extend([
                "WEIGHT".to_owned(),
                draw.one_of(&["1", "2", "3", "100"]).to_owned(),
            ]);
        }
    }
    if draw.percent(10) {
        let ms = draw.one_of(&[0, 1, 50, 300_000]);
        line.extend(["WAITED".to_owned(), ms.to_string()]);
    }
    super::words(line)
}
