//! Bad input of `TALLY.ADD`: every argument and every bound.

use super::{
    LIFE_MS, all_refused, integers, lengths, rows, spans, strange_words, valueless, wrong_numbers,
};

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
    table.extend(integers("n", 0, 64, "TALLY.ADD ids a PX 5000", "h f 1"));
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

#[test]
fn writing_of_it_refuses_every_bad_argument() {
    let stream = "TALLY.ADD ids a PX 5000 1 h f 1 RECORD s";
    let fields = format!("{stream} MAXLEN 5");
    let bound = format!("{stream} MAXLEN");
    let mut table = integers("MAXLEN", 1, 1_000_000_000, &bound, "f v");
    table.extend(lengths("field", 512, &fields, "v"));
    table.extend(lengths("field", 512, &format!("{fields} f v"), "v"));
    table.extend(strange_words(stream, "5 f v"));
    let long = format!("{fields} f {}", "v".repeat(4_097));
    let refusal = "ERR invalid value: must be at most 4096 bytes";
    table.push((long, refusal.to_owned()));
    let many = format!("{fields}{}", " f v".repeat(64));
    table.extend(strange_words(&many, "v"));
    let instead = "TALLY.ADD ids a PX 5000 0 h f 1";
    table.extend(rows([(instead, "ERR syntax error: unexpected 'h'")]));
    table.push(valueless("MAXLEN", stream));
    table.push(valueless("RECORD", "TALLY.ADD ids a PX 5000 1 h f 1"));
    for (words, refusal) in [
        ("", "MAXLEN is missing"),
        ("MAXLEN 5", "field is missing"),
        ("MAXLEN 5 f", "value is missing"),
        ("MAXLEN 5 f v RECORD", "value is missing"),
    ] {
        let line = format!("{stream} {words}");
        table.push((line, format!("ERR syntax error: {refusal}")));
    }
    all_refused(&table);
}
