//! Records of requests: the newest first, those that an operator looks for. They are looked through in their order, and only
//! so many at once: what is rare is found piece by piece.

use serde_json::{Map, Value};

use super::{AdminError, Desk};
use crate::{
    recorded::told,
    store::{StoreError, Written, place},
};

/// So many records are looked through for one piece.
pub(crate) const MOST_READ: u64 = 5_000;
const AT_ONCE: u64 = 500;

/// What a record has to be; what is none may be anything.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Fields with their values.
    pub(crate) words: Vec<(&'static str, String)>,
    pub(crate) status: Option<Status>,
    pub(crate) min_wait_ms: Option<u64>,
    /// When it was settled, in milliseconds since 1970.
    pub(crate) from_ms: Option<u64>,
    pub(crate) to_ms: Option<u64>,
}

/// One, or all of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Is(u16),
    /// Its hundreds.
    Class(u16),
}

/// A piece of the records, and from where it goes on.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) records: Vec<Map<String, Value>>,
    pub(crate) next: Option<String>,
}

impl Status {
    /// `429` or `4xx`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let class = text.strip_suffix("xx").map(str::parse);
        match class {
            Some(class) => class
                .ok()
                .filter(|class| (1..=5).contains(class))
                .map(Self::Class),
            None => text.parse().ok().map(Self::Is),
        }
    }

    fn fits(self, status: u64) -> bool {
        match self {
            Self::Is(wanted) => status == u64::from(wanted),
            Self::Class(class) => status / 100 == u64::from(class),
        }
    }
}

impl Wanted {
    fn fits(&self, record: &Map<String, Value>) -> bool {
        let number = |field: &str| record.get(field).and_then(Value::as_u64);
        let is_word = |(field, wanted): &(&str, String)| {
            record.get(*field).and_then(Value::as_str) == Some(wanted)
        };
        let is_status = |wanted: Status| number("status").is_some_and(|is| wanted.fits(is));
        let waited = |least: u64| number("wait_ms").is_some_and(|wait| wait >= least);
        self.words.iter().all(is_word)
            && self.status.is_none_or(is_status)
            && self.min_wait_ms.is_none_or(waited)
    }

    /// Where to begin, and where to end.
    fn bounds(&self, before: Option<&str>) -> (String, String) {
        let first = match (before, self.to_ms) {
            (Some(before), _) => format!("({before}"),
            (None, Some(to)) => format!("({to}-0"),
            (None, None) => "+".to_owned(),
        };
        (
            first,
            self.from_ms.map_or("-".to_owned(), |from| from.to_string()),
        )
    }
}

impl Desk<'_> {
    /// At most `most` records, from before one of them on.
    pub(crate) async fn records(
        &self,
        wanted: &Wanted,
        before: Option<&str>,
        most: usize,
    ) -> Result<Piece, AdminError> {
        let (mut first, last) = wanted.bounds(before);
        let (mut records, mut read) = (Vec::new(), 0);
        loop {
            let page = self.store.records_back(&first, &last, AT_ONCE).await?;
            read += AT_ONCE;
            for written in &page {
                let record = shown(written);
                if !wanted.fits(&record) {
                    continue;
                }
                records.push(record);
                if records.len() == most {
                    let next = Some(written.place.clone());
                    return Ok(Piece { records, next });
                }
            }
            let end = page.last().filter(|_| page.len() as u64 == AT_ONCE);
            let next = end.map(|written| written.place.clone());
            match next {
                Some(next) if read < MOST_READ => first = format!("({next}"),
                next => return Ok(Piece { records, next }),
            }
        }
    }

    /// One, by its id.
    pub(crate) async fn record(&self, id: &str) -> Result<Option<Map<String, Value>>, StoreError> {
        if place(id).is_none() {
            return Ok(None);
        }
        let found = self.store.records_back(id, id, 1).await?;
        Ok(found.first().map(shown))
    }
}

/// Accounts that did not serve it are told apart from why.
fn shown(written: &Written) -> Map<String, Value> {
    let mut record = told(&written.fields);
    record.insert("id".into(), written.place.as_str().into());
    if let Some(failed) = record.get("failed").and_then(Value::as_str) {
        let attempts = failed.split(' ').map(|one| {
            let (account, cause) = one.split_once(':').unwrap_or((one, ""));
            serde_json::json!({ "account": account, "cause": cause })
        });
        let attempts: Vec<Value> = attempts.collect();
        record.insert("failed".into(), attempts.into());
    }
    record
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record() -> Map<String, Value> {
        let fields = [
            ("key", "k"),
            ("status", "429"),
            ("wait_ms", "70"),
            ("failed", "a:rate b:late"),
        ];
        shown(&Written {
            place: "5-0".into(),
            fields: fields
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
        })
    }

    #[test]
    fn a_record_names_who_did_not_serve_it() {
        let failed = json!([{"account": "a", "cause": "rate"}, {"account": "b", "cause": "late"}]);
        assert_eq!(
            (&record()["failed"], &record()["id"]),
            (&failed, &json!("5-0"))
        );
    }

    #[test]
    fn all_that_is_wanted_has_to_fit() {
        let status = |text: &str| Wanted {
            status: Status::read(text),
            ..Wanted::default()
        };
        let waited = |least: u64| Wanted {
            min_wait_ms: Some(least),
            ..Wanted::default()
        };
        let word = |field: &'static str, value: &str| Wanted {
            words: vec![(field, value.into())],
            ..Wanted::default()
        };
        for (wanted, fits) in [
            (Wanted::default(), true),
            (status("429"), true),
            (status("4xx"), true),
            (status("5xx"), false),
            (status("200"), false),
            (waited(70), true),
            (waited(71), false),
            (word("key", "k"), true),
            (word("key", "other"), false),
            (word("model", "k"), false),
        ] {
            assert_eq!(wanted.fits(&record()), fits, "{wanted:?}");
        }
        for text in ["", "xx", "6xx", "many", "-1"] {
            assert_eq!(Status::read(text), None, "{text}");
        }
    }
}
