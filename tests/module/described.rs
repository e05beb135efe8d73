//! What the server says of the commands: `COMMAND LIST`, `INFO`, `DOCS`, `GETKEYS`.

use harness::{Redis, Reply};

/// Name, arity, flag that says whether it writes, and a line with its keys `k1`, `k2`.
const COMMANDS: [(&str, i64, &str, &str); 32] = [
    ("umq.acquire", -5, "write", "UMQ.ACQUIRE k1 a PX 5"),
    ("umq.renew", 5, "write", "UMQ.RENEW k1 a PX 5"),
    ("umq.release", -3, "write", "UMQ.RELEASE k1 a"),
    ("umq.cancel", 3, "write", "UMQ.CANCEL k1 a"),
    ("umq.force", 2, "write", "UMQ.FORCE k1"),
    ("umq.info", 2, "readonly", "UMQ.INFO k1"),
    ("umq.waiters", -2, "readonly", "UMQ.WAITERS k1"),
    (
        "qgate.acquire",
        -7,
        "write",
        "QGATE.ACQUIRE k1 a LIMIT 1 PX 5",
    ),
    (
        "qgate.admit",
        -7,
        "write",
        "QGATE.ADMIT a PX 5 ALL 1 k1 5 ANY 1 k2 5",
    ),
    ("qgate.renew", -5, "write", "QGATE.RENEW k1 PX 5 a b"),
    ("qgate.release", -3, "write", "QGATE.RELEASE k1 a b"),
    ("qgate.leave", -4, "write", "QGATE.LEAVE a 2 k1 k2"),
    ("qgate.cancel", 3, "write", "QGATE.CANCEL k1 a"),
    ("qgate.close", 4, "write", "QGATE.CLOSE k1 PX 5"),
    ("qgate.open", 2, "write", "QGATE.OPEN k1"),
    ("qgate.count", -2, "readonly", "QGATE.COUNT k1 k2"),
    ("qgate.members", -2, "readonly", "QGATE.MEMBERS k1 COUNT 5"),
    ("qgate.info", 2, "readonly", "QGATE.INFO k1"),
    ("qgate.waiters", -2, "readonly", "QGATE.WAITERS k1"),
    ("trie.save", -6, "write", "TRIE.SAVE k1 a v PX 5"),
    ("trie.find", -3, "write", "TRIE.FIND k1 a PX 5"),
    ("trie.find_ro", -3, "readonly", "TRIE.FIND_RO k1 a"),
    ("trie.del", 3, "write", "TRIE.DEL k1 a"),
    ("trie.forget", -4, "write", "TRIE.FORGET k1 0 v"),
    ("trie.info", 2, "readonly", "TRIE.INFO k1"),
    (
        "rate.take",
        -8,
        "write",
        "RATE.TAKE k1 BURST 5 RATE 5 PER 5",
    ),
    (
        "rate.give",
        10,
        "write",
        "RATE.GIVE k1 BURST 5 RATE 5 PER 5 COST 5",
    ),
    (
        "budget.reserve",
        -9,
        "write",
        "BUDGET.RESERVE k1 a COST 5 PX 5 LIMIT 5 UNTIL 5 AND k2 LIMIT 5",
    ),
    ("budget.renew", -5, "write", "BUDGET.RENEW k1 PX 5 a b"),
    (
        "budget.settle",
        -4,
        "write",
        "BUDGET.SETTLE k1 a 5 KEEP 5 AND k2",
    ),
    ("budget.info", 2, "readonly", "BUDGET.INFO k1"),
    (
        "tally.add",
        -9,
        "write",
        "TALLY.ADD k1 a PX 5 2 k2 f 1 k2 g 1",
    ),
];

/// The commands that take memory, which a full server refuses.
const TAKING: [&str; 8] = [
    "umq.acquire",
    "qgate.acquire",
    "qgate.admit",
    "qgate.close",
    "trie.save",
    "rate.take",
    "budget.reserve",
    "tally.add",
];

/// The commands whose keys only their own parsers find.
const PARSED: [&str; 4] = [
    "qgate.admit",
    "budget.reserve",
    "budget.settle",
    "tally.add",
];

/// The commands that can let a client wait.
const WAITING: [&str; 3] = ["umq.acquire", "qgate.acquire", "qgate.admit"];

#[test]
fn these_are_the_commands_and_no_others() {
    let redis = Redis::start();
    let listed = redis.call("COMMAND LIST FILTERBY MODULE weir");
    let mut listed: Vec<_> = listed.items().iter().map(Reply::text).collect();
    listed.sort();
    let mut names = COMMANDS.map(|(name, ..)| name);
    names.sort_unstable();
    assert_eq!(listed, names);
}

