//! `TRIE.*`

use super::names::{ACCOUNTS, TRIES, key, span};
use super::{Line, words};
use harness::Draw;

const VERBS: [(i64, &str); 6] = [
    (40, "SAVE"),
    (30, "FIND"),
    (12, "FIND_RO"),
    (12, "DEL"),
    (6, "FORGET"),
    (6, "INFO"),
];
const LIVES: [i64; 6] = [1, 50, 1_000, 60_000, 3_600_000, 315_360_000_000];

/// Few segments in many orders: chains that begin alike, also by their bytes alone.
pub(super) fn chain(draw: &mut Draw) -> Vec<u8> {
    let dash = draw.one_of(&["-", "-", "-", "--"]);
    let segments = 0..draw.one_of(&[0, 1, 1, 2, 2, 3, 4, 6]);
    let segments = segments.map(|_| draw.one_of(&["s:1", "s:", "1", "u:2", "\0\u{fffd}"]));
    let chain: Vec<&str> = segments.collect();
    chain.join(dash).into_bytes()
}

pub(super) fn line(draw: &mut Draw) -> Line {
    let verb = draw.weighted(&VERBS);
    let mut line = words([format!("TRIE.{verb}").into_bytes(), key(draw, &TRIES)]);
    match verb {
        "SAVE" => {
            let saved = chain(draw);
            let last = i64::try_from(saved.len()).expect("no chain is that long");
            let cut = usize::try_from(draw.between(0, last)).expect("drawn from 0 up");
            let first = saved.iter().position(|byte| *byte == b'-');
            let replaced = if draw.percent(30) { Some(cut) } else { first };
            line.extend([saved.clone(), value(draw)]);
            line.extend(span(draw, &LIVES));
            if let Some(replaced) = replaced.filter(|_| draw.percent(25)) {
                line.extend([b"REPLACE".to_vec(), saved[..replaced].to_vec()]);
            }
        }
        "FIND" => {
            line.push(chain(draw));
            if draw.percent(50) {
                line.extend(span(draw, &LIVES));
            }
            if draw.percent(50) {
                line.extend(words(["WITHMATCH"]));
            }
        }
        "FIND_RO" => {
            line.push(chain(draw));
            if draw.percent(50) {
                line.extend(words(["WithMatch"]));
            }
        }
        "DEL" => line.push(chain(draw)),
        "FORGET" => {
            let cursor = draw.one_of(&["0", "0", "0", "3", "18446744073709551615"]);
            line.extend([cursor.into(), value(draw)]);
            let count = draw.one_of(&["1", "10000", "10000"]);
            line.extend(words(["COUNT", count]));
        }
        _ => {}
    }
    line
}

/// Mostly an account, for `AFFINITY` to find.
fn value(draw: &mut Draw) -> Vec<u8> {
    if draw.percent(10) {
        return draw.one_of(&[&b":"[..], b"\0", b"1:2:3"]).to_vec();
    }
    draw.one_of(&ACCOUNTS).into()
}
