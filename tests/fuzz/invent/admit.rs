//! `QGATE.ADMIT`

use super::gates::limit;
use super::names::{ACCOUNTS, ALONE, OWN, TRIES, clause, id_of, key, lease};
use super::rates::rate;
use super::tries::chain;
use super::{Line, words};
use crate::model::{Family, World};
use harness::Draw;

pub(super) fn line(draw: &mut Draw, world: &World) -> Line {
    let all = gates(draw, &OWN, &[0, 0, 1, 1, 1, 2]);
    // The first of those is left to them alone, so that somewhere the order of gates is known.
    let any_of: &[&str] = if draw.percent(10) {
        &ALONE[1..]
    } else {
        &ACCOUNTS
    };
    let least = i64::from(all.is_empty());
    let any = gates(draw, any_of, &[least, 1, 1, 2, 2, 3, 4]);
    let keys = || all.iter().chain(&any);
    let known = keys().flat_map(|key| match draw_family(draw.percent(50)) {
        Family::Gate => world.waiting_ids(Family::Gate, key),
        Family::Turn => world.holder_ids(key),
    });
    let known: Vec<Vec<u8>> = known.collect();
    let known = if draw.percent(25) { known } else { Vec::new() };
    let mut options = vec![lease(draw)];
    options.extend((!all.is_empty()).then(|| list(draw, "ALL", &all)));
    options.extend((!any.is_empty()).then(|| list(draw, "ANY", &any)));
    options.extend((!any.is_empty()).then(|| preference(draw, &any)));
    if draw.percent(25) {
        options.push(rates(draw));
    }
    options.push(clause(draw, &["n:1", "n:2"]));
    if draw.percent(20) {
        options.reverse();
    }
    let mut line = words([b"QGATE.ADMIT".to_vec(), id_of(draw, &known)]);
    line.extend(options.concat());
    line
}

fn draw_family(waits: bool) -> Family {
    if waits { Family::Gate } else { Family::Turn }
}

fn gates(draw: &mut Draw, these: &[&str], counts: &[i64]) -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = Vec::new();
    for _ in 0..draw.one_of(counts) {
        let key = key(draw, these);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

fn list(draw: &mut Draw, option: &str, keys: &[Vec<u8>]) -> Line {
    let mut line = words([option.to_owned(), keys.len().to_string()]);
    for key in keys {
        line.push(key.clone());
        line.push(limit(draw).into_bytes());
    }
    line
}

fn preference(draw: &mut Draw, any: &[Vec<u8>]) -> Line {
    let mut line = Vec::new();
    if draw.percent(20) {
        line.extend(words(["PRIORITY"]));
        line.extend(
            any.iter()
                .map(|_| draw.between(-1, 1).to_string().into_bytes()),
        );
    }
    match draw.between(1, 10) {
        1 | 2 => line.extend([b"PREFER".to_vec(), draw.one_of(any)]),
        3 => line.extend([b"AFFINITY".to_vec(), key(draw, &TRIES), chain(draw)]),
        _ => return line,
    }
    if draw.percent(60) {
        let ms = draw.one_of(&["0", "5", "50", "1000", "86400000"]);
        line.extend(words(["PATIENCE", ms]));
    }
    line
}

fn rates(draw: &mut Draw) -> Line {
    let names = gates(draw, &super::names::RATES, &[1, 1, 2]);
    let mut line = words(["RATES".to_owned(), names.len().to_string()]);
    for name in names {
        let [burst, tokens, per] = rate(draw);
        line.push(name);
        let numbers = [burst, tokens, per, draw.one_of(&[0, 1, 1, 2, 10])];
        line.extend(words(numbers.map(|number| number.to_string())));
    }
    line
}
