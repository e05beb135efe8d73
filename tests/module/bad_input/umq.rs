//! Bad input of the turns' commands.

use super::{
    LEASE_MS, all_refused, integers, lengths, listing, rows, spans, strange_words, valueless,
    waiting, wrong_numbers,
};

#[test]
fn acquiring_a_turn_refuses_every_bad_argument() {
    let mut table = wrong_numbers("umq.acquire", ["", "t", "t a", "t a PX"]);
    table.extend(lengths("request-id", 512, "UMQ.ACQUIRE t", "PX 1000"));
    table.extend(spans("umq.acquire", LEASE_MS, "UMQ.ACQUIRE t a", ""));
    table.extend(spans(
        "umq.acquire",
        LEASE_MS,
        "UMQ.ACQUIRE t a DELAY 5",
        "",
    ));
    let before = "UMQ.ACQUIRE t a PX 1000 DELAY";
    table.extend(integers("DELAY", 0, 86_400_000, before, ""));
    table.push(valueless("DELAY", "UMQ.ACQUIRE t a PX 1000"));
    table.push(valueless("PX", "UMQ.ACQUIRE t a DELAY 1000"));
    table.push(valueless("EX", "UMQ.ACQUIRE t a DELAY 1000"));
    table.extend(waiting("UMQ.ACQUIRE t a PX 1000"));
    table.extend(strange_words("UMQ.ACQUIRE t a PX 1000", ""));
    table.extend(strange_words("UMQ.ACQUIRE t a PX 1000", "5"));
    table.extend(strange_words("UMQ.ACQUIRE t a", "PX 1000"));
    table.extend(rows([
        ("UMQ.ACQUIRE t a DELAY 5", "ERR syntax error: PX is missing"),
        (
            "UMQ.ACQUIRE t a PX 1000 PX 1000",
            "ERR syntax error: unexpected 'PX'",
        ),
        (
            "UMQ.ACQUIRE t a PX 1000 ex 1",
            "ERR syntax error: unexpected 'ex'",
        ),
        (
            "UMQ.ACQUIRE t a PX 1000 DELAY 1 DELAY 1",
            "ERR syntax error: unexpected 'DELAY'",
        ),
        (
            "UMQ.ACQUIRE t a PX 1000 NOTIFY channel",
            "ERR syntax error: NOTIFY needs a value",
        ),
        (
            "UMQ.ACQUIRE t a PX 1000 NOSTAMP",
            "ERR syntax error: unexpected 'NOSTAMP'",
        ),
    ]));
    all_refused(&table);
}

#[test]
fn renewing_a_turn_refuses_every_bad_argument() {
    let tails = ["", "t", "t a", "t a PX", "t a PX 1000 x"];
    let mut table = wrong_numbers("umq.renew", tails);
    table.extend(lengths("request-id", 512, "UMQ.RENEW t", "PX 1000"));
    table.extend(spans("umq.renew", LEASE_MS, "UMQ.RENEW t a", ""));
    table.extend(strange_words("UMQ.RENEW t a", "1000"));
    all_refused(&table);
}

#[test]
fn releasing_a_turn_refuses_every_bad_argument() {
    let mut table = wrong_numbers("umq.release", ["", "t"]);
    table.extend(lengths("request-id", 512, "UMQ.RELEASE t", ""));
    table.extend(lengths("request-id", 512, "UMQ.RELEASE t", "NOSTAMP"));
    table.extend(strange_words("UMQ.RELEASE t a", ""));
    table.extend(strange_words("UMQ.RELEASE t a NOSTAMP", ""));
    table.extend(rows([
        (
            "UMQ.RELEASE t a NOSTAMP NOSTAMP",
            "ERR syntax error: unexpected 'NOSTAMP'",
        ),
        ("UMQ.RELEASE t a PX 5", "ERR syntax error: unexpected 'PX'"),
    ]));
    all_refused(&table);
}

#[test]
fn the_other_commands_of_turns_refuse_every_bad_argument() {
    let mut table = wrong_numbers("umq.force", ["", "t a"]);
    table.extend(wrong_numbers("umq.info", ["", "t a"]));
    table.extend(listing("UMQ.WAITERS t"));
    table.extend(wrong_numbers("umq.waiters", [""]));
    table.extend(wrong_numbers("umq.cancel", ["", "t", "t a b"]));
    table.extend(lengths("request-id", 512, "UMQ.CANCEL t", ""));
    all_refused(&table);
}

#[test]
fn commands_that_are_not_built_are_unknown() {
    let table = ["BUDGET.DEL b", "TALLY.DEL a b"].map(|line| {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let shown: String = words.map(|word| format!("'{word}' ")).collect();
        let refusal = format!("ERR unknown command '{name}', with args beginning with: {shown}");
        (line.to_owned(), refusal)
    });
    all_refused(&table);
}
