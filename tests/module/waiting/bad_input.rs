//! Bad input of the waiting clause and of the commands about lines: each is named by its error, changes nothing and
//! does not wait.

use harness::Redis;

use super::line::{assert_sound, until_waiters_are};
use crate::aof::appending;
use crate::unchanged::refuses;

/// Both commands that wait.
const ASKS: [&str; 2] = [
    "UMQ.ACQUIRE t b PX 1000",
    "QGATE.ACQUIRE g b LIMIT 1 PX 1000",
];

/// What is no integer.
const NO_INTEGERS: [&str; 8] = [
    r#""""#,
    "abc",
    "1.5",
    "+1",
    "01",
    r#""1\x00""#,
    "%s%n",
    r#""\xff""#,
];

type Refusal = (String, String);

#[track_caller]
fn all_refused(table: &[Refusal]) {
    let redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis.call("RPUSH l x");
    refuses(&redis, table);
    until_waiters_are(&redis, "UMQ.WAITERS t", &[]);
    until_waiters_are(&redis, "QGATE.WAITERS g", &[]);
    assert_sound(&redis);
}

/// Each clause behind both commands, with its error.
fn behind_both<const N: usize>(clauses: [(&str, &str); N]) -> Vec<Refusal> {
    let behind = |ask: &str| {
        clauses.map(|(clause, refusal)| (format!("{ask} {clause}"), format!("ERR {refusal}")))
    };
    ASKS.into_iter().flat_map(behind).collect()
}

fn spoiled(option: &str, before: &str, min: i64, max: i64) -> Vec<Refusal> {
    let refusal =
        format!("ERR value is not an integer or out of range: {option} must be {min} to {max}");
    let outside = [min - 1, max + 1, i64::MIN, i64::MAX].map(|value| value.to_string());
    let mut table = Vec::new();
    for ask in ASKS {
        for value in NO_INTEGERS
            .into_iter()
            .chain(outside.iter().map(String::as_str))
        {
            let line = format!("{ask} {before} {option} {value}");
            table.push((line, refusal.clone()));
        }
    }
    table
}

#[test]
fn numbers_outside_their_range_are_refused() {
    let mut table = spoiled("BLOCK", "", 0, 315_360_000_000);
    table.extend(spoiled("QUEUE", "BLOCK 0", 0, 1_000_000));
    table.extend(spoiled("QUEUE", "", 0, 1_000_000));
    table.extend(spoiled("WEIGHT", "BLOCK 0 FLOW f", 1, 100));
    table.extend(spoiled("WEIGHT", "FLOW f", 1, 100));
    table.extend(spoiled("WAITED", "BLOCK 0", 0, 300_000));
    table.extend(spoiled("WAITED", "", 0, 300_000));
    all_refused(&table);
}

