//! What is told, and when: each thing by a name of its own, when it begins to hold and, where that matters, when it is
//! over. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// What the webhook gets, beside `id`, `at_ms` and `message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event")]
pub(crate) enum Event {
    #[serde(rename = "account.down")]
    AccountDown {
        account: String,
        cause: &'static str,
        since_ms: u64,
        /// Until when it rests at least.
        until_ms: u64,
    },
    #[serde(rename = "account.back")]
    AccountBack { account: String },
    #[serde(rename = "budget.reached")]
    BudgetReached {
        /// `key`, `user` or `group`.
        of: &'static str,
        of_id: String,
        /// `2026-11-21`, `2026-11` or `total`.
        period: String,
        percent: u64,
        spent_micro_usd: u64,
        limit_micro_usd: u64,
    },
    #[serde(rename = "waiting.above")]
    WaitingAbove {
        account: String,
        waiting: u64,
        longest_ms: u64,
    },
    #[serde(rename = "waiting.below")]
    WaitingBelow { account: String },
    #[serde(rename = "test")]
    Test,
}

/// What has become of something since it was looked at last.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    Begins(Event),
    IsOver,
}

const ACCOUNT: &str = "account";
const WAITING: &str = "waiting";

/// Its name; the same as long as it holds.
pub(super) fn about(event: &Event) -> String {
    match event {
        Event::AccountDown { account, .. } | Event::AccountBack { account } => {
            format!("{ACCOUNT}:{account}")
        }
        Event::WaitingAbove { account, .. } | Event::WaitingBelow { account } => {
            format!("{WAITING}:{account}")
        }
        Event::BudgetReached {
            of,
            of_id,
            period,
            percent,
            ..
        } => format!("budget:{of}:{of_id}:{period}:{percent}"),
        Event::Test => "test".into(),
    }
}

impl Event {
    /// For people.
    pub(crate) fn message(&self) -> String {
        let usd = |micro: &u64| *micro as f64 / 1e6;
        match self {
            Self::AccountDown { account, cause, .. } => {
                format!("Account {account} does not serve: {cause}")
            }
            Self::AccountBack { account } => format!("Account {account} serves again"),
            Self::BudgetReached {
                of,
                of_id,
                period,
                percent,
                spent_micro_usd,
                limit_micro_usd,
            } => format!(
                "The {of} {of_id} has spent {percent} % of its budget ({period}): {:.2} of {:.2} USD",
                usd(spent_micro_usd),
                usd(limit_micro_usd)
            ),
            Self::WaitingAbove {
                account,
                waiting,
                longest_ms,
            } => format!(
                "{waiting} requests wait for account {account}, the longest for {:.0} s",
                *longest_ms as f64 / 1e3
            ),
            Self::WaitingBelow { account } => {
                format!("Nobody waits long for account {account} any more")
            }
            Self::Test => "This is a test".into(),
        }
    }
}

impl Change {
    pub(super) fn begins(&self) -> bool {
        matches!(self, Self::Begins(_))
    }

    /// What is told of it; that a budget's period is over is nothing to tell.
    pub(super) fn event(self, about: &str) -> Option<Event> {
        let event = match self {
            Self::Begins(event) => return Some(event),
            Self::IsOver => about.split_once(':')?,
        };
        match event {
            (ACCOUNT, account) => Some(Event::AccountBack {
                account: account.into(),
            }),
            (WAITING, account) => Some(Event::WaitingBelow {
                account: account.into(),
            }),
            _ => None,
        }
    }
}

/// Between what was told to hold and what holds now.
pub(super) fn changes(held: Vec<Event>, told: BTreeSet<String>) -> BTreeMap<String, Change> {
    let held: BTreeMap<String, Event> = held
        .into_iter()
        .map(|event| (about(&event), event))
        .collect();
    let over = told.iter().filter(|about| !held.contains_key(*about));
    let mut changes: BTreeMap<_, _> = over.map(|about| (about.clone(), Change::IsOver)).collect();
    let begun = held.into_iter().filter(|(about, _)| !told.contains(about));
    changes.extend(begun.map(|(about, event)| (about, Change::Begins(event))));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(account: &str) -> Event {
        Event::AccountDown {
            account: account.into(),
            cause: "fault",
            since_ms: 1,
            until_ms: 2,
        }
    }

    fn reached(percent: u64) -> Event {
        Event::BudgetReached {
            of: "user",
            of_id: "ann".into(),
            period: "2026-11".into(),
            percent,
            spent_micro_usd: 8_000_000,
            limit_micro_usd: 10_000_000,
        }
    }

    #[test]
    fn what_begins_and_what_is_over_is_told_and_what_goes_on_is_not() {
        let told = ["account:a", "account:b", "waiting:c"].map(str::to_owned);
        let seen = changes(vec![down("b"), reached(80)], told.into());
        let seen: Vec<_> = seen
            .into_iter()
            .map(|(about, change)| (change.event(&about), about))
            .collect();
        let back = Event::AccountBack {
            account: "a".into(),
        };
        let below = Event::WaitingBelow {
            account: "c".into(),
        };
        assert_eq!(
            seen,
            [
                (Some(back), "account:a".to_owned()),
                (Some(reached(80)), "budget:user:ann:2026-11:80".to_owned()),
                (Some(below), "waiting:c".to_owned()),
            ]
        );
    }

    #[test]
    fn the_end_of_a_budgets_period_is_no_news() {
        let about = about(&reached(100));
        let seen = changes(Vec::new(), [about.clone()].into());
        assert_eq!(seen.len(), 1);
        assert_eq!(Change::IsOver.event(&about), None);
    }

    #[test]
    fn a_person_can_read_what_happened() {
        assert_eq!(
            reached(80).message(),
            "The user ann has spent 80 % of its budget (2026-11): 8.00 of 10.00 USD"
        );
        let told = serde_json::to_value(down("a")).unwrap();
        assert_eq!(told["event"], "account.down");
    }
}
