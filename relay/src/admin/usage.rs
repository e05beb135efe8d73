//! What was used and what it cost, told apart by one thing or two, from the counters of hours and days. What cached input
//! has saved is reckoned with today's prices.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use utoipa::ToSchema;

use super::{AdminError, Desk, misfit};
use crate::{
    books::Books,
    tally::{Counted, Numbers, Span, Step},
    time::UnixMillis,
};

/// So many hours or days at most, and so many counters of them: one for each key that was used in each.
const MOST_SPANS: u64 = 1_000;
pub(crate) const MOST_COUNTERS: usize = 50_000;
const MOST_ROWS: usize = 10_000;
/// A shorter time is told exactly to the hour.
const BY_THE_HOUR_MS: u64 = 2 * 86_400_000;

/// What rows are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Key,
    User,
    Account,
    Group,
    Model,
    Hour,
    Day,
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) from: UnixMillis,
    pub(crate) to: UnixMillis,
    pub(crate) by: Vec<By>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Usage {
    /// Where the first hour or day begins that is counted in.
    pub(crate) from_ms: u64,
    /// Where the last one ends.
    pub(crate) to_ms: u64,
    pub(crate) rows: Vec<Row>,
    pub(crate) totals: Sums,
}

/// Of those that are told apart, which one.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub(crate) struct Which {
    /// When the hour began, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hour: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) day: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// Empty for keys that nobody owns, or that are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) which: Which,
    #[serde(flatten)]
    pub(crate) sums: Sums,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Sums {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    /// Of these, those whose relay was gone.
    pub(crate) interrupted: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) cache_read_tokens: u64,
    pub(crate) cache_write_tokens: u64,
    pub(crate) reasoning_tokens: u64,
    pub(crate) web_searches: u64,
    /// Of the tokens, those that nobody told.
    pub(crate) estimated_tokens: u64,
    /// Requests for models without a price.
    pub(crate) unpriced: u64,
    pub(crate) cost_micro_usd: u64,
    /// What cached input would have cost more if it had not been cached.
    pub(crate) saved_micro_usd: u64,
}

