//! A request's record, counted. The task that settles requests owns this alone: it finds the meters of a record by its own
//! words, without a lock and without a copy of them, once they have been seen.

use std::{hash::Hash, sync::Arc};

use hashbrown::{Equivalent, HashMap};
use prometheus_client::metrics::counter::Counter;

use super::{
    labels::{OfAccount, OfAnswer, OfCause, OfChoice, OfGroup, OfRequest, OfSpending, OfTokens},
    meters::Meters,
    spread::Spread,
};
use crate::{
    route::Work,
    settle::{Outcome, Record},
    usage::{Usage, number},
};

/// A class of tokens: its name, and how many of it were used.
type Class = (&'static str, fn(&Usage) -> Option<u64>);

/// Of tokens: those that were sent and came, and what of them went through the cache.
const CLASSES: [Class; 5] = [
    ("input", |usage| usage.input),
    ("output", |usage| usage.output),
    ("cache_read", |usage| usage.cache_read),
    ("cache_write", |usage| usage.cache_write),
    ("reasoning", |usage| usage.reasoning),
];
/// An answer that stopped in the middle, in the words of `Cause`.
const CUT: &str = "cut";
const LATE: &str = "late";

#[derive(Debug)]
pub(crate) struct Counting {
    meters: Arc<Meters>,
    lines: HashMap<Labels, Line>,
}

/// What tells the requests of a line from others.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Labels {
    account: Box<str>,
    group: Box<str>,
    model: Box<str>,
    words: Words,
}

/// The same, as it stands in a record: both have the same hash.
#[derive(Debug, Hash)]
struct Told<'a> {
    account: &'a str,
    group: &'a str,
    model: &'a str,
    words: Words,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Words {
    dialect: &'static str,
    status: &'static str,
    outcome: &'static str,
    reason: &'static str,
}

/// The meters of requests that have the same labels.
#[derive(Debug)]
struct Line {
    requests: Counter,
    choices: Counter,
    wait: Spread,
    turn_wait: Spread,
    duration: Spread,
    first_byte: Spread,
    tokens: [Counter; CLASSES.len()],
    tokens_estimated: Counter,
    cost: Counter,
    unpriced: Counter,
}

impl Equivalent<Labels> for Told<'_> {
    fn equivalent(&self, labels: &Labels) -> bool {
        self.words == labels.words
            && *self.account == *labels.account
            && *self.group == *labels.group
            && *self.model == *labels.model
    }
}

impl Counting {
    pub(crate) fn new(meters: Arc<Meters>) -> Self {
        Self {
            meters,
            lines: HashMap::new(),
        }
    }

    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    /// Once for each record, whatever becomes of its settlement.
    pub(crate) fn count(&mut self, record: &Record) {
        self.count_failures(record);
        let told = Told::of(record);
        match self.lines.get(&told) {
            Some(line) => line.count(record),
            None => {
                let line = Line::of(&self.meters, &told);
                line.count(record);
                self.lines.insert(told.kept(), line);
            }
        }
    }

    /// Those of the accounts before; and of the last one, where it failed.
    fn count_failures(&self, record: &Record) {
        for (account, cause) in &record.failed {
            let labels = of_cause(account, cause.word());
            self.meters.upstream_errors.get_or_create(&labels).inc();
            if *account != record.account {
                self.meters.failovers.get_or_create(&labels).inc();
            }
        }
        let stopped = match record.outcome {
            Outcome::UpstreamCut => CUT,
            Outcome::UpstreamTimeout => LATE,
            Outcome::Done | Outcome::UpstreamRefused | Outcome::UpstreamUnreachable => return,
            Outcome::CallerGone | Outcome::TakenBack | Outcome::Interrupted => return,
        };
        let is_counted = |(account, _): &(Box<str>, _)| *account == record.account;
        if !record.failed.iter().any(is_counted) {
            let labels = of_cause(&record.account, stopped);
            self.meters.upstream_errors.get_or_create(&labels).inc();
        }
    }
}

impl<'a> Told<'a> {
    fn of(record: &'a Record) -> Self {
        Self {
            account: &record.account,
            group: &record.group,
            model: &record.bill.model,
            words: Words {
                dialect: record.dialect.word(),
                status: class(record.status),
                outcome: record.outcome.word(),
                reason: record.reason.word(),
            },
        }
    }

    fn kept(&self) -> Labels {
        Labels {
            account: self.account.into(),
            group: self.group.into(),
            model: self.model.into(),
            words: self.words,
        }
    }
}

impl Line {
    fn of(meters: &Meters, told: &Told<'_>) -> Self {
        let Words {
            dialect,
            status,
            outcome,
            reason,
        } = told.words;
        let account: Box<str> = told.account.into();
        let group: Box<str> = told.group.into();
        let model: Box<str> = told.model.into();
        let spending = OfSpending {
            account: account.clone(),
            group: group.clone(),
            model: model.clone(),
        };
        let of_class = |(class, _): (&'static str, _)| {
            let (account, group, model) = (account.clone(), group.clone(), model.clone());
            let labels = OfTokens {
                account,
                group,
                model,
                class,
            };
            meters.tokens.get_or_create_owned(&labels)
        };
        let answer = OfAnswer {
            account: account.clone(),
            dialect,
        };
        let of_group = OfGroup {
            group: group.clone(),
        };
        let of_account = OfAccount {
            account: account.clone(),
        };
        Self {
            tokens: CLASSES.map(of_class),
            tokens_estimated: meters.tokens_estimated.get_or_create_owned(&spending),
            cost: meters.cost.get_or_create_owned(&spending),
            unpriced: meters.unpriced.get_or_create_owned(&spending),
            duration: meters.duration.get_or_create_owned(&answer),
            first_byte: meters.first_byte.get_or_create_owned(&answer),
            wait: meters.wait.get_or_create_owned(&of_group),
            turn_wait: meters.turn_wait.get_or_create_owned(&of_account),
            choices: meters.choices.get_or_create_owned(&OfChoice {
                group: group.clone(),
                reason,
            }),
            requests: meters.requests.get_or_create_owned(&OfRequest {
                account,
                group,
                model,
                dialect,
                status,
                outcome,
            }),
        }
    }

    fn count(&self, record: &Record) {
        self.requests.inc();
        self.choices.inc();
        self.wait.add(record.wait);
        // Others are answered by what is at hand: they say nothing of how fast an account is.
        if record.work == Work::Generate {
            self.turn_wait.add(record.turn_wait);
            self.duration.add(record.duration);
            if let Some(first_byte) = record.first_byte {
                self.first_byte.add(first_byte);
            }
        }
        for ((_, of), counter) in CLASSES.iter().zip(&self.tokens) {
            counter.inc_by(number(of(&record.usage)));
        }
        self.tokens_estimated.inc_by(record.bill.estimated);
        match record.bill.cost {
            Some(cost) => self.cost.inc_by(cost.0),
            None => self.unpriced.inc(),
        };
    }
}

fn of_cause(account: &str, cause: &'static str) -> OfCause {
    OfCause {
        account: account.into(),
        cause,
    }
}

/// Of the upstream's last answer; none where there was none.
fn class(status: Option<u16>) -> &'static str {
    match status {
        None => "none",
        Some(200..=299) => "2xx",
        Some(300..=399) => "3xx",
        Some(400..=499) => "4xx",
        Some(_) => "5xx",
    }
}
