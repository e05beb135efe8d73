//! Bad input of `QGATE.ADMIT`: every argument, every bound, and keys named twice in any two roles.

use super::{
    LEASE_MS, Refusal, all_refused, integers, lengths, rows, spans, strange_words, valueless,
    waiting, wrong_numbers,
};
use crate::aof::appending;
use crate::unchanged::changes_nothing;

/// A call that the server `all_refused` starts would refuse without changing anything: `g` is full.
const FULL: &str = "QGATE.ADMIT m PX 1000 ALL 1 g 1 ANY 1 a 1";

/// A list of gates behind `option`, with each of its words spoiled.
fn gates(option: &str, most: i64) -> Vec<Refusal> {
    let before = format!("QGATE.ADMIT m PX 1000 {option}");
    let mut table = integers(option, 1, most, &before, "g 1");
    table.extend(integers(
        "limit",
        0,
        1_000_000,
        &format!("{before} 1 g"),
        "",
    ));
    table.extend(integers(
        "limit",
        0,
        1_000_000,
        &format!("{before} 2 g 1 a"),
        "PX 5",
    ));
    // A line of fewer words has the wrong number of them.
    for line in [
        &format!("QGATE.ADMIT m FLOW f PX 1000 {option}"),
        &format!("QGATE.ADMIT m FLOW f PX 1000 {option} 1"),
        &format!("{before} 2 g 1"),
    ] {
        table.push((
            line.clone(),
            format!("ERR syntax error: {option} needs a value"),
        ));
    }
    table
}

#[test]
fn the_member_and_the_lease_are_checked() {
    let mut table = wrong_numbers(
        "qgate.admit",
        ["", "m", "m PX 5", "m PX 5 ALL", "m PX 5 ALL 1"],
    );
    let after = "PX 1000 ALL 1 g 1";
    table.extend(lengths("member", 512, "QGATE.ADMIT", after));
    table.extend(spans("qgate.admit", LEASE_MS, "QGATE.ADMIT m", "ALL 1 g 1"));
    table.extend(spans(
        "qgate.admit",
        LEASE_MS,
        "QGATE.ADMIT m ALL 1 g 1",
        "",
    ));
    table.extend(rows([
        (
            "QGATE.ADMIT m ALL 1 g 1 ANY 1 a 1",
            "ERR syntax error: PX is missing",
        ),
        (
            "QGATE.ADMIT m ALL 1 g 1 BLOCK 5 PX",
            "ERR syntax error: PX needs a value",
        ),
        (
            "QGATE.ADMIT m PX 5 ALL 1 g 1 EX 5",
            "ERR syntax error: unexpected 'EX'",
        ),
        (
            "QGATE.ADMIT m PX 5 BLOCK 5 QUEUE 5",
            "ERR syntax error: ALL or ANY is missing",
        ),
        (
            "QGATE.ADMIT m PX 5 RATES 1 r 5 5 5 1",
            "ERR syntax error: ALL or ANY is missing",
        ),
    ]));
    table.extend(strange_words_where_none_is(FULL));
    all_refused(&table);
}

/// Strange words behind a line and in its middle, but those that another table has.
fn strange_words_where_none_is(line: &str) -> Vec<Refusal> {
    let mut table = strange_words(line, "");
    table.extend(strange_words("QGATE.ADMIT m", "PX 1000 ALL 1 g 1"));
    // A patience that lacks its value is not a word without a place.
    table.retain(|(line, _)| !line.contains("PATIENCE"));
    table
}

#[test]
fn the_gates_of_all_are_checked() {
    let mut table = gates("ALL", 64);
    let twice = "QGATE.ADMIT m PX 5 ALL 1 g 1 ALL 1 a 1".to_owned();
    table.push((twice, "ERR syntax error: unexpected 'ALL'".to_owned()));
    all_refused(&table);
}

#[test]
fn the_gates_of_any_are_checked() {
    let mut table = gates("ANY", 1_000);
    let twice = "QGATE.ADMIT m PX 5 ANY 1 g 1 any 1 a 1".to_owned();
    table.push((twice, "ERR syntax error: unexpected 'any'".to_owned()));
    all_refused(&table);
}

#[test]
fn priorities_and_preferences_are_checked() {
    let before = "QGATE.ADMIT m PX 1000 ANY 2 g 1 a 1";
    let mut table = integers(
        "PRIORITY",
        -1_000_000,
        1_000_000,
        &format!("{before} PRIORITY"),
        "",
    );
    table.extend(integers(
        "PATIENCE",
        0,
        86_400_000,
        &format!("{before} PREFER g PATIENCE"),
        "",
    ));
    for option in ["PRIORITY", "PREFER", "AFFINITY", "PREFER g PATIENCE"] {
        let name = option.rsplit(' ').next().expect("a word");
        table.push((
            format!("{before} {option}"),
            format!("ERR syntax error: {name} needs a value"),
        ));
    }
    let chainless = format!("{before} AFFINITY k");
    table.push((
        chainless,
        "ERR syntax error: AFFINITY needs a value".to_owned(),
    ));
    all_refused(&table);
}

