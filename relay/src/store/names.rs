//! Every Redis key and channel that the relay uses. One hash tag per domain, so that one decision is one slot; what
//! operators make lives outside domains, under a hash tag of its own, so that changing it is one transaction.

use std::sync::LazyLock;

use crate::{ids, tally::Span};

const DOMAIN: &str = "weir:{default}";

/// A stream of what changed: `key <id>`, `account <id>`, `group <id>`, `user <id>`, `settings all`.
pub(crate) const CHANGES: &str = "weir:{keys}:changes";
/// The set of the ids of all keys of callers.
pub(crate) const KEYS: &str = "weir:{keys}:ids";
/// The sets of the ids of all stored accounts, groups and users, and of the accounts that are drained.
pub(crate) const ACCOUNTS: &str = "weir:{keys}:accounts";
pub(crate) const GROUPS: &str = "weir:{keys}:groups";
pub(crate) const USERS: &str = "weir:{keys}:users";
pub(crate) const DRAINED: &str = "weir:{keys}:drained";
/// A hash of what operators have set.
pub(crate) const SETTINGS: &str = "weir:{keys}:settings";
/// A stream of what operators did.
pub(crate) const AUDIT: &str = "weir:{keys}:audit";
/// A hash of the accounts, and models of accounts, that rest.
pub(crate) const COOLDOWNS: &str = "weir:{default}:cooldowns";
/// Before what a budget is called.
pub(crate) const BUDGETS: &str = "weir:{default}:budget:";
/// A stream with one entry per request that went upstream.
pub(crate) const RECORDS: &str = "weir:{default}:records";

/// The ids of the requests that have been counted.
pub(crate) const COUNTED: &str = "weir:{default}:counted";

/// What is going to be asked of accounts, by request.
pub(crate) const INTENTS: &str = "weir:{default}:intents";

/// The accounts that are paused, and until when.
pub(crate) const PAUSES: &str = "weir:{default}:pauses";
/// The processes of relays, and since when they are there; which of them still are, their keys say.
pub(crate) const RELAYS: &str = "weir:{default}:relays";
/// A hash of the people who sign in, by their names, and one of the tokens of programs, by their ids; when each was used.
pub(crate) const OPERATORS: &str = "weir:{keys}:operators";
pub(crate) const TOKENS: &str = "weir:{keys}:tokens";
pub(crate) const TOKENS_USED: &str = "weir:{keys}:tokens:used";
/// A sorted set of the digests of tokens with which the first operator may be made, by the time at which they were.
pub(crate) const SETUP: &str = "weir:{keys}:setup";

/// An operator's session.
pub(crate) fn session(digest: &str) -> String {
    format!("weir:{{keys}}:session:{digest}")
}

/// A browser in which somebody has signed in before.
pub(crate) fn browser(digest: &str) -> String {
    format!("weir:{{keys}}:browser:{digest}")
}

/// How often a password was tried of late, by whom or for whom.
pub(crate) fn tries(of: &str) -> String {
    format!("weir:{{keys}}:tries:{of}")
}

/// A hash of what operators were told of and still holds.
pub(crate) const ALERTS: &str = "weir:{default}:alerts";

pub(crate) fn key(id: &str) -> String {
    format!("weir:{{keys}}:key:{id}")
}

/// A stored account.
pub(crate) fn account(id: &str) -> String {
    format!("weir:{{keys}}:account:{id}")
}

/// A stored group.
pub(crate) fn group(id: &str) -> String {
    format!("weir:{{keys}}:group:{id}")
}

/// A stored user.
pub(crate) fn user(id: &str) -> String {
    format!("weir:{{keys}}:user:{id}")
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

/// What was spent in a period, as `called` tells it from others.
pub(crate) fn budget(called: &str) -> String {
    [BUDGETS, called].concat()
}

/// Who tries whether an account, or one model of it, is well again.
pub(crate) fn trial_gate(field: &str) -> String {
    format!("{DOMAIN}:gate:trial:{field}")
}

/// Who does for all relays what one does.
pub(crate) fn office(of: &str) -> String {
    format!("{DOMAIN}:gate:office:{of}")
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

/// A few numbers of what was counted of all of them in a day.
pub(crate) fn totals(day: u64) -> String {
    format!("{DOMAIN}:totals:{day}")
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
            budget("user:u:total"),
            turn("a"),
            trial_gate("a/m"),
            office("gauges"),
            pins("k"),
            users(Span::Hour(1)),
            totals(1),
            usage(Span::Day(1), "k"),
            notify_channel().to_owned(),
            relay("p"),
        ];
        for name in names
            .iter()
            .map(String::as_str)
            .chain([RECORDS, COUNTED, ALERTS, INTENTS, NEWS, PAUSES, RELAYS])
        {
            assert!(name.starts_with("weir:{default}:"), "{name}");
        }
        assert_eq!(account_gate("main"), "weir:{default}:gate:account:main");
        assert_eq!(turn("main"), "weir:{default}:turn:main");
    }

    #[test]
    fn what_operators_make_lives_in_one_slot() {
        let key = key("key_1");
        assert_eq!(key, "weir:{keys}:key:key_1");
        let others = [
            account("a"),
            group("g"),
            user("u"),
            key,
            session("s"),
            browser("b"),
            tries("t"),
        ];
        let others = others.iter().map(String::as_str);
        let whole = [
            CHANGES,
            KEYS,
            ACCOUNTS,
            GROUPS,
            USERS,
            DRAINED,
            SETTINGS,
            AUDIT,
            OPERATORS,
            TOKENS,
            TOKENS_USED,
            SETUP,
        ];
        for name in others.chain(whole) {
            assert!(name.starts_with("weir:{keys}:"), "{name}");
        }
    }
}
