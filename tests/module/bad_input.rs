//! Bad input: each wrong argument of each command is named by its error, and changes nothing.
//! Here is what is wrong in the same way everywhere; what is a command's own is in its family's file.

mod admit;
mod budget;
mod qgate;
mod rate;
mod tally;
mod trie;
mod umq;

use harness::Redis;

use crate::aof::appending;
use crate::unchanged::refuses;

/// A line, as typed into `redis-cli`, and its error.
type Refusal = (String, String);

const LEASE_MS: i64 = 2_592_000_000;
const LIFE_MS: i64 = 315_360_000_000;

/// What is no integer, or none that 64 bits hold.
const NO_INTEGERS: [&str; 16] = [
    r#""""#,
    r#"" ""#,
    r#""\x00""#,
    r#""1\x00""#,
    r#""1\r\n""#,
    r#""\xff""#,
    "%s%n",
    "abc",
    "-",
    "+1",
    "01",
    "1.5",
    "1e3",
    "0x10",
    "9223372036854775808",
    "-9223372036854775809",
];

/// Words for which no command has a place: what is not built, what is in no word, what breaks logs and lines.
const STRANGE_WORDS: [(&str, &str); 8] = [
    ("PATIENCE", "PATIENCE"),
    (r#""""#, ""),
    (r#""PX\x00""#, r"PX\x00"),
    (r#""PX ""#, "PX "),
    (r#""\xff\xfe""#, r"\xff\xfe"),
    ("%s%n%p", "%s%n%p"),
    (r#""\r\n+OK\r\n""#, r"\r\n+OK\r\n"),
    (r#""it's \"so\"""#, r#"it\'s \"so\""#),
];

/// Runs a table against a server that appends to a file and holds a turn `t`, a gate `g` and a trie `k`.
#[track_caller]
fn all_refused(table: &[Refusal]) {
    let redis = appending().start();
    redis.call("UMQ.ACQUIRE t a PX 500000");
    redis.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    redis.call("TRIE.SAVE k a v PX 500000");
    refuses(&redis, table);
    assert_eq!(redis.info("weir_panics"), "0");
    assert_still_serving(&redis);
}

#[track_caller]
fn assert_still_serving(redis: &Redis) {
    assert_eq!(redis.call("UMQ.RENEW t a PX 400000"), 1);
    assert_eq!(redis.call("QGATE.RENEW g PX 400000 a"), [1]);
    assert_eq!(redis.call("TRIE.FIND k a"), "v");
}

/// A table's rows from pairs of text.
fn rows<const N: usize>(rows: [(&str, &str); N]) -> Vec<Refusal> {
    rows.map(|(line, refusal)| (line.into(), refusal.into()))
        .to_vec()
}

/// Too few words and, where there is an end to them, too many.
fn wrong_numbers<const N: usize>(command: &str, tails: [&str; N]) -> Vec<Refusal> {
    let refusal = format!("ERR wrong number of arguments for '{command}' command");
    tails
        .map(|tail| (format!("{command} {tail}"), refusal.clone()))
        .to_vec()
}

/// An argument between `before` and `after` that must be 1 to `max` bytes.
fn lengths(argument: &str, max: usize, before: &str, after: &str) -> Vec<Refusal> {
    let refusal = format!("ERR invalid {argument}: must be 1 to {max} bytes");
    let huge = "x".repeat(4_000_000);
    [r#""""#.to_owned(), "x".repeat(max + 1), huge]
        .map(|value| (format!("{before} {value} {after}"), refusal.clone()))
        .to_vec()
}

/// An option's value, or a fixed number, between `before` and `after` that must be `min` to `max`.
fn integers(argument: &str, min: i64, max: i64, before: &str, after: &str) -> Vec<Refusal> {
    let refusal =
        format!("ERR value is not an integer or out of range: {argument} must be {min} to {max}");
    let outside = [min - 1, max + 1, i64::MIN, i64::MAX].map(|value| value.to_string());
    let outside = outside.iter().map(String::as_str);
    NO_INTEGERS
        .into_iter()
        .chain(outside)
        .map(|value| (format!("{before} {value} {after}"), refusal.clone()))
        .collect()
}

/// `PX` and `EX` between `before` and `after`, with every value that is none.
fn spans(command: &str, max_ms: i64, before: &str, after: &str) -> Vec<Refusal> {
    let mut table = Vec::new();
    for (option, max) in [("PX", max_ms), ("EX", max_ms / 1_000)] {
        let of_range = format!("{option} must be 1 to {max}");
        for value in NO_INTEGERS {
            table.push((
                format!("{before} {option} {value} {after}"),
                format!("ERR value is not an integer or out of range: {of_range}"),
            ));
        }
        for value in [0, -1, max + 1, i64::MIN, i64::MAX] {
            table.push((
                format!("{before} {option} {value} {after}"),
                format!("ERR invalid expire time in '{command}' command: {of_range}"),
            ));
        }
    }
    table
}

/// An option that stands at the end of the line, without its value.
fn valueless(option: &str, before: &str) -> Refusal {
    (
        format!("{before} {option}"),
        format!("ERR syntax error: {option} needs a value"),
    )
}

/// The waiting clause behind a line.
fn waiting(before: &str) -> Vec<Refusal> {
    let mut table = Vec::new();
    for (option, min, max) in [
        ("BLOCK", 0, LIFE_MS),
        ("QUEUE", 0, 1_000_000),
        ("WEIGHT", 1, 100),
        ("WAITED", 0, 300_000),
    ] {
        table.extend(integers(
            option,
            min,
            max,
            &format!("{before} {option}"),
            "",
        ));
        table.push(valueless(option, before));
        let twice = format!("{before} FLOW f {option} 1 {option} 1");
        table.push((twice, format!("ERR syntax error: unexpected '{option}'")));
    }
    table.extend(lengths("flow", 512, &format!("{before} FLOW"), ""));
    table.push(valueless("FLOW", before));
    let weight_of_nothing = format!("{before} BLOCK 5 WEIGHT 5");
    let refusal = "ERR syntax error: unexpected 'WEIGHT'".to_owned();
    table.push((weight_of_nothing, refusal));
    table
}

/// The `COUNT` that may end a listing command.
fn listing(before: &str) -> Vec<Refusal> {
    let mut table = integers("COUNT", 1, 10_000, &format!("{before} COUNT"), "");
    table.push(valueless("COUNT", before));
    table.extend(strange_words(before, ""));
    table.extend(strange_words(&format!("{before} COUNT 5"), ""));
    let twice = format!("{before} COUNT 5 COUNT 5");
    table.push((twice, "ERR syntax error: unexpected 'COUNT'".to_owned()));
    table
}

/// Words behind a line, or in its middle, that the grammar has no place for.
fn strange_words(before: &str, after: &str) -> Vec<Refusal> {
    let (long, huge) = ("x".repeat(65), "x".repeat(4_000_000));
    let cut = format!("{}...", &long[..64]);
    STRANGE_WORDS
        .into_iter()
        .chain([(long.as_str(), cut.as_str()), (&huge, &cut)])
        .map(|(word, shown)| {
            (
                format!("{before} {word} {after}"),
                format!("ERR syntax error: unexpected '{shown}'"),
            )
        })
        .collect()
}
