//! Bad input of the rates' commands.

use super::{LIFE_MS, all_refused, integers, rows, strange_words, valueless, wrong_numbers};

/// The most tokens of a burst, a rate or a cost.
const MOST: i64 = 1_000_000_000_000;

/// What every command of the family refuses in its clause.
fn clause(command: &str) -> Vec<super::Refusal> {
    let before = format!("{command} r");
    let mut table = Vec::new();
    for (option, min, max, others) in [
        ("BURST", 1, MOST, "RATE 5 PER 5 COST 5"),
        ("RATE", 1, MOST, "BURST 5 PER 5 COST 5"),
        ("PER", 1, LIFE_MS, "BURST 5 RATE 5 COST 5"),
        ("COST", 0, MOST, "BURST 5 RATE 5 PER 5"),
    ] {
        let first = format!("{before} {option}");
        table.extend(integers(option, min, max, &first, others));
        let last = format!("{before} {others} {option}");
        table.extend(integers(option, min, max, &last, ""));
        let twice = format!("{before} {option} 5 {option} 5 {others}");
        let twice = twice.split(' ').take(10).collect::<Vec<_>>().join(" ");
        table.push((twice, format!("ERR syntax error: unexpected '{option}'")));
    }
    table
}

#[test]
fn taking_from_a_rate_refuses_every_bad_argument() {
    let tails = ["", "r", "r BURST 5 RATE 5 PER"];
    let mut table = wrong_numbers("rate.take", tails);
    table.extend(clause("RATE.TAKE"));
    let whole = "RATE.TAKE r BURST 5 RATE 5 PER 5";
    table.push(valueless("COST", whole));
    table.extend(strange_words(whole, ""));
    table.extend(strange_words("RATE.TAKE r", "BURST 5 RATE 5 PER 5"));
    table.extend(rows([
        (
            "RATE.TAKE r BURST 5 RATE 5 COST 5",
            "ERR syntax error: PER is missing",
        ),
        (
            "RATE.TAKE r BURST 5 PER 5 COST 5",
            "ERR syntax error: RATE is missing",
        ),
        (
            "RATE.TAKE r RATE 5 PER 5 COST 5 FORCE",
            "ERR syntax error: BURST is missing",
        ),
        (
            "RATE.TAKE r BURST 5 RATE 5 PER 5 FORCE FORCE",
            "ERR syntax error: unexpected 'FORCE'",
        ),
        (
            "RATE.TAKE r BURST 5 RATE 5 PX 5",
            "ERR syntax error: unexpected 'PX'",
        ),
        (
            "RATE.TAKE r BURST 5 RATE 5 PER 5 BLOCK 5",
            "ERR syntax error: unexpected 'BLOCK'",
        ),
    ]));
    all_refused(&table);
}

#[test]
fn giving_to_a_rate_refuses_every_bad_argument() {
    let tails = [
        "",
        "r",
        "r BURST 5 RATE 5 PER 5",
        "r BURST 5 RATE 5 PER 5 COST",
        "r BURST 5 RATE 5 PER 5 COST 5 FORCE",
    ];
    let mut table = wrong_numbers("rate.give", tails);
    table.extend(clause("RATE.GIVE"));
    table.extend(strange_words("RATE.GIVE r BURST 5 RATE 5 PER 5", "5"));
    table.extend(rows([(
        "RATE.GIVE r BURST 5 RATE 5 PER 5 FORCE 5",
        "ERR syntax error: unexpected 'FORCE'",
    )]));
    all_refused(&table);
}

#[test]
fn rates_that_time_cannot_hold_are_refused_by_name() {
    let range = "ERR value is not an integer or out of range:";
    let table: Vec<_> = [
        ("BURST 1 RATE 1000001 PER 1", "RATE must be 1 to 1000000"),
        ("BURST 3651 RATE 1 PER 86400000", "BURST must be 1 to 3650"),
        ("BURST 2 RATE 1 PER 315360000000", "BURST must be 1 to 1"),
        (
            "BURST 1000000000000 RATE 1000000000000 PER 999999",
            "RATE must be 1 to 999999000000",
        ),
    ]
    .into_iter()
    .flat_map(|(rate, refusal)| {
        ["RATE.TAKE", "RATE.GIVE"].map(|command| {
            let line = format!("{command} r {rate} COST 1");
            (line, format!("{range} {refusal}"))
        })
    })
    .collect();
    all_refused(&table);
}
