//! Bad input of the budgets' commands.

use super::{
    LEASE_MS, all_refused, integers, lengths, rows, spans, strange_words, valueless, wrong_numbers,
};

/// The most of a limit, a cost or a settlement.
const MOST: i64 = 9_007_199_254_740_991;
/// The end of the year 9999.
const LAST_MS: i64 = 253_402_300_799_999;

#[test]
fn reserving_refuses_every_bad_argument() {
    let tails = ["", "b", "b a", "b a COST 5 PX 5000 LIMIT"];
    let mut table = wrong_numbers("budget.reserve", tails);
    let rest = "COST 5 PX 5000 LIMIT 5";
    table.extend(lengths("member", 512, "BUDGET.RESERVE b", rest));
    for (option, min, max, others) in [
        ("COST", 0, MOST, "PX 5000 LIMIT 5"),
        ("LIMIT", 0, MOST, "PX 5000 COST 5"),
        ("UNTIL", 1, LAST_MS, rest),
    ] {
        let first = format!("BUDGET.RESERVE b a {option}");
        table.extend(integers(option, min, max, &first, others));
        let last = format!("BUDGET.RESERVE b a {others} {option}");
        table.extend(integers(option, min, max, &last, ""));
        let twice = format!("BUDGET.RESERVE b a {option} 5 {option} 5 {others}");
        table.push((twice, format!("ERR syntax error: unexpected '{option}'")));
    }
    table.extend(spans(
        "budget.reserve",
        LEASE_MS,
        "BUDGET.RESERVE b a",
        "COST 5 LIMIT 5",
    ));
    all_refused(&table);
}

#[test]
fn reserving_in_several_budgets_refuses_every_bad_argument() {
    let whole = "BUDGET.RESERVE b a COST 5 PX 5000 LIMIT 5";
    let mut table = vec![valueless("UNTIL", whole), valueless("AND", whole)];
    table.extend(strange_words(whole, ""));
    table.extend(strange_words(&format!("{whole} AND c LIMIT 5"), ""));
    table.extend(strange_words(
        "BUDGET.RESERVE b a",
        "COST 5 PX 5000 LIMIT 5",
    ));
    let limit = format!("{whole} AND c LIMIT");
    table.extend(integers("LIMIT", 0, MOST, &limit, ""));
    table.extend(rows([
        (
            "BUDGET.RESERVE b a PX 5000 LIMIT 5 UNTIL 5",
            "ERR syntax error: COST is missing",
        ),
        (
            "BUDGET.RESERVE b a COST 5 LIMIT 5 UNTIL 5",
            "ERR syntax error: PX is missing",
        ),
        (
            "BUDGET.RESERVE b a COST 5 PX 5000 UNTIL 5",
            "ERR syntax error: LIMIT is missing",
        ),
        (
            "BUDGET.RESERVE b a COST 5 PX 5000 LIMIT 5 AND c",
            "ERR syntax error: LIMIT is missing",
        ),
        (
            "BUDGET.RESERVE b a COST 5 PX 5000 AND c LIMIT 5",
            "ERR syntax error: LIMIT is missing",
        ),
        (
            "BUDGET.RESERVE b a COST 5 PX 5000 LIMIT 5 AND c LIMIT 5 COST 5",
            "ERR syntax error: unexpected 'COST'",
        ),
        (
            "BUDGET.RESERVE b a COST 5 PX 5000 LIMIT 5 PX 5000",
            "ERR syntax error: unexpected 'PX'",
        ),
        (
            "BUDGET.RESERVE b a COST 5 PX 5000 LIMIT 5 AND c LIMIT 5 UNTIL 5 UNTIL 5",
            "ERR syntax error: unexpected 'UNTIL'",
        ),
        (
            "BUDGET.RESERVE b a COST 5 PX 5000 LIMIT 5 KEEP 5",
            "ERR syntax error: unexpected 'KEEP'",
        ),
    ]));
    all_refused(&table);
}

#[test]
fn renewing_refuses_every_bad_argument() {
    let mut table = wrong_numbers("budget.renew", ["", "b", "b PX 5000"]);
    table.extend(spans("budget.renew", LEASE_MS, "BUDGET.RENEW b", "a"));
    table.extend(strange_words("BUDGET.RENEW b", "5000 a"));
    table.extend(lengths("member", 512, "BUDGET.RENEW b PX 5000", ""));
    table.extend(lengths("member", 512, "BUDGET.RENEW b PX 5000 a", "c"));
    all_refused(&table);
}

#[test]
fn settling_refuses_every_bad_argument() {
    let mut table = wrong_numbers("budget.settle", ["", "b", "b a"]);
    table.extend(lengths("member", 512, "BUDGET.SETTLE b", "5"));
    table.extend(integers("actual", 0, MOST, "BUDGET.SETTLE b a", ""));
    for (option, max) in [("KEEP", LEASE_MS), ("UNTIL", LAST_MS)] {
        let before = format!("BUDGET.SETTLE b a 5 {option}");
        table.extend(integers(option, 1, max, &before, ""));
        table.push(valueless(option, "BUDGET.SETTLE b a 5"));
        let twice = format!("BUDGET.SETTLE b a 5 {option} 5 {option} 5");
        table.push((twice, format!("ERR syntax error: unexpected '{option}'")));
    }
    table.push(valueless("AND", "BUDGET.SETTLE b a 5"));
    table.extend(strange_words("BUDGET.SETTLE b a 5", ""));
    table.extend(strange_words("BUDGET.SETTLE b a 5 AND c", ""));
    table.extend(rows([
        (
            "BUDGET.SETTLE b a 5 LIMIT 5",
            "ERR syntax error: unexpected 'LIMIT'",
        ),
        (
            "BUDGET.SETTLE b a 5 KEEP 5 AND c KEEP 5",
            "ERR syntax error: unexpected 'KEEP'",
        ),
    ]));
    all_refused(&table);
}

#[test]
fn showing_a_budget_refuses_every_bad_argument() {
    all_refused(&wrong_numbers("budget.info", ["", "b c"]));
}