#[test]
fn each_command_says_its_arity_and_what_it_does_to_data() {
    let redis = Redis::start();
    for (name, arity, access, _) in COMMANDS {
        let info = redis.call(["COMMAND", "INFO", name]);
        let info = info.items()[0].items();
        assert_eq!(info[1], arity, "{name}");
        let flags: Vec<_> = info[2].items().iter().map(Reply::text).collect();
        let has = |flag: &str| flags.iter().any(|found| found == flag);
        assert!(has(access) && has("module"), "{name}: {flags:?}");
        assert_ne!(has("write"), has("readonly"), "{name}: {flags:?}");
        assert_eq!(has("denyoom"), TAKING.contains(&name), "{name}: {flags:?}");
        assert!(!has("noscript"), "{name}: {flags:?}");
        assert_eq!(
            has("blocking"),
            WAITING.contains(&name),
            "{name}: {flags:?}"
        );
        assert_eq!(has("movablekeys"), PARSED.contains(&name), "{name}");
    }
}

#[test]
fn each_command_names_its_keys() {
    let redis = Redis::start();
    for (name, _, _, line) in COMMANDS {
        let keys = redis.call(format!("COMMAND GETKEYS {line}"));
        if line.contains("k2") {
            assert_eq!(keys, ["k1", "k2"], "{name}");
        } else {
            assert_eq!(keys, ["k1"], "{name}");
        }
    }
}

#[test]
fn each_command_says_how_it_uses_its_keys() {
    let redis = Redis::start();
    for (name, _, access, line) in COMMANDS {
        let uses = redis.call(format!("COMMAND GETKEYSANDFLAGS {line}"));
        let expected: &[&str] = match access {
            "write" => &["RW", "access", "update"],
            _ => &["RO", "access"],
        };
        for key in uses.items() {
            let flags: Vec<_> = key.items()[1].items().iter().map(Reply::text).collect();
            assert_eq!(flags, expected, "{name}");
        }
    }
}

#[test]
fn each_command_explains_itself() {
    let redis = Redis::start();
    for (name, ..) in COMMANDS {
        let docs = redis.call(["COMMAND", "DOCS", name]);
        let docs = docs.field(name);
        assert!(docs.field("summary").text().ends_with('.'), "{name}");
        assert!(docs.field("complexity").text().starts_with("O("), "{name}");
        assert_eq!(*docs.field("since"), "0.1.0", "{name}");
        assert_eq!(*docs.field("module"), "weir", "{name}");
        let arguments = docs.field("arguments").items();
        assert!(!arguments.is_empty(), "{name}");
        for argument in arguments {
            assert!(!argument.field("name").text().is_empty(), "{name}");
        }
    }
}

/// The arguments of a command, as a grammar is written.
#[track_caller]
fn grammar(redis: &Redis, name: &str) -> String {
    let docs = redis.call(["COMMAND", "DOCS", name]);
    let arguments = docs.field(name).field("arguments");
    let words: Vec<_> = arguments.items().iter().map(written).collect();
    words.join(" ")
}

/// A field that an argument may have.
fn optional<'a>(argument: &'a Reply, name: &str) -> Option<&'a Reply> {
    let pairs = argument.items().chunks_exact(2);
    pairs
        .into_iter()
        .find(|pair| pair[0] == name)
        .map(|pair| &pair[1])
}

fn written(argument: &Reply) -> String {
    let name = argument.field("name").text();
    let token = optional(argument, "token").map(Reply::text);
    let flags: Vec<_> = optional(argument, "flags")
        .map(|flags| flags.items().iter().map(Reply::text).collect())
        .unwrap_or_default();
    let mut text = match (argument.field("type").text().as_str(), token) {
        ("oneof", _) => {
            let parts = argument.field("arguments").items();
            parts.iter().map(written).collect::<Vec<_>>().join("|")
        }
        ("block", token) => {
            let parts = argument.field("arguments").items();
            let parts = token.into_iter().chain(parts.iter().map(written));
            parts.collect::<Vec<_>>().join(" ")
        }
        ("pure-token", Some(token)) => token,
        (_, Some(token)) => format!("{token} {name}"),
        (_, None) => name,
    };
    if flags.iter().any(|flag| flag == "multiple") {
        text = format!("{text} [{text} ...]");
    }
    if flags.iter().any(|flag| flag == "optional") {
        text = format!("[{text}]");
    }
    text
}

