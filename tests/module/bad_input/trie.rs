//! Bad input of the tries' commands.

use super::{
    LIFE_MS, Refusal, all_refused, lengths, listing, rows, spans, strange_words, valueless,
    wrong_numbers,
};

/// A chain between `before` and `after` that is beyond a bound.
fn chains(argument: &str, before: &str, after: &str) -> Vec<Refusal> {
    let wide = (
        "a".repeat(65_537),
        format!("ERR invalid {argument}: must be at most 65536 bytes"),
    );
    let many = (
        "a-".repeat(4_097),
        format!("ERR invalid {argument}: must have 1 to 4096 segments"),
    );
    [wide, many]
        .map(|(chain, refusal)| (format!("{before} {chain} {after}"), refusal))
        .to_vec()
}

/// A chain between `before` and `after` that has no segments.
fn empty_chains(argument: &str, before: &str, after: &str) -> Vec<Refusal> {
    let refusal = format!("ERR invalid {argument}: must have 1 to 4096 segments");
    [r#""""#, "-", "-----"]
        .map(|chain| (format!("{before} {chain} {after}"), refusal.clone()))
        .to_vec()
}

#[test]
fn saving_refuses_every_bad_argument() {
    let tails = ["", "k", "k a", "k a v", "k a v PX"];
    let mut table = wrong_numbers("trie.save", tails);
    table.extend(chains("chain", "TRIE.SAVE k", "v PX 1000"));
    table.extend(empty_chains("chain", "TRIE.SAVE k", "v PX 1000"));
    table.extend(lengths("value", 4_096, "TRIE.SAVE k a", "PX 1000"));
    table.extend(spans("trie.save", LIFE_MS, "TRIE.SAVE k a v", ""));
    table.extend(spans(
        "trie.save",
        LIFE_MS,
        "TRIE.SAVE k a-b v REPLACE a",
        "",
    ));
    let before = "TRIE.SAVE k a-b v PX 1000 REPLACE";
    table.extend(chains("old-chain", before, ""));
    table.extend(empty_chains("old-chain", before, ""));
    table.push(valueless("REPLACE", "TRIE.SAVE k a-b v PX 1000"));
    table.push(valueless("PX", "TRIE.SAVE k a-b v REPLACE a"));
    table.extend(strange_words("TRIE.SAVE k a v PX 1000", ""));
    table.extend(strange_words("TRIE.SAVE k a v", "PX 1000"));
    table.extend(rows([
        (
            "TRIE.SAVE k a-b v REPLACE a",
            "ERR syntax error: PX is missing",
        ),
        (
            "TRIE.SAVE k a-b v PX 1000 EX 1",
            "ERR syntax error: unexpected 'EX'",
        ),
        (
            "TRIE.SAVE k a-b v PX 1000 REPLACE a REPLACE a",
            "ERR syntax error: unexpected 'REPLACE'",
        ),
        (
            "TRIE.SAVE k a v PX 1000 WITHMATCH",
            "ERR syntax error: unexpected 'WITHMATCH'",
        ),
    ]));
    all_refused(&table);
}

#[test]
fn only_a_proper_prefix_in_whole_segments_can_be_replaced() {
    let refusal = "ERR invalid old-chain: must be a proper prefix of chain";
    let table = ["a-b", "-a--b-", "a-b-c", "b", "a-", "ab", "A"].map(|old| {
        let chain = if old == "a-" { "a" } else { "a-b" };
        let line = format!("TRIE.SAVE k {chain} v PX 1000 REPLACE {old}");
        (line, refusal.to_owned())
    });
    all_refused(&table);
}

#[test]
fn finding_refuses_every_bad_argument() {
    let mut table = wrong_numbers("trie.find", ["", "k"]);
    table.extend(chains("chain", "TRIE.FIND k", ""));
    table.extend(spans("trie.find", LIFE_MS, "TRIE.FIND k a", ""));
    table.extend(spans("trie.find", LIFE_MS, "TRIE.FIND k a WITHMATCH", ""));
    table.extend(spans("trie.find", LIFE_MS, "TRIE.FIND k miss", "WITHMATCH"));
    table.push(valueless("PX", "TRIE.FIND k a"));
    table.push(valueless("EX", "TRIE.FIND k a WITHMATCH"));
    table.extend(strange_words("TRIE.FIND k a", ""));
    table.extend(strange_words("TRIE.FIND k a PX 1000", "WITHMATCH"));
    table.extend(rows([
        (
            "TRIE.FIND k a PX 1000 EX 1",
            "ERR syntax error: unexpected 'EX'",
        ),
        (
            "TRIE.FIND k a WITHMATCH WITHMATCH",
            "ERR syntax error: unexpected 'WITHMATCH'",
        ),
    ]));
    all_refused(&table);
}

#[test]
fn finding_without_refresh_refuses_every_bad_argument() {
    let mut table = wrong_numbers("trie.find_ro", ["", "k"]);
    table.extend(chains("chain", "TRIE.FIND_RO k", "WITHMATCH"));
    table.extend(strange_words("TRIE.FIND_RO k a", ""));
    table.extend(strange_words("TRIE.FIND_RO k a WITHMATCH", ""));
    table.extend(rows([
        (
            "TRIE.FIND_RO k a PX 1000",
            "ERR syntax error: unexpected 'PX'",
        ),
        (
            "TRIE.FIND_RO k a WITHMATCH WITHMATCH",
            "ERR syntax error: unexpected 'WITHMATCH'",
        ),
    ]));
    all_refused(&table);
}

#[test]
fn deleting_and_looking_refuse_every_bad_argument() {
    let mut table = wrong_numbers("trie.del", ["", "k", "k a b"]);
    table.extend(wrong_numbers("trie.info", ["", "k a"]));
    table.extend(chains("chain", "TRIE.DEL k", ""));
    all_refused(&table);
}

#[test]
fn forgetting_refuses_every_bad_argument() {
    let mut table = wrong_numbers("trie.forget", ["", "k", "k 0"]);
    table.extend(lengths("value", 4_096, "TRIE.FORGET k 0", ""));
    table.extend(listing("TRIE.FORGET k 0 v"));
    for cursor in [
        "-1",
        "abc",
        "1.5",
        "18446744073709551616",
        r#""""#,
        r#""0\x00""#,
    ] {
        let line = format!("TRIE.FORGET k {cursor} v");
        table.push((line, "ERR invalid cursor".to_owned()));
    }
    all_refused(&table);
}
