//! Groups: made, changed and deleted while relays run.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    AdminError, Desk, Fields, What, fields_of, table_of, tables::Kind, users::shown_limits,
};
use crate::{
    config::{Config, GroupConfig, stored_group},
    store::{StoredRoster, StoredTable},
};

/// A group as operators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Group)]
pub(crate) struct Shown {
    pub(crate) id: String,
    /// Of those in `weir.toml` none.
    pub(crate) version: Option<u64>,
    pub(crate) declared: bool,
    #[schema(value_type = Object)]
    pub(crate) fields: Fields,
}

impl Desk<'_> {
    /// Gives its version.
    pub(crate) async fn create_group(&self, id: &str, fields: &Fields) -> Result<u64, AdminError> {
        self.create_table(Kind::Group, id, fields).await
    }

    /// Gives its new version.
    pub(crate) async fn edit_group(
        &self,
        id: &str,
        seen: Option<u64>,
        changes: &Fields,
    ) -> Result<u64, AdminError> {
        self.edit_table(Kind::Group, id, seen, changes).await
    }

    /// Not while an enabled key has it.
    pub(crate) async fn delete_group(&self, id: &str, seen: Option<u64>) -> Result<(), AdminError> {
        self.delete_table(Kind::Group, id, seen).await
    }

    /// All, those in `weir.toml` first.
    pub(crate) async fn groups(&self) -> Result<Vec<Shown>, AdminError> {
        let stored = self.store.roster().await?;
        let mut shown: Vec<Shown> = self.config.groups.iter().map(declared_group).collect();
        shown.extend(stored.groups.iter().map(show));
        Ok(shown)
    }

    pub(crate) async fn group(&self, id: &str) -> Result<Shown, AdminError> {
        let mut all = self.groups().await?.into_iter();
        all.find(|group| group.id == id)
            .ok_or_else(|| What::Group.unknown(id))
    }
}

/// What a stored one may say, by the accounts that there are.
pub(super) fn check(
    config: &Config,
    id: &str,
    fields: &Fields,
    stored: &StoredRoster,
) -> Result<(), AdminError> {
    let declared = config.accounts.iter().map(|account| account.id.as_str());
    let stored = stored.accounts.iter().map(|account| account.id.as_str());
    stored_group(id, &table_of(fields)?, declared.chain(stored).collect())?;
    Ok(())
}

fn show(group: &StoredTable) -> Shown {
    Shown {
        id: group.id.clone(),
        version: Some(group.version),
        declared: false,
        fields: fields_of(&group.table).unwrap_or_default(),
    }
}

fn declared_group(group: &GroupConfig) -> Shown {
    let aliases: Fields = group
        .aliases
        .iter()
        .map(|(alias, model)| (alias.clone(), json!(model)))
        .collect();
    let mut fields = shown_limits(&group.limits);
    fields.insert("accounts".into(), json!(group.accounts));
    fields.insert("aliases".into(), aliases.into());
    Shown {
        id: group.id.clone(),
        version: None,
        declared: true,
        fields,
    }
}