/// The grammar of each command, as `COMMAND DOCS` says it.
const GRAMMARS: [(&str, &str); 32] = [
    (
        "umq.acquire",
        "key request-id PX milliseconds|EX seconds [DELAY delay-ms] [BLOCK block-ms|NOTIFY channel notify-ms] \
         [QUEUE max-waiters] [FLOW flow] [WEIGHT weight] [WAITED waited-ms]",
    ),
    ("umq.renew", "key request-id PX milliseconds|EX seconds"),
    ("umq.release", "key request-id [NOSTAMP]"),
    ("umq.cancel", "key request-id"),
    ("umq.force", "key"),
    ("umq.info", "key"),
    ("umq.waiters", "key [COUNT count]"),
    (
        "qgate.acquire",
        "key member LIMIT limit PX milliseconds|EX seconds [BLOCK block-ms|NOTIFY channel notify-ms] \
         [QUEUE max-waiters] [FLOW flow] [WEIGHT weight] [WAITED waited-ms]",
    ),
    (
        "qgate.admit",
        "member PX milliseconds|EX seconds [ALL numgates key limit [key limit ...]] \
         [ANY numgates key limit [key limit ...]] [PRIORITY priority [PRIORITY priority ...]] \
         [PREFER key|AFFINITY trie-key chain] [PATIENCE patience-ms] \
         [RATES numrates key burst rate per-ms cost [key burst rate per-ms cost ...]] \
         [BLOCK block-ms|NOTIFY channel notify-ms] [QUEUE max-waiters] [FLOW flow] \
         [WEIGHT weight] [WAITED waited-ms]",
    ),
    (
        "qgate.renew",
        "key PX milliseconds|EX seconds member [member ...]",
    ),
    ("qgate.release", "key member [member ...]"),
    ("qgate.leave", "member numkeys key [key ...]"),
    ("qgate.cancel", "key member"),
    ("qgate.close", "key PX milliseconds|EX seconds"),
    ("qgate.open", "key"),
    ("qgate.count", "key [key ...]"),
    ("qgate.members", "key [COUNT count]"),
    ("qgate.info", "key"),
    ("qgate.waiters", "key [COUNT count]"),
    (
        "trie.save",
        "key chain value PX milliseconds|EX seconds [REPLACE old-chain]",
    ),
    (
        "trie.find",
        "key chain [PX milliseconds|EX seconds] [WITHMATCH]",
    ),
    ("trie.find_ro", "key chain [WITHMATCH]"),
    ("trie.del", "key chain"),
    ("trie.forget", "key cursor value [COUNT count]"),
    ("trie.info", "key"),
    (
        "rate.take",
        "key BURST burst RATE rate PER per-ms [COST cost] [FORCE]",
    ),
    (
        "rate.give",
        "key BURST burst RATE rate PER per-ms COST cost",
    ),
    (
        "budget.reserve",
        "key member COST cost PX milliseconds|EX seconds LIMIT limit [UNTIL unix-ms] \
         [AND key LIMIT limit [UNTIL unix-ms] [AND key LIMIT limit [UNTIL unix-ms] ...]]",
    ),
    (
        "budget.renew",
        "key PX milliseconds|EX seconds member [member ...]",
    ),
    (
        "budget.settle",
        "key member actual [KEEP ms] [UNTIL unix-ms] \
         [AND key [UNTIL unix-ms] [AND key [UNTIL unix-ms] ...]]",
    ),
    ("budget.info", "key"),
    (
        "tally.add",
        "ids-key id PX milliseconds|EX seconds n \
         [hash-key field increment [hash-key field increment ...]] \
         [RECORD stream-key MAXLEN max field value [field value ...]]",
    ),
];

#[test]
fn the_arguments_of_each_command_are_its_grammar() {
    let redis = Redis::start();
    for (name, arguments) in GRAMMARS {
        assert_eq!(grammar(&redis, name), arguments, "{name}");
    }
}

#[test]
fn acl_rules_hold_for_every_key_of_every_command() {
    let redis = Redis::start();
    redis.call("ACL SETUSER limited on nopass ~k1 ~k2 %R~shown +@all");
    let mut client = redis.connect();
    client.call("AUTH limited x");
    // Servers word it differently.
    let refusal = client.call("GET foreign");
    assert_refused(&refusal);
    for (name, _, access, line) in COMMANDS {
        let allowed = client.call(line);
        assert!(!allowed.is_error(), "{line}: {allowed:?}");
        redis.call("FLUSHALL");
        for key in ["k1", "k2"].into_iter().filter(|key| line.contains(key)) {
            let foreign = line.replace(key, "foreign");
            assert_eq!(client.call(&foreign), refusal, "{foreign}");
            let shown = client.call(line.replace(key, "shown"));
            assert_eq!(shown == refusal, access == "write", "{name}: {shown:?}");
        }
        redis.call("FLUSHALL");
    }
}

#[test]
fn acl_rules_hold_for_commands_by_name() {
    let redis = Redis::start();
    redis.call("ACL SETUSER limited on nopass ~* +umq.acquire +umq.info");
    let mut client = redis.connect();
    client.call("AUTH limited x");
    assert_eq!(client.call("UMQ.ACQUIRE t a PX 1000").items()[0], 1);
    assert_eq!(*client.call("UMQ.INFO t").field("holder"), "a");
    assert_refused(&client.call("UMQ.FORCE t"));
}

#[track_caller]
fn assert_refused(reply: &Reply) {
    assert!(
        matches!(reply, Reply::Error(line) if line.starts_with("NOPERM ")),
        "{reply:?}"
    );
}
