//! Groups: made, changed and deleted while relays run.

use serde::Serialize;
use serde_json::json;

use super::{AdminError, Desk, Fields, What, check_version, merged, table_of, text_of};
use crate::{
    config::{GroupConfig, stored_group},
    store::{StoredGroup, StoredRoster},
};

/// A group as operators see it.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    pub(crate) id: String,
    /// Of those in `weir.toml` none.
    pub(crate) version: Option<u64>,
    pub(crate) declared: bool,
    pub(crate) fields: Fields,
}

impl Desk<'_> {
    /// Gives its version.
    pub(crate) async fn create_group(&self, id: &str, fields: &Fields) -> Result<u64, AdminError> {
        let exists = || AdminError::Exists {
            what: What::Group,
            id: id.to_owned(),
        };
        if self.declares(What::Group, id) {
            return Err(exists());
        }
        self.change(|stored, editing| {
            if find(stored, id).is_some() {
                return Err(exists());
            }
            self.check(id, fields, stored)?;
            let group = StoredGroup {
                id: id.to_owned(),
                version: 1,
                table: text_of(fields),
            };
            editing.put_group(&group);
            Ok(group.version)
        })
        .await
    }

    /// Gives its new version.
    pub(crate) async fn edit_group(
        &self,
        id: &str,
        seen: Option<u64>,
        changes: &Fields,
    ) -> Result<u64, AdminError> {
        self.not_declared(What::Group, id)?;
        self.change(|stored, editing| {
            let before = find(stored, id).ok_or_else(|| What::Group.unknown(id))?;
            check_version(seen, before.version)?;
            let fields = merged(&before.table, changes)?;
            self.check(id, &fields, stored)?;
            let group = StoredGroup {
                id: id.to_owned(),
                version: before.version + 1,
                table: text_of(&fields),
            };
            editing.put_group(&group);
            Ok(group.version)
        })
        .await
    }

    /// Its keys are served by nobody then.
    pub(crate) async fn delete_group(&self, id: &str, seen: Option<u64>) -> Result<(), AdminError> {
        self.not_declared(What::Group, id)?;
        let keys = self.store.all_keys().await?;
        let keys = keys.iter().filter(|key| key.enabled && key.group == id);
        let by: Vec<String> = keys.map(|key| format!("key {}", key.id)).collect();
        self.change(|stored, editing| {
            let group = find(stored, id).ok_or_else(|| What::Group.unknown(id))?;
            check_version(seen, group.version)?;
            if !by.is_empty() {
                return Err(AdminError::InUse { by: by.clone() });
            }
            editing.delete_group(id);
            Ok(())
        })
        .await
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

    fn check(&self, id: &str, fields: &Fields, stored: &StoredRoster) -> Result<(), AdminError> {
        let declared = self
            .config
            .accounts
            .iter()
            .map(|account| account.id.as_str());
        let stored = stored.accounts.iter().map(|account| account.id.as_str());
        stored_group(id, &table_of(fields)?, declared.chain(stored).collect())?;
        Ok(())
    }
}

fn find<'a>(stored: &'a StoredRoster, id: &str) -> Option<&'a StoredGroup> {
    stored.groups.iter().find(|group| group.id == id)
}

fn show(group: &StoredGroup) -> Shown {
    Shown {
        id: group.id.clone(),
        version: Some(group.version),
        declared: false,
        fields: serde_json::from_str(&group.table).unwrap_or_default(),
    }
}

fn declared_group(group: &GroupConfig) -> Shown {
    let aliases: Fields = group
        .aliases
        .iter()
        .map(|(alias, model)| (alias.clone(), json!(model)))
        .collect();
    let fields = json!({ "accounts": group.accounts, "aliases": aliases });
    Shown {
        id: group.id.clone(),
        version: None,
        declared: true,
        fields: fields.as_object().cloned().unwrap_or_default(),
    }
}
