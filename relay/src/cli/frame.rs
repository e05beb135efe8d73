//! Queues in words for a terminal: the same for `weir queue` and `weir top`. Pure.

use std::sync::Arc;

use crate::live::snapshot::{AccountShown, SlotShown, WaiterShown, Why};

/// How many waiters of a line are named in one line of text.
const NAMED: usize = 8;

/// An account: how it stands, who holds, who waits.
pub(super) fn account_line(account: &AccountShown, now_ms: u64) -> String {
    let limit = match account.limit {
        0 => "-".to_owned(),
        limit => limit.to_string(),
    };
    let why = account.why.as_ref().map(|why| because(why, now_ms));
    let line = account.line.iter().take(NAMED);
    let names: Vec<String> = line.map(|waiter| waiter_name(waiter, now_ms)).collect();
    let state = account.state.word();
    let mut text = format!(
        "{:<16} {state:<9} {:>4}/{limit:<4} {:>5} wait  ",
        account.id, account.in_use, account.waiting
    );
    text += &names.join("  ");
    let unnamed = account.waiting.saturating_sub(names.len() as u64);
    if unnamed > 0 && !names.is_empty() {
        text += &format!("  +{unnamed}");
    }
    if let Some(why) = why {
        text += &format!("  ({why})");
    }
    text.trim_end().to_owned()
}

fn because(why: &Why, now_ms: u64) -> String {
    let mut text = why.cause.clone();
    if let Some(model) = &why.model {
        text = format!("{model}: {text}");
    }
    if let Some(until) = why.until_ms {
        text += &format!(", {}", span(until.saturating_sub(now_ms)));
    }
    text
}

fn waiter_name(waiter: &WaiterShown, now_ms: u64) -> String {
    let name = name(waiter.key.as_ref(), waiter.key_name.as_ref());
    format!("{name} {}", span(now_ms.saturating_sub(waiter.since_ms)))
}

pub(super) fn waiter_words(waiter: &WaiterShown, now_ms: u64) -> String {
    words(
        (
            &waiter.member,
            name(waiter.key.as_ref(), waiter.key_name.as_ref()),
        ),
        waiter.model.as_deref(),
        now_ms.saturating_sub(waiter.since_ms),
    )
}

pub(super) fn slot_words(slot: &SlotShown, now_ms: u64) -> String {
    words(
        (
            &slot.member,
            name(slot.key.as_ref(), slot.key_name.as_ref()),
        ),
        slot.model.as_deref(),
        now_ms.saturating_sub(slot.since_ms),
    )
}

fn words((member, name): (&str, &str), model: Option<&str>, ms: u64) -> String {
    let model = model.unwrap_or("-");
    format!("{member}  {name:<20} {model:<24} {:>6}", span(ms))
}

/// By its name for people, else by its id.
pub(super) fn name<'a>(key: Option<&'a Arc<str>>, name: Option<&'a Arc<str>>) -> &'a str {
    name.or(key).map_or("?", |name| &**name)
}

/// A span in its two largest units.
pub(super) fn span(ms: u64) -> String {
    match ms / 1_000 {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds @ 3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        seconds => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::snapshot::State;

    fn account() -> AccountShown {
        let waiter = |position: usize, name: &str, ago_ms: u64| WaiterShown {
            member: "req_a".into(),
            key: Some("key_1".into()),
            key_name: Some(name.into()),
            model: None,
            since_ms: 100_000 - ago_ms,
            position,
        };
        AccountShown {
            id: "main".into(),
            kind: Some("anthropic"),
            state: State::Full,
            why: None,
            in_use: 2,
            limit: 2,
            waiting: 12,
            slots: Vec::new(),
            slots_more: 0,
            line: vec![waiter(1, "Ann", 65_000), waiter(2, "agents", 900)],
            line_more: 10,
            turn: None,
        }
    }

    #[test]
    fn an_account_is_one_line_with_the_first_of_those_who_wait() {
        let mut account = account();
        let line = account_line(&account, 100_000);
        let expected = "main             full         2/2       12 wait  Ann 1m05s  agents 0s  +10";
        assert_eq!(line, expected);
        account.line.clear();
        account.waiting = 0;
        account.limit = 0;
        account.why = Some(Why {
            cause: "rate".into(),
            model: Some("opus".into()),
            until_ms: Some(130_000),
        });
        let line = account_line(&account, 100_000);
        assert!(
            line.ends_with("2/-        0 wait    (opus: rate, 30s)"),
            "{line}"
        );
    }

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        for (ms, told) in [
            (999, "0s"),
            (59_999, "59s"),
            (61_000, "1m01s"),
            (3_660_000, "1h01m"),
            (90_000_000, "1d01h"),
        ] {
            assert_eq!(span(ms), told);
        }
    }
}
