//! What is counted of requests, and sums of it: by caller, account, group or model, by the hour or the day. Pure.

use std::{collections::BTreeMap, fmt};

use crate::{price::MicroUsd, time::UnixMillis};

const HOUR_MS: u64 = 3_600_000;
const HOURS: u64 = 24;

/// The names of all numbers, in the order in which they are shown.
pub(crate) const NUMBERS: [&str; 13] = [
    "requests",
    "failed",
    "interrupted",
    "input",
    "output",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "reasoning",
    "web_searches",
    "estimated",
    "unpriced",
    COST,
];
pub(crate) const COST: &str = "cost_micro_usd";

/// An hour or a day of UTC, numbered from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Span {
    Hour(u64),
    Day(u64),
}

/// How long the spans of a report are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Hour,
    Day,
}

/// By what a report tells its numbers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum By {
    Key,
    Account,
    Group,
    Model,
}

/// Sums, in the order of `NUMBERS`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Numbers([u64; NUMBERS.len()]);

/// Whose requests were counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) key: Box<str>,
    pub(crate) group: Box<str>,
    pub(crate) account: Box<str>,
    pub(crate) model: Box<str>,
    pub(crate) numbers: Numbers,
}

/// A sum for each span and each of those that are told apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report(BTreeMap<(Span, Box<str>), Numbers>);

impl Span {
    pub(crate) fn begin(self) -> UnixMillis {
        match self {
            Self::Hour(hour) => UnixMillis(hour * HOUR_MS),
            Self::Day(day) => UnixMillis(day * HOURS * HOUR_MS),
        }
    }
}

impl Step {
    pub(crate) fn of(word: &str) -> Option<Self> {
        [Self::Hour, Self::Day]
            .into_iter()
            .find(|step| step.word() == word)
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    pub(crate) fn length_ms(self) -> u64 {
        match self {
            Self::Hour => HOUR_MS,
            Self::Day => HOURS * HOUR_MS,
        }
    }

    /// Those that have a part between two times, at most `most`; none where there are more.
    pub(crate) fn spans(self, from: UnixMillis, to: UnixMillis, most: u64) -> Option<Vec<Span>> {
        let length = self.length_ms();
        let span: fn(u64) -> Span = match self {
            Self::Hour => Span::Hour,
            Self::Day => Span::Day,
        };
        let (first, end) = (from.0 / length, to.0.div_ceil(length));
        (end.saturating_sub(first) <= most).then(|| (first..end).map(span).collect())
    }
}

impl Numbers {
    /// Numbers of other names are not ours to show.
    pub(crate) fn add(&mut self, name: &str, number: u64) {
        if let Some(place) = NUMBERS.iter().position(|known| *known == name) {
            self.0[place] = self.0[place].saturating_add(number);
        }
    }

    pub(crate) fn add_all(&mut self, other: &Self) {
        let pairs = self.0.iter_mut().zip(other.0);
        pairs.for_each(|(sum, number)| *sum = sum.saturating_add(number));
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        NUMBERS.into_iter().zip(self.0)
    }

    pub(crate) fn of(&self, name: &str) -> u64 {
        self.all()
            .find(|(known, _)| *known == name)
            .map_or(0, |(_, number)| number)
    }

    pub(crate) fn cost(&self) -> MicroUsd {
        MicroUsd(self.of(COST))
    }
}

impl Counted {
    fn name(&self, by: By) -> &str {
        match by {
            By::Key => &self.key,
            By::Account => &self.account,
            By::Group => &self.group,
            By::Model => &self.model,
        }
    }
}

impl Report {
    pub(crate) fn add(&mut self, span: Span, by: By, counted: &Counted) {
        let sums = self.0.entry((span, counted.name(by).into())).or_default();
        sums.add_all(&counted.numbers);
    }

    /// Oldest first.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (Span, &str, &Numbers)> {
        let rows = self.0.iter();
        rows.map(|((span, name), numbers)| (*span, &**name, numbers))
    }

    pub(crate) fn total(&self) -> Numbers {
        let mut total = Numbers::default();
        self.0.values().for_each(|numbers| total.add_all(numbers));
        total
    }
}

/// US dollars, with all six places.
impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "key",
            Self::Account => "account",
            Self::Group => "group",
            Self::Model => "model",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(key: &str, model: &str, input: u64, cost: u64) -> Counted {
        let mut numbers = Numbers::default();
        numbers.add("requests", 1);
        numbers.add("input", input);
        numbers.add(COST, cost);
        numbers.add("somebody else's", 9);
        Counted {
            key: key.into(),
            group: "g".into(),
            account: "a".into(),
            model: model.into(),
            numbers,
        }
    }

    #[test]
    fn a_report_tells_apart_what_it_is_asked_for() {
        let (mut by_key, mut by_model) = (Report::default(), Report::default());
        for (hour, counted) in [
            (2, counted("k1", "m1", 5, 100)),
            (2, counted("k1", "m2", 7, 30)),
            (1, counted("k2", "m1", 11, 1_000_000)),
        ] {
            by_key.add(Span::Hour(hour), By::Key, &counted);
            by_model.add(Span::Hour(hour), By::Model, &counted);
        }
        let rows = |report: &Report| -> Vec<(Span, String, u64)> {
            let rows = report.rows();
            rows.map(|(span, name, numbers)| (span, name.to_owned(), numbers.of("input")))
                .collect()
        };
        let expected = [
            (Span::Hour(1), "k2".into(), 11),
            (Span::Hour(2), "k1".into(), 12),
        ];
        assert_eq!(rows(&by_key), expected);
        let expected = [
            (Span::Hour(1), "m1".into(), 11),
            (Span::Hour(2), "m1".into(), 5),
            (Span::Hour(2), "m2".into(), 7),
        ];
        assert_eq!(rows(&by_model), expected);
        assert_eq!(by_key.total(), by_model.total());
        assert_eq!(by_key.total().cost().to_string(), "1.000130");
    }

    #[test]
    fn spans_are_those_that_have_a_part_of_the_time() {
        let spans =
            |step: Step, from: u64, to: u64| step.spans(UnixMillis(from), UnixMillis(to), 3);
        let hour = HOUR_MS;
        assert_eq!(spans(Step::Hour, 0, 1), Some(vec![Span::Hour(0)]));
        assert_eq!(
            spans(Step::Hour, hour - 1, hour + 1),
            Some(vec![Span::Hour(0), Span::Hour(1)])
        );
        assert_eq!(spans(Step::Hour, hour, hour), Some(vec![]));
        assert_eq!(spans(Step::Hour, 5 * hour, hour), Some(vec![]));
        assert_eq!(spans(Step::Hour, 0, 4 * hour), None);
        assert_eq!(
            spans(Step::Day, 23 * hour, 25 * hour),
            Some(vec![Span::Day(0), Span::Day(1)])
        );
        assert_eq!(Span::Day(1).begin(), Span::Hour(24).begin());
    }
}
