//! What others do to our keys.

use super::names::{any_key, id};
use super::{Line, words};
use crate::model::{Manner, World};
use crate::op::Op;
use harness::Draw;

const WORDS: [(i64, &str); 13] = [
    (14, "DEL"),
    (10, "SET"),
    (12, "ZADD"),
    (10, "ZREM"),
    (6, "HSET"),
    (3, "RPUSH"),
    (8, "RENAME"),
    (10, "COPY"),
    (6, "PEXPIRE"),
    (5, "PERSIST"),
    (1, "FLUSHALL"),
    (1, "FLUSHDB"),
    (8, "SELECT"),
];

pub(super) fn step(draw: &mut Draw, world: &World, connection: usize) -> Op {
    let word = draw.weighted(&WORDS);
    let key = any_key(draw);
    let mut line = words([word]);
    if !["FLUSHALL", "FLUSHDB", "SELECT"].contains(&word) {
        line.push(key.clone());
    }
    match word {
        "SET" => line.push(text(draw, world)),
        "ZADD" => line.extend([score(draw, world), id(draw)]),
        "ZREM" => {
            let holders = world.holder_ids(&key);
            line.push(super::names::id_of(draw, &holders));
        }
        "HSET" => line.extend(field(draw, world)),
        "RPUSH" => line.extend(words(["x"])),
        "RENAME" => line.push(any_key(draw)),
        "COPY" => {
            line.push(any_key(draw));
            if draw.percent(60) {
                line.extend(words(["REPLACE"]));
            }
        }
        "PEXPIRE" => line.extend(words([draw.one_of(&["1", "30", "1000", "90000"])])),
        "SELECT" => line.extend(words([draw.one_of(&["0", "0", "1"])])),
        _ => {}
    }
    Op::Send {
        connection,
        manner: Manner::Plain,
        words: line,
    }
}

/// What a string may hold: a turn, a bucket, and what only looks like one.
fn text(draw: &mut Draw, world: &World) -> Vec<u8> {
    let near = world.now + draw.between(-5_000, 5_000);
    let holder = draw.one_of(&["m1", "m2", "", "a b"]);
    let far = draw.one_of(&["99999999999999999999", "-5", "x", ""]);
    let text = match draw.between(1, 6) {
        1 => format!("{near} 7 {} 60000 {holder}", near - 10),
        2 => format!("{far} {near} 0 {far} {holder}"),
        3 => format!("{near}"),
        4 => format!("{near}000000"),
        5 => far.to_owned(),
        _ => format!("{near} 9000000000000000000 0 0 {holder}"),
    };
    text.into_bytes()
}

fn score(draw: &mut Draw, world: &World) -> Vec<u8> {
    let near = world.now + draw.between(-2_000, 2_000);
    let far = near + 400 * 86_400_000;
    let scores = [
        near.to_string(),
        far.to_string(),
        "0".to_owned(),
        "-7".to_owned(),
    ];
    let odd = ["inf", "-7.5", "1.5", "1e17"].map(str::to_owned);
    let scores = if draw.percent(25) {
        odd.to_vec()
    } else {
        scores.to_vec()
    };
    draw.one_of(&scores).into_bytes()
}

fn field(draw: &mut Draw, world: &World) -> Line {
    if draw.percent(50) {
        return field_of_budget(draw, world);
    }
    words([
        draw.one_of(&["seed", "x", "0123456789abcdef"]),
        draw.one_of(&["1", "x", "17", "9999999999999:a1"]),
    ])
}

fn field_of_budget(draw: &mut Draw, world: &World) -> Line {
    let near = world.now + draw.between(-2_000, 5_000);
    let far = "99999999999999999999";
    let texts = [
        "0".to_owned(),
        "-70".to_owned(),
        far.to_owned(),
        "x".to_owned(),
        String::new(),
        near.to_string(),
        format!("7 {near}"),
        format!("7 {far}"),
        format!("{far} {near}"),
        format!("{near}:7:1"),
        format!("{near}:7:1 {far}:{far}:{far}"),
    ];
    let field = draw.one_of(&["spent", "reserved", "@m1", "@m2"]);
    words([field.to_owned(), draw.one_of(&texts)])
}
