//! `QGATE.*` but `QGATE.ADMIT`

use super::names::{ACCOUNTS, ALONE, OWN, UNHEARD, clause, id_of, key, lease, span};
use super::{Line, words};
use crate::model::{Family, World};
use harness::Draw;

const VERBS: [(i64, &str); 11] = [
    (42, "ACQUIRE"),
    (5, "RENEW"),
    (18, "RELEASE"),
    (8, "LEAVE"),
    (4, "CANCEL"),
    (4, "CLOSE"),
    (4, "OPEN"),
    (4, "COUNT"),
    (3, "MEMBERS"),
    (4, "WAITERS"),
    (5, "INFO"),
];

pub(super) fn gate(draw: &mut Draw) -> Vec<u8> {
    let kinds: [(i64, &[&str]); 3] = [(5, &ALONE), (3, &OWN), (4, &ACCOUNTS)];
    let kind = draw.weighted(&kinds);
    key(draw, kind)
}

pub(super) fn limit(draw: &mut Draw) -> String {
    draw.one_of(&["1", "1", "1", "2", "2", "3", "20", "0"])
        .to_owned()
}

pub(super) fn line(draw: &mut Draw, world: &World) -> Line {
    let verb = draw.weighted(&VERBS);
    if verb == "LEAVE" {
        return leave(draw, world);
    }
    let key = if draw.percent(12) {
        UNHEARD.into()
    } else {
        gate(draw)
    };
    let holders = world.holder_ids(&key);
    let waiting = world.waiting_ids(Family::Gate, &key);
    let mut line = words([format!("QGATE.{verb}").into_bytes(), key.clone()]);
    match verb {
        "ACQUIRE" => acquire(draw, &mut line, &waiting),
        "RENEW" => {
            line.extend(lease(draw));
            line.push(id_of(draw, &holders));
            if draw.percent(30) {
                line.push(id_of(draw, &holders));
            }
        }
        "RELEASE" => {
            line.push(id_of(draw, &holders));
            if draw.percent(25) {
                line.push(id_of(draw, &holders));
            }
        }
        "CANCEL" => line.push(id_of(draw, &waiting)),
        "CLOSE" => line.extend(span(draw, &[1, 20, 100, 3_000, 315_360_000_000])),
        "COUNT" => line.push(gate(draw)),
        "MEMBERS" | "WAITERS" if draw.percent(30) => line.extend(words(["COUNT", "2"])),
        _ => {}
    }
    line
}

fn acquire(draw: &mut Draw, line: &mut Line, waiting: &[Vec<u8>]) {
    let is_unheard = line[1] == UNHEARD.as_bytes();
    let again: &[Vec<u8>] = if draw.percent(15) { waiting } else { &[] };
    line.push(id_of(draw, again));
    line.extend(words(["LIMIT".to_owned(), limit(draw)]));
    line.extend(lease(draw));
    let channels: &[&str] = if is_unheard {
        &["n:1", "n:2", "n:3"]
    } else {
        &["n:1", "n:2"]
    };
    line.extend(clause(draw, channels));
}

fn leave(draw: &mut Draw, world: &World) -> Line {
    let mut keys: Vec<Vec<u8>> = Vec::new();
    for _ in 0..draw.between(1, 4) {
        let key = gate(draw);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let holders: Vec<_> = keys.iter().flat_map(|key| world.holder_ids(key)).collect();
    let member = id_of(draw, &holders);
    let count = keys.len().to_string().into_bytes();
    [vec![b"QGATE.LEAVE".to_vec(), member, count], keys].concat()
}
