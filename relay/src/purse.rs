//! Days and months of spending, and what is said of them in Redis. Pure.

use crate::{
    calendar::{Period, Today},
    time::UnixMillis,
};

/// What stands around a purse's name, as text: a comma, and when it is over.
const AROUND: usize = ",@1795200000000".len();

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    Day,
    Month,
    Total,
}

/// What was spent in a period, as Redis knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Purse {
    /// What tells it from others: `<whose>:<id>:<period>`.
    pub(crate) called: Box<str>,
    /// When its period is over, if ever.
    pub(crate) until: Option<UnixMillis>,
}

impl Purse {
    /// Several, as one word.
    pub(crate) fn text(all: &[Self]) -> String {
        let called: usize = all.iter().map(|purse| purse.called.len()).sum();
        let mut text = String::with_capacity(called + all.len() * AROUND);
        for Self { called, until } in all {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(called);
            if let Some(until) = until {
                text.push('@');
                text.push_str(itoa::Buffer::new().format(until.0));
            }
        }
        text
    }

    pub(crate) fn read(text: &str) -> Option<Box<[Self]>> {
        let purse = |word: &str| {
            let (called, until) = match word.split_once('@') {
                Some((name, until)) => (name, Some(UnixMillis(until.parse().ok()?))),
                None => (word, None),
            };
            let called = called.into();
            Some(Self { called, until })
        };
        text.split(',').map(purse).collect()
    }
}

impl Span {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Day => "per day",
            Self::Month => "per month",
            Self::Total => "in total",
        }
    }

    /// What it is called today, and when the next begins.
    pub(crate) fn period(self, today: &Today) -> (&str, Option<UnixMillis>) {
        let Period { called, until } = match self {
            Self::Day => &today.day,
            Self::Month => &today.month,
            Self::Total => return ("total", None),
        };
        (called, *until)
    }
}