#[test]
fn priorities_and_preferences_must_fit_the_gates() {
    let count = "ERR syntax error: PRIORITY must have as many integers as ANY has gates";
    let among = "ERR syntax error: PREFER must name one of the ANY keys";
    all_refused(&rows([
        ("QGATE.ADMIT m PX 5 ANY 2 g 1 a 1 PRIORITY 1", count),
        ("QGATE.ADMIT m PX 5 ANY 2 g 1 a 1 PRIORITY 1 2 3", count),
        ("QGATE.ADMIT m PX 5 ALL 1 g 1 PRIORITY 1", count),
        (
            "QGATE.ADMIT m PX 5 ANY 2 g 1 a 1 PRIORITY 1 2 PRIORITY 1 2",
            "ERR syntax error: unexpected 'PRIORITY'",
        ),
        (
            "QGATE.ADMIT m PX 5 ANY 2 g 1 a 1 PRIORITY 1 1000001",
            "ERR value is not an integer or out of range: PRIORITY must be -1000000 to 1000000",
        ),
        (
            "QGATE.ADMIT m PX 5 ANY 2 g 1 a 1 PRIORITY 1 2.5",
            "ERR syntax error: unexpected '2.5'",
        ),
        ("QGATE.ADMIT m PX 5 ANY 1 g 1 PREFER a", among),
        ("QGATE.ADMIT m PX 5 ANY 1 g 1 PREFER G", among),
        (r#"QGATE.ADMIT m PX 5 ANY 1 g 1 PREFER """#, among),
        ("QGATE.ADMIT m PX 5 ALL 1 g 1 PREFER g", among),
        (
            "QGATE.ADMIT m PX 5 ANY 1 g 1 PREFER g PREFER g",
            "ERR syntax error: unexpected 'PREFER'",
        ),
        (
            "QGATE.ADMIT m PX 5 ANY 1 g 1 PREFER g AFFINITY k c",
            "ERR syntax error: unexpected 'AFFINITY'",
        ),
        (
            "QGATE.ADMIT m PX 5 ANY 1 g 1 AFFINITY k c PREFER g",
            "ERR syntax error: unexpected 'PREFER'",
        ),
        (
            "QGATE.ADMIT m PX 5 ANY 1 g 1 AFFINITY k c affinity k c",
            "ERR syntax error: unexpected 'affinity'",
        ),
        (
            "QGATE.ADMIT m PX 5 ANY 1 g 1 PATIENCE 5",
            "ERR syntax error: unexpected 'PATIENCE'",
        ),
        (
            "QGATE.ADMIT m PX 5 ANY 1 g 1 patience 5 BLOCK 5",
            "ERR syntax error: unexpected 'patience'",
        ),
        (
            "QGATE.ADMIT m PX 5 ANY 1 g 1 PREFER g PATIENCE 5 PATIENCE 5",
            "ERR syntax error: unexpected 'PATIENCE'",
        ),
    ]));
}

#[test]
fn chains_of_an_affinity_are_checked() {
    let before = "QGATE.ADMIT m PX 1000 ANY 1 g 1 AFFINITY k";
    let (long, many) = ("x".repeat(65_537), "x-".repeat(4_097));
    let table = [
        (
            format!("{before} {long}"),
            "ERR invalid chain: must be at most 65536 bytes".to_owned(),
        ),
        (
            format!("{before} {many}"),
            "ERR invalid chain: must have 1 to 4096 segments".to_owned(),
        ),
    ];
    all_refused(&table);
}

#[test]
fn rates_are_checked() {
    const MOST: i64 = 1_000_000_000_000;
    let before = "QGATE.ADMIT m PX 1000 ALL 1 g 1 RATES";
    let mut table = integers("RATES", 1, 64, before, "r 5 5 5 1");
    for (argument, min, max, front, behind) in [
        ("burst", 1, MOST, "1 r", "5 5 1"),
        ("rate", 1, MOST, "1 r 5", "5 1"),
        ("per-ms", 1, 315_360_000_000, "1 r 5 5", "1"),
        ("cost", 0, MOST, "1 r 5 5 5", ""),
        ("cost", 0, MOST, "2 r 5 5 5 1 r2 5 5 5", "BLOCK 5"),
    ] {
        table.extend(integers(
            argument,
            min,
            max,
            &format!("{before} {front}"),
            behind,
        ));
    }
    for cut in ["", "1", "2 r 5 5 5 1"] {
        let line = format!("{before} {cut}");
        table.push((line, "ERR syntax error: RATES needs a value".to_owned()));
    }
    for (cut, argument) in [
        ("1 r", "burst"),
        ("1 r 5", "rate"),
        ("1 r 5 5", "per-ms"),
        ("1 r 5 5 5", "cost"),
    ] {
        let line = format!("{before} {cut}");
        table.push((line, format!("ERR syntax error: {argument} needs a value")));
    }
    let twice = format!("{before} 1 r 5 5 5 1 RATES 1 s 5 5 5 1");
    table.push((twice, "ERR syntax error: unexpected 'RATES'".to_owned()));
    all_refused(&table);
}

#[test]
fn rates_that_no_bucket_can_have_are_refused() {
    let redis = appending().start();
    // More than a token per nanosecond, and a burst that takes longer than 10 years to fill.
    for (burst, rate, per) in [("5", "1000000000000", "1"), ("1000000000000", "1", "1000")] {
        let taken = redis.call(format!("RATE.TAKE r BURST {burst} RATE {rate} PER {per}"));
        let line = format!("QGATE.ADMIT m PX 1000 ALL 1 u 1 RATES 1 r {burst} {rate} {per} 1");
        let admitted = changes_nothing(&redis, || redis.call(line));
        assert!(taken.is_error(), "{taken:?}");
        assert_eq!(admitted, taken);
    }
}

#[test]
fn no_key_is_named_twice_in_any_two_roles() {
    let roles = [
        ("ALL 1 {} 5", "all"),
        ("ANY 1 {} 5", "any"),
        ("RATES 1 {} 5 5 5 1", "rates"),
        ("AFFINITY {} c", "trie"),
    ];
    let refusal = "ERR key 'x' is named twice";
    let mut table = rows([
        ("QGATE.ADMIT m PX 5 ALL 2 x 5 x 5", refusal),
        ("QGATE.ADMIT m PX 5 ANY 3 x 5 y 5 x 5", refusal),
        (
            "QGATE.ADMIT m PX 5 ANY 1 y 5 RATES 2 x 5 5 5 1 x 5 5 5 1",
            refusal,
        ),
        (
            r#"QGATE.ADMIT m PX 5 ALL 1 "\r\n\xff" 5 ANY 1 "\r\n\xff" 5"#,
            r"ERR key '\r\n\xff' is named twice",
        ),
        (
            r#"QGATE.ADMIT m PX 5 ALL 1 "" 5 ANY 1 "" 5"#,
            "ERR key '' is named twice",
        ),
    ]);
    for (first, name) in roles {
        for (second, other) in roles {
            if name == other {
                continue;
            }
            let mut line = format!("QGATE.ADMIT m PX 5 {first} {second}").replace("{}", "x");
            if !line.contains("ANY") {
                line.push_str(" ANY 1 z 5");
            }
            table.push((line, refusal.to_owned()));
        }
    }
    all_refused(&table);
}

#[test]
fn the_waiting_clause_is_checked() {
    let mut table = waiting(FULL);
    table.extend(lengths("channel", 512, &format!("{FULL} NOTIFY"), "0"));
    table.extend(integers(
        "NOTIFY",
        0,
        315_360_000_000,
        &format!("{FULL} NOTIFY ch"),
        "",
    ));
    table.push(valueless("NOTIFY", FULL));
    table.push((
        format!("{FULL} NOTIFY ch"),
        "ERR syntax error: NOTIFY needs a value".to_owned(),
    ));
    table.push((
        format!("{FULL} NOTIFY ch 0 BLOCK 0"),
        "ERR syntax error: unexpected 'BLOCK'".to_owned(),
    ));
    all_refused(&table);
}

#[test]
fn the_widest_values_are_accepted() {
    let redis = harness::Redis::start();
    let (member, flow) = ("m".repeat(512), "f".repeat(512));
    for (number, rest) in [
        format!("EX 2592000 ALL 1 u 1000000 ANY 2 a 0 b 1000000 PRIORITY -1000000 1000000 FLOW {flow} WEIGHT 100"),
        "PX 2592000000 ANY 1 a 9 PREFER a PATIENCE 86400000 QUEUE 1000000 WAITED 300000".to_owned(),
        "PX 1 ANY 1 a 0 RATES 1 r 1000000000000 1000000000000 1000000 1000000000000 BLOCK 315360000000".to_owned(),
        "PX 9 ANY 1 a 0 RATES 1 r 1 1 315360000000 0 NOTIFY ch 315360000000".to_owned(),
        format!("PX 9 ANY 1 a 0 AFFINITY t {}", "x-".repeat(4_096)),
        format!("PX 9 ANY 1 a 0 AFFINITY t {}", "x".repeat(65_536)),
    ]
    .iter()
    .enumerate()
    {
        let answer = redis.call(format!("QGATE.ADMIT {member} {rest}"));
        assert!(!answer.is_error() && answer.items()[0] == 1, "{number}: {answer:?}");
        redis.call("FLUSHALL");
    }
}