#[test]
fn the_clause_is_refused_where_the_grammar_has_no_place_for_a_word() {
    let mut table = behind_both([
        ("BLOCK", "syntax error: BLOCK needs a value"),
        ("BLOCK 0 QUEUE", "syntax error: QUEUE needs a value"),
        ("BLOCK 0 FLOW", "syntax error: FLOW needs a value"),
        (
            "BLOCK 0 FLOW f WEIGHT",
            "syntax error: WEIGHT needs a value",
        ),
        ("BLOCK 0 WAITED", "syntax error: WAITED needs a value"),
        ("BLOCK 0 block 0", "syntax error: unexpected 'block'"),
        (
            "BLOCK 0 QUEUE 1 QUEUE 1",
            "syntax error: unexpected 'QUEUE'",
        ),
        ("FLOW f BLOCK 0 FLOW f", "syntax error: unexpected 'FLOW'"),
        (
            "WAITED 1 BLOCK 0 WAITED 1",
            "syntax error: unexpected 'WAITED'",
        ),
        (
            "BLOCK 0 FLOW f WEIGHT 1 WEIGHT 1",
            "syntax error: unexpected 'WEIGHT'",
        ),
        ("BLOCK 0 WEIGHT 1", "syntax error: unexpected 'WEIGHT'"),
        ("WEIGHT 1", "syntax error: unexpected 'WEIGHT'"),
        ("notify c 0 BLOCK 0", "syntax error: unexpected 'BLOCK'"),
        ("NOTIFY c 0 NOTIFY c 0", "syntax error: unexpected 'NOTIFY'"),
        ("NOTIFY c", "syntax error: NOTIFY needs a value"),
        (
            "NOTIFY 0 x",
            "value is not an integer or out of range: NOTIFY must be 0 to 315360000000",
        ),
        (r#"NOTIFY "" 0"#, "invalid channel: must be 1 to 512 bytes"),
        ("BLOCK 0 NOTIFY c 0", "syntax error: unexpected 'NOTIFY'"),
        ("BLOCK 0 5", "syntax error: unexpected '5'"),
        (r#"BLOCK 0 FLOW """#, "invalid flow: must be 1 to 512 bytes"),
        (r#"FLOW """#, "invalid flow: must be 1 to 512 bytes"),
    ]);
    let long = "f".repeat(513);
    for ask in ASKS {
        let refusal = "ERR invalid flow: must be 1 to 512 bytes".to_owned();
        table.push((format!("{ask} BLOCK 0 FLOW {long}"), refusal));
    }
    all_refused(&table);
}

#[test]
fn commands_about_lines_refuse_every_bad_argument() {
    let (no_id, no_member) = (
        "ERR invalid request-id: must be 1 to 512 bytes",
        "ERR invalid member: must be 1 to 512 bytes",
    );
    let count = "ERR value is not an integer or out of range: COUNT must be 1 to 10000";
    let table = [
        ("UMQ.CANCEL t \"\"", no_id),
        ("QGATE.CANCEL g \"\"", no_member),
        ("UMQ.WAITERS t COUNT 0", count),
        ("UMQ.WAITERS t COUNT 10001", count),
        ("QGATE.WAITERS g COUNT x", count),
        ("QGATE.WAITERS g 5", "ERR syntax error: unexpected '5'"),
        (
            "UMQ.WAITERS t COUNT",
            "ERR syntax error: COUNT needs a value",
        ),
        (
            "UMQ.WAITERS t COUNT 5 6",
            "ERR syntax error: unexpected '6'",
        ),
        (
            "QGATE.CLOSE g PX 0",
            "ERR invalid expire time in 'qgate.close' command: PX must be 1 to 315360000000",
        ),
        (
            "QGATE.CLOSE g EX 315360001",
            "ERR invalid expire time in 'qgate.close' command: EX must be 1 to 315360000",
        ),
        (
            "QGATE.CLOSE g PX x",
            "ERR value is not an integer or out of range: PX must be 1 to 315360000000",
        ),
        ("QGATE.CLOSE g FOR 5", "ERR syntax error: unexpected 'FOR'"),
        ("UMQ.ACQUIRE l b PX 1000 BLOCK 0", WRONG_TYPE),
        ("QGATE.ACQUIRE l b LIMIT 1 PX 1000 BLOCK 0", WRONG_TYPE),
        ("QGATE.CLOSE l PX 1000", WRONG_TYPE),
        ("QGATE.OPEN l", WRONG_TYPE),
    ]
    .map(|(line, refusal)| (line.to_owned(), refusal.to_owned()));
    all_refused(&table);
}

const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

#[test]
fn commands_about_lines_refuse_wrong_numbers_of_words() {
    let redis = Redis::start();
    for (command, tails) in [
        ("umq.cancel", &["", "t", "t a b"][..]),
        ("qgate.cancel", &["", "g", "g a b"]),
        ("umq.waiters", &[""]),
        ("qgate.waiters", &[""]),
        ("qgate.close", &["", "g", "g PX", "g PX 5 6"]),
        ("qgate.open", &["", "g x"]),
    ] {
        for tail in tails {
            let refused = redis.call(format!("{command} {tail}"));
            let refusal = format!("ERR wrong number of arguments for '{command}' command");
            assert_eq!(refused, harness::error(refusal), "{command} {tail}");
        }
    }
}

#[test]
fn the_widest_values_and_any_order_are_accepted() {
    let redis = Redis::start();
    let long = "f".repeat(512);
    for (number, clause) in [
        "BLOCK 315360000000 QUEUE 1000000 FLOW f WEIGHT 100 WAITED 300000".to_owned(),
        "waited 0 queue 0 block 0 flow f weight 1".to_owned(),
        format!("FLOW {long} BLOCK 0"),
        "FLOW WEIGHT WEIGHT 2 BLOCK 0".to_owned(),
        "QUEUE 5 WAITED 5".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let turn = redis.call(format!("UMQ.ACQUIRE t{number} a {clause} PX 1000"));
        assert_eq!(turn.items()[0], 1, "{clause}: {turn:?}");
        let slot = redis.call(format!(
            "QGATE.ACQUIRE g{number} a {clause} PX 1000 LIMIT 1"
        ));
        assert_eq!(slot, [1, 1, 0], "{clause}");
    }
}
