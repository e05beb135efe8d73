//! Every Redis key and channel that the relay uses. One hash tag per domain, so that one decision is one slot; the keys
//! of callers live outside domains, under a hash tag of their own, so that changing one is one transaction.

use std::sync::LazyLock;

use crate::{ids, tally::Span};

const DOMAIN: &str = "weir:{default}";

/// A stream of `key <id>`: which keys of callers changed.
pub(crate) const CHANGES: &str = "weir:{keys}:changes";
/// The set of the ids of all keys of callers.
pub(crate) const KEYS: &str = "weir:{keys}:ids";
/// A hash of the accounts, and models of accounts, that rest.
pub(crate) const COOLDOWNS: &str = "weir:{default}:cooldowns";
/// A stream with one entry per request that went upstream.
pub(crate) const RECORDS: &str = "weir:{default}:records";

/// The ids of the requests that have been counted.
pub(crate) const COUNTED: &str = "weir:{default}:counted";

/// What is going to be asked of accounts, by request.
pub(crate) const INTENTS: &str = "weir:{default}:intents";

pub(crate) fn key(id: &str) -> String {
    format!("weir:{{keys}}:key:{id}")
}

/// The shard channel on which all relays are told that cooldowns have changed.
pub(crate) const NEWS: &str = "weir:{default}:news";

/// The shard channel on which this process is told how its tickets end.
pub(crate) fn notify_channel() -> &'static str {
    static NAME: LazyLock<String> =
        LazyLock::new(|| format!("{DOMAIN}:notify:{}", ids::process_name()));
    &NAME
}

pub(crate) fn account_gate(account: &str) -> String {
    format!("{DOMAIN}:gate:account:{account}")
}

/// Which account has which conversation of a group.
pub(crate) fn affinity(group: &str) -> String {
    format!("{DOMAIN}:affinity:{group}")
}

/// Which account has made what for a key of a caller.
pub(crate) fn pins(key: &str) -> String {
    format!("{DOMAIN}:pins:{key}")
}

/// Slots of a key, a user or a group, as `of` says.
pub(crate) fn gate_of(of: &str, id: &str) -> String {
    format!("{DOMAIN}:gate:{of}:{id}")
}

/// What a key, a user or a group takes of a minute's requests or tokens.
pub(crate) fn rate(of: &str, id: &str, measure: &str) -> String {
    format!("{DOMAIN}:rate:{of}:{id}:{measure}")
}

/// Who tries whether an account, or one model of it, is well again.
pub(crate) fn trial_gate(field: &str) -> String {
    format!("{DOMAIN}:gate:trial:{field}")
}

pub(crate) fn turn(account: &str) -> String {
    format!("{DOMAIN}:turn:{account}")
}

/// Says that the relay with this process name is there.
pub(crate) fn relay(process: &str) -> String {
    format!("{DOMAIN}:relay:{process}")
}

/// The set of the keys of callers that have counters of an hour or a day.
pub(crate) fn users(span: Span) -> String {
    match span {
        Span::Hour(hour) => format!("{DOMAIN}:usage:hour:{hour}"),
        Span::Day(day) => format!("{DOMAIN}:usage:day:{day}"),
    }
}

/// The counters of one of them.
pub(crate) fn usage(span: Span, key: &str) -> String {
    format!("{}:{key}", users(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decided_together_lives_in_one_slot() {
        let names = [
            account_gate("a"),
            gate_of("key", "k"),
            rate("user", "u", "tokens"),
            turn("a"),
            trial_gate("a/m"),
            pins("k"),
            users(Span::Hour(1)),
            usage(Span::Day(1), "k"),
            notify_channel().to_owned(),
            relay("p"),
        ];
        for name in names
            .iter()
            .map(String::as_str)
            .chain([RECORDS, COUNTED, INTENTS, NEWS])
        {
            assert!(name.starts_with("weir:{default}:"), "{name}");
        }
        assert_eq!(account_gate("main"), "weir:{default}:gate:account:main");
        assert_eq!(turn("main"), "weir:{default}:turn:main");
    }

    #[test]
    fn what_tells_of_a_key_of_a_caller_lives_in_one_slot() {
        let key = key("key_1");
        assert_eq!(key, "weir:{keys}:key:key_1");
        for name in [CHANGES, KEYS, &key] {
            assert!(name.starts_with("weir:{keys}:"), "{name}");
        }
    }
}
