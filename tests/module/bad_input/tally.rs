//! Bad input of `TALLY.ADD`: every argument and every bound.

use super::{LIFE_MS, all_refused, integers, lengths, rows, spans, strange_words, wrong_numbers};

#[test]
fn adding_to_counters_refuses_every_bad_argument() {
    let tails = [
        "",
        "ids",
        "ids a PX 5 1",
        "ids a PX 5 1 h",
        "ids a PX 5 1 h f",
    ];
    let mut table = wrong_numbers("tally.add", tails);
    table.extend(lengths("id", 512, "TALLY.ADD ids", "PX 5000 1 h f 1"));
    table.extend(lengths("field", 512, "TALLY.ADD ids a PX 5000 1 h", "1"));
    table.extend(lengths(
        "field",
        512,
        "TALLY.ADD ids a PX 5000 2 h f 1 h",
        "1",
    ));
    table.extend(spans("tally.add", LIFE_MS, "TALLY.ADD ids a", "1 h f 1"));
    table.extend(strange_words("TALLY.ADD ids a", "5000 1 h f 1"));
    table.extend(integers("n", 1, 64, "TALLY.ADD ids a PX 5000", "h f 1"));
    table.extend(strange_words("TALLY.ADD ids a PX 5000 1 h f 1", ""));
    let not_integers = integers(
        "increment",
        i64::MIN + 1,
        i64::MAX - 1,
        "TALLY.ADD ids a PX 5000 1 h f",
        "",
    );
    let range = format!("increment must be {} to {}", i64::MIN, i64::MAX);
    // Every integer of 64 bits is one.
    let not_integers = not_integers.into_iter().take(16).map(|(line, _)| {
        (
            line,
            format!("ERR value is not an integer or out of range: {range}"),
        )
    });
    table.extend(not_integers);
    table.extend(rows([
        (
            "TALLY.ADD ids a PX 5000 2 h f 1",
            "ERR syntax error: hash-key is missing",
        ),
        (
            "TALLY.ADD ids a PX 5000 2 h f 1 h",
            "ERR syntax error: field is missing",
        ),
        (
            "TALLY.ADD ids a PX 5000 2 h f 1 h f",
            "ERR syntax error: increment needs a value",
        ),
        (
            "TALLY.ADD ids a PX 5000 1 h f 1 h f 1",
            "ERR syntax error: unexpected 'h'",
        ),
        (
            "TALLY.ADD ids a 1 h f 1 PX 5000",
            "ERR syntax error: unexpected '1'",
        ),
    ]));
    all_refused(&table);
}
