//! Who did what: each act of an operator is an entry in a log, written with what it does or not at all. An entry says which
//! fields changed, and never a secret.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{AdminError, Desk, Fields, What};
use crate::store::Entry;

/// What is longer is not kept.
const LONGEST_VALUE: usize = 200;
const MOST_CHANGES: usize = 50;

/// Somebody who may do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) role: &'static str,
    /// The address, where there is one.
    pub(crate) from: String,
}

/// What was done to what.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Deed {
    pub(crate) act: &'static str,
    /// An account, a key, a session, …
    pub(crate) what: &'static str,
    pub(crate) id: String,
    pub(crate) changes: Vec<Changed>,
}

/// A field that is not what it was. Null stands for none, and for a value that is secret or long.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Changed {
    field: String,
    from: Value,
    to: Value,
}

/// An entry of the log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Audited {
    pub(crate) id: String,
    pub(crate) at_ms: u64,
    pub(crate) who: String,
    pub(crate) role: String,
    pub(crate) from: String,
    pub(crate) act: String,
    pub(crate) what: String,
    /// Of what it was done to.
    pub(crate) id_of: String,
    /// Of each field that changed what it was and what it is; null for a secret or a long one.
    #[schema(value_type = Vec<Changed>)]
    pub(crate) changes: Value,
}

impl Deed {
    /// Something that changes no field.
    pub(crate) fn new(act: &'static str, what: &'static str, id: &str) -> Self {
        Self {
            act,
            what,
            id: id.to_owned(),
            changes: Vec::new(),
        }
    }

    pub(super) fn to(act: &'static str, what: What, id: &str) -> Self {
        Self::new(act, what.word(), id)
    }

    /// Says how the fields differ.
    pub(crate) fn between(mut self, before: &Fields, after: &Fields) -> Self {
        compare("", before, after, &mut self.changes);
        self.changes.truncate(MOST_CHANGES);
        self
    }

    /// Says which secrets are others, and nothing of them.
    pub(crate) fn secrets<'f>(mut self, fields: impl Iterator<Item = &'f String>) -> Self {
        self.changes.extend(fields.map(|field| Changed {
            field: field.clone(),
            from: Value::Null,
            to: Value::Null,
        }));
        self
    }

    pub(crate) fn by(&self, who: &Who) -> Entry {
        Entry {
            who: who.name.clone(),
            role: who.role.to_owned(),
            from: who.from.clone(),
            act: self.act.to_owned(),
            what: self.what.to_owned(),
            id: self.id.clone(),
            changes: json!(self.changes).to_string(),
        }
    }
}

impl Desk<'_> {
    /// Writes down what is no change of what is stored.
    pub(crate) async fn note(&self, deed: &Deed) -> Result<(), AdminError> {
        Ok(self.store.audit(&deed.by(&self.who)).await?)
    }

    /// At most so many entries, the newest first, from before one of them on.
    pub(crate) async fn audited(
        &self,
        before: Option<&str>,
        most: u64,
    ) -> Result<Vec<Audited>, AdminError> {
        let entries = self.store.audited(before, most).await?.into_iter();
        Ok(entries.map(|(place, entry)| shown(place, entry)).collect())
    }
}

fn shown(place: String, entry: Entry) -> Audited {
    let at = place.split_once('-').and_then(|(at, _)| at.parse().ok());
    Audited {
        at_ms: at.unwrap_or_default(),
        id: place,
        who: entry.who,
        role: entry.role,
        from: entry.from,
        act: entry.act,
        what: entry.what,
        id_of: entry.id,
        changes: serde_json::from_str(&entry.changes).unwrap_or_default(),
    }
}

/// Tables are compared field by field.
fn compare(of: &str, before: &Fields, after: &Fields, changes: &mut Vec<Changed>) {
    let added = after.keys().filter(|field| !before.contains_key(*field));
    for field in before.keys().chain(added) {
        let [from, to] = [before, after].map(|fields| fields.get(field).unwrap_or(&Value::Null));
        let field = format!("{of}{field}");
        match (from, to) {
            (from, to) if from == to => {}
            (Value::Object(from), Value::Object(to)) => {
                compare(&format!("{field}."), from, to, changes);
            }
            (from, to) => changes.push(Changed {
                field,
                from: short(from),
                to: short(to),
            }),
        }
    }
}

fn short(value: &Value) -> Value {
    match value.to_string().len() <= LONGEST_VALUE {
        true => value.clone(),
        false => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_says_how_fields_differ_and_nothing_of_secrets() {
        let before = json!({"a": 1, "b": {"c": 2, "d": 3}, "gone": true, "same": [1]});
        let after = json!({"a": 5, "b": {"c": 2, "d": 4}, "new": "x".repeat(300), "same": [1]});
        let deed = Deed::new("edit", "account", "main")
            .between(before.as_object().unwrap(), after.as_object().unwrap())
            .secrets(["api_key".to_owned()].iter());
        let expected = json!([
            {"field": "a", "from": 1, "to": 5},
            {"field": "b.d", "from": 3, "to": 4},
            {"field": "gone", "from": true, "to": null},
            {"field": "new", "from": null, "to": null},
            {"field": "api_key", "from": null, "to": null},
        ]);
        assert_eq!(json!(deed.changes), expected);
    }
}