impl By {
    pub(crate) fn read(word: &str) -> Option<Self> {
        let all = [
            Self::Key,
            Self::User,
            Self::Account,
            Self::Group,
            Self::Model,
            Self::Hour,
            Self::Day,
        ];
        all.into_iter().find(|by| by.word() == word)
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::User => "user",
            Self::Account => "account",
            Self::Group => "group",
            Self::Model => "model",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

impl Asked {
    /// By the hour where that is asked for, or short and kept; else by whole days of UTC.
    fn step(&self, hours_since: UnixMillis) -> Step {
        let is_short = self.to.0.saturating_sub(self.from.0) <= BY_THE_HOUR_MS;
        let is_kept = self.from >= hours_since;
        match self.by.contains(&By::Hour) {
            true => Step::Hour,
            false if self.by.contains(&By::Day) => Step::Day,
            false if is_short && is_kept => Step::Hour,
            false => Step::Day,
        }
    }
}

impl Sums {
    fn add(&mut self, numbers: &Numbers, saved: u64) {
        let of = |name: &str| numbers.of(name);
        let written = of("cache_write_5m").saturating_add(of("cache_write_1h"));
        for (sum, number) in [
            (&mut self.requests, of("requests")),
            (&mut self.errors, of("failed")),
            (&mut self.interrupted, of("interrupted")),
            (&mut self.input_tokens, of("input")),
            (&mut self.output_tokens, of("output")),
            (&mut self.cache_read_tokens, of("cache_read")),
            (&mut self.cache_write_tokens, written),
            (&mut self.reasoning_tokens, of("reasoning")),
            (&mut self.web_searches, of("web_searches")),
            (&mut self.estimated_tokens, of("estimated")),
            (&mut self.unpriced, of("unpriced")),
            (&mut self.cost_micro_usd, numbers.cost().0),
            (&mut self.saved_micro_usd, saved),
        ] {
            *sum = sum.saturating_add(number);
        }
    }
}

impl Desk<'_> {
    pub(crate) async fn usage(
        &self,
        asked: &Asked,
        books: &Books,
        hours_since: UnixMillis,
    ) -> Result<Usage, AdminError> {
        let step = asked.step(hours_since);
        let spans = step.spans(asked.from, asked.to, MOST_SPANS);
        let spans = spans.ok_or_else(|| {
            misfit(
                "from_ms",
                format!("that is more than {MOST_SPANS} hours or days"),
            )
        })?;
        let users = match asked.by.contains(&By::User) {
            true => self.owners().await?,
            false => HashMap::new(),
        };
        let mut rows: BTreeMap<Which, Sums> = BTreeMap::new();
        let mut totals = Sums::default();
        let mut counters = 0;
        for span in &spans {
            counters += self
                .store
                .used_by_all(*span, |span, counted| {
                    let cached = counted.numbers.of("cache_read");
                    let saved = books.saved(&counted.model, cached, asked.to).0;
                    let which = which(&asked.by, span, &counted, &users);
                    rows.entry(which).or_default().add(&counted.numbers, saved);
                    totals.add(&counted.numbers, saved);
                })
                .await?;
            if counters > MOST_COUNTERS || rows.len() > MOST_ROWS {
                let why = "that is more than can be told at once: ask for less time, or by the day";
                return Err(misfit("from_ms", why));
            }
        }
        let begin = |span: Option<&Span>| span.map_or(asked.from.0, |span| span.begin().0);
        let length = step.length_ms();
        Ok(Usage {
            from_ms: begin(spans.first()),
            to_ms: spans
                .last()
                .map_or(asked.to.0, |span| span.begin().0 + length),
            rows: rows
                .into_iter()
                .map(|(which, sums)| Row { which, sums })
                .collect(),
            totals,
        })
    }

    /// Of each key, whose it is.
    async fn owners(&self) -> Result<HashMap<String, String>, AdminError> {
        let keys = self.store.all_keys().await?.into_iter();
        Ok(keys
            .filter_map(|key| Some((key.id, key.rules.user?)))
            .collect())
    }
}

fn which(by: &[By], span: Span, counted: &Counted, users: &HashMap<String, String>) -> Which {
    let mut which = Which::default();
    for by in by {
        match by {
            By::Key => which.key = Some(counted.key.to_string()),
            By::User => which.user = Some(users.get(&*counted.key).cloned().unwrap_or_default()),
            By::Account => which.account = Some(counted.account.to_string()),
            By::Group => which.group = Some(counted.group.to_string()),
            By::Model => which.model = Some(counted.model.to_string()),
            By::Hour => which.hour = Some(span.begin().0),
            By::Day => which.day = Some(span.begin().0 / 86_400_000 * 86_400_000),
        }
    }
    which
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(by: &[By], from: u64, to: u64) -> Step {
        let asked = Asked {
            from: UnixMillis(from),
            to: UnixMillis(to),
            by: by.to_vec(),
        };
        asked.step(UnixMillis(1_000))
    }

    #[test]
    fn a_short_time_is_told_to_the_hour_as_long_as_hours_are_kept() {
        let day = 86_400_000;
        assert_eq!(step(&[By::Key], day, 2 * day), Step::Hour);
        assert_eq!(step(&[By::Key], 999, day), Step::Day);
        assert_eq!(step(&[By::Key], day, 4 * day), Step::Day);
        assert_eq!(step(&[By::Key, By::Hour], day, 4 * day), Step::Hour);
        assert_eq!(step(&[By::Day], day, 2 * day), Step::Day);
        assert_eq!(step(&[By::Day, By::Hour], day, 2 * day), Step::Hour);
    }

    #[test]
    fn a_row_says_what_it_is_told_apart_by_and_nothing_else() {
        let counted = Counted {
            key: "k".into(),
            group: "g".into(),
            account: "a".into(),
            model: "m".into(),
            numbers: Numbers::default(),
        };
        let users = HashMap::from([("k".to_owned(), "ann".to_owned())]);
        let told = which(&[By::User, By::Day], Span::Hour(25), &counted, &users);
        let expected = serde_json::json!({"user": "ann", "day": 86_400_000});
        assert_eq!(serde_json::json!(told), expected);
    }
}
