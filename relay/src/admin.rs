//! What operators do, whichever way they say it: every rule of it is here, on both sides of it are only words. Each act
//! reads all that is stored, decides, and writes where nothing was changed meanwhile, else does so again.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod groups;
pub(crate) mod keys;
pub(crate) mod operators;
pub(crate) mod queues;
pub(crate) mod records;
pub(crate) mod secrets;
pub(crate) mod settings;
mod stage;
mod tables;
pub(crate) mod tokens;
pub(crate) mod trial;
pub(crate) mod usage;
pub(crate) mod users;

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    config::{Config, Misfit},
    room::Busy,
    roster::Unusable,
    seal::{Master, MasterError},
    store::{Editing, Store, StoreError, StoredRoster},
};
use audit::{Deed, Who};

/// Others who change something at the same moment are few.
const MOST_TRIES: u32 = 20;

/// The fields of a table, as JSON has them.
pub(crate) type Fields = Map<String, Value>;

/// An operator at work.
#[derive(Debug, Clone)]
pub(crate) struct Desk<'a> {
    pub(crate) store: &'a Store,
    /// What is declared in it can be seen, and not changed.
    pub(crate) config: Arc<Config>,
    pub(crate) master: &'a Master,
    pub(crate) who: Who,
}

/// What it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Account,
    Group,
    Key,
    User,
    Setting,
    Operator,
    Token,
}

/// Why something was not done. The operator's fault, or that of the store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    #[error(transparent)]
    Misfit(#[from] Misfit),
    #[error("there is no {} `{id}`", what.word())]
    Unknown { what: What, id: String },
    #[error("there is an {} `{id}` already", what.word())]
    Exists { what: What, id: String },
    #[error("the {} `{id}` is declared in weir.toml: change it there", what.word())]
    Declared { what: What, id: String },
    #[error("it was changed meanwhile: version {seen} was seen, {is} is there now")]
    Conflict { seen: u64, is: u64 },
    #[error("it is used by {}", by.join(", "))]
    InUse { by: Vec<String> },
    #[error("`{member}` is not in `{queue}` any more")]
    NotThere { member: String, queue: String },
    #[error("the relay of `{member}` was told, and has not ended it yet")]
    StillHeld { member: String },
    #[error(transparent)]
    Master(#[from] MasterError),
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error("others change something all the time: try again")]
    Crowded,
    #[error("there are {most} {}s already", what.word())]
    TooMany { what: What, most: usize },
    #[error("somebody must be left who may do everything")]
    LastAdmin,
    #[error("there is an operator already: sign in")]
    SetUpAlready,
    #[error(
        "this is not the token that the relay has printed, or it is too old: `weir operator setup-token` prints another"
    )]
    NoSetupToken,
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk<'_> {
    /// `decide` may be asked several times; what it answered last was done, and written down.
    async fn change<T>(
        &self,
        mut decide: impl FnMut(&StoredRoster, &mut Editing) -> Result<(T, Deed), AdminError>,
    ) -> Result<T, AdminError> {
        for _ in 0..MOST_TRIES {
            let (mut editing, stored) = self.store.edit().await?;
            let (answer, deed) = decide(&stored, &mut editing)?;
            if editing.commit(&deed.by(&self.who)).await? {
                return Ok(answer);
            }
        }
        Err(AdminError::Crowded)
    }

    fn declares(&self, what: What, id: &str) -> bool {
        match what {
            What::Account => self.config.accounts.iter().any(|account| account.id == id),
            What::Group => self.config.groups.iter().any(|group| group.id == id),
            What::User => self.config.users.iter().any(|user| user.id == id),
            What::Setting => self.config.declared.contains_key(id),
            What::Key | What::Operator | What::Token => false,
        }
    }

    fn not_declared(&self, what: What, id: &str) -> Result<(), AdminError> {
        match self.declares(what, id) {
            true => Err(AdminError::Declared {
                what,
                id: id.to_owned(),
            }),
            false => Ok(()),
        }
    }
}

impl What {
    fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Group => "group",
            Self::Key => "key",
            Self::User => "user",
            Self::Setting => "setting",
            Self::Operator => "operator",
            Self::Token => "token",
        }
    }

    fn unknown(self, id: &str) -> AdminError {
        AdminError::Unknown {
            what: self,
            id: id.to_owned(),
        }
    }

    fn exists(self, id: &str) -> AdminError {
        AdminError::Exists {
            what: self,
            id: id.to_owned(),
        }
    }
}

/// Whoever says which version they saw changes no other one.
fn check_version(seen: Option<u64>, is: u64) -> Result<(), AdminError> {
    match seen {
        Some(seen) if seen != is => Err(AdminError::Conflict { seen, is }),
        Some(_) | None => Ok(()),
    }
}

/// The fields with these in their places; null takes one away.
fn merged(mut fields: Fields, changes: &Fields) -> Fields {
    for (field, value) in changes {
        match value {
            Value::Null => drop(fields.remove(field)),
            value => drop(fields.insert(field.clone(), value.clone())),
        }
    }
    fields
}

/// What is stored as a text.
fn fields_of(table: &str) -> Result<Fields, Unusable> {
    serde_json::from_str(table).map_err(|_| Unusable::NotATable)
}

fn misfit(field: &str, why: impl Into<String>) -> AdminError {
    AdminError::Misfit(Misfit {
        field: Some(field.to_owned()),
        why: why.into(),
    })
}

/// As the functions that check it take it.
fn table_of(fields: &Fields) -> Result<toml::Table, AdminError> {
    let table = toml::Table::try_from(fields);
    table.map_err(|error| {
        let why = error.to_string();
        AdminError::Misfit(Misfit { field: None, why })
    })
}

fn text_of(fields: &Fields) -> String {
    serde_json::to_string(fields).expect("what was JSON is JSON")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_puts_fields_in_their_places_and_null_takes_them_away() {
        let changes = json!({"a": null, "b": 2, "c": {"d": 3}});
        let before = fields_of(r#"{"a": 1, "b": 1, "e": 5}"#).unwrap();
        let merged = merged(before, changes.as_object().unwrap());
        assert_eq!(
            Value::Object(merged),
            json!({"b": 2, "c": {"d": 3}, "e": 5})
        );
    }

    #[test]
    fn who_saw_another_version_is_told() {
        assert!(check_version(None, 3).is_ok() && check_version(Some(3), 3).is_ok());
        let why = check_version(Some(2), 3).unwrap_err().to_string();
        assert!(why.contains("version 2 was seen, 3 is there now"), "{why}");
    }
}
