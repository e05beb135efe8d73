//! Bad input of the gates' commands.

use super::{
    LEASE_MS, LIFE_MS, all_refused, integers, lengths, listing, rows, spans, strange_words,
    waiting, wrong_numbers,
};

#[test]
fn acquiring_a_slot_refuses_every_bad_argument() {
    let tails = ["", "g", "g a", "g a LIMIT", "g a LIMIT 1", "g a LIMIT 1 PX"];
    let mut table = wrong_numbers("qgate.acquire", tails);
    let after = "LIMIT 1 PX 1000";
    table.extend(lengths("member", 512, "QGATE.ACQUIRE g", after));
    let before = "QGATE.ACQUIRE g a LIMIT";
    table.extend(integers("LIMIT", 0, 1_000_000, before, "PX 1000"));
    let before = "QGATE.ACQUIRE g a LIMIT 1";
    table.extend(spans("qgate.acquire", LEASE_MS, before, ""));
    let before = "QGATE.ACQUIRE g a";
    table.extend(spans("qgate.acquire", LEASE_MS, before, "LIMIT 1"));
    table.extend(waiting("QGATE.ACQUIRE g a LIMIT 1 PX 1000"));
    table.extend(strange_words("QGATE.ACQUIRE g a LIMIT 1 PX 1000", ""));
    table.extend(strange_words("QGATE.ACQUIRE g a LIMIT 1 PX 1000", "5"));
    table.extend(strange_words("QGATE.ACQUIRE g a", "LIMIT 1 PX 1000"));
    table.extend(rows([
        (
            "QGATE.ACQUIRE g a LIMIT 1 LIMIT 1 PX 1000",
            "ERR syntax error: unexpected 'LIMIT'",
        ),
        (
            "QGATE.ACQUIRE g a LIMIT 1 PX 1000 EX 1",
            "ERR syntax error: unexpected 'EX'",
        ),
        (
            "QGATE.ACQUIRE g a PX 1000 EX 1",
            "ERR syntax error: unexpected 'EX'",
        ),
    ]));
    all_refused(&table);
}

#[test]
fn renewing_slots_refuses_every_bad_argument() {
    let tails = ["", "g", "g PX", "g PX 1000"];
    let mut table = wrong_numbers("qgate.renew", tails);
    table.extend(lengths("member", 512, "QGATE.RENEW g PX 1000", ""));
    table.extend(lengths("member", 512, "QGATE.RENEW g PX 1000 a", "b"));
    table.extend(spans("qgate.renew", LEASE_MS, "QGATE.RENEW g", "a"));
    table.extend(strange_words("QGATE.RENEW g", "1000 a"));
    all_refused(&table);
}

#[test]
fn releasing_slots_refuses_every_bad_argument() {
    let mut table = wrong_numbers("qgate.release", ["", "g"]);
    table.extend(lengths("member", 512, "QGATE.RELEASE g", ""));
    table.extend(lengths("member", 512, "QGATE.RELEASE g a", "b"));
    all_refused(&table);
}

#[test]
fn leaving_gates_refuses_every_bad_argument() {
    let mut table = wrong_numbers("qgate.leave", ["", "a", "a 1"]);
    table.extend(lengths("member", 512, "QGATE.LEAVE", "1 g"));
    let refusal = "ERR value is not an integer or out of range: numkeys must be the number of keys that follow";
    for numkeys in super::NO_INTEGERS {
        table.push((format!("QGATE.LEAVE a {numkeys} g"), refusal.into()));
    }
    for line in [
        "QGATE.LEAVE a 0 g",
        "QGATE.LEAVE a -1 g",
        "QGATE.LEAVE a 2 g",
        "QGATE.LEAVE a 1 g g2",
        "QGATE.LEAVE a 9223372036854775807 g",
        "QGATE.LEAVE a -9223372036854775808 g",
        "QGATE.LEAVE a 4294967297 g",
    ] {
        table.push((line.into(), refusal.into()));
    }
    table.extend(rows([
        ("QGATE.LEAVE a 2 g g", "ERR key 'g' is named twice"),
        ("QGATE.LEAVE a 3 g g2 g", "ERR key 'g' is named twice"),
        (
            r#"QGATE.LEAVE a 2 "\r\n\xff" "\r\n\xff""#,
            r"ERR key '\r\n\xff' is named twice",
        ),
    ]));
    all_refused(&table);
}

#[test]
fn looking_at_gates_refuses_every_bad_argument() {
    let mut table = wrong_numbers("qgate.count", [""]);
    table.extend(wrong_numbers("qgate.info", ["", "g g"]));
    table.extend(wrong_numbers("qgate.members", [""]));
    table.extend(listing("QGATE.MEMBERS g"));
    table.extend(listing("QGATE.WAITERS g"));
    table.extend(wrong_numbers("qgate.waiters", [""]));
    all_refused(&table);
}

#[test]
fn cancelling_closing_and_opening_refuse_every_bad_argument() {
    let mut table = wrong_numbers("qgate.cancel", ["", "g", "g a b"]);
    table.extend(lengths("member", 512, "QGATE.CANCEL g", ""));
    table.extend(wrong_numbers("qgate.close", ["", "g", "g PX", "g PX 5 x"]));
    table.extend(spans("qgate.close", LIFE_MS, "QGATE.CLOSE g", ""));
    table.extend(strange_words("QGATE.CLOSE g", "1000"));
    table.extend(wrong_numbers("qgate.open", ["", "g a"]));
    all_refused(&table);
}
