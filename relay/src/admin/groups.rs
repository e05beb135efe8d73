//! Groups: made, changed and deleted while relays run.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    AdminError, Desk, Fields, What, audit::Deed, check_version, fields_of, merged, table_of,
    text_of, users::shown_limits,
};
use crate::{
    config::{GroupConfig, stored_group},
    store::{StoredKey, StoredRoster, StoredTable},
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
        if self.declares(What::Group, id) {
            return Err(What::Group.exists(id));
        }
        let fields = &merged(Fields::new(), fields);
        self.change(|stored, editing| {
            if find(stored, id).is_some() {
                return Err(What::Group.exists(id));
            }
            self.check(id, fields, stored)?;
            let group = StoredTable {
                id: id.to_owned(),
                version: 1,
                table: text_of(fields),
            };
            editing.put_group(&group);
            let deed = Deed::to("create", What::Group, id).between(&Fields::new(), fields);
            Ok((group.version, deed))
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
            let old = fields_of(&before.table)?;
            let fields = merged(old.clone(), changes);
            self.check(id, &fields, stored)?;
            let group = StoredTable {
                id: id.to_owned(),
                version: before.version + 1,
                table: text_of(&fields),
            };
            editing.put_group(&group);
            let deed = Deed::to("edit", What::Group, id).between(&old, &fields);
            Ok((group.version, deed))
        })
        .await
    }

    /// Its keys are served by nobody then.
    pub(crate) async fn delete_group(&self, id: &str, seen: Option<u64>) -> Result<(), AdminError> {
        self.not_declared(What::Group, id)?;
        let keys = self.store.all_keys().await?;
        let uses = |key: &&StoredKey| key.group == id || key.fallback_group.as_deref() == Some(id);
        let keys = keys.iter().filter(|key| key.enabled).filter(uses);
        let by: Vec<String> = keys.map(|key| format!("key {}", key.id)).collect();
        self.change(|stored, editing| {
            let group = find(stored, id).ok_or_else(|| What::Group.unknown(id))?;
            check_version(seen, group.version)?;
            if !by.is_empty() {
                return Err(AdminError::InUse { by: by.clone() });
            }
            editing.delete_group(id);
            Ok(((), Deed::to("delete", What::Group, id)))
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

fn find<'a>(stored: &'a StoredRoster, id: &str) -> Option<&'a StoredTable> {
    stored.groups.iter().find(|group| group.id == id)
}

fn show(group: &StoredTable) -> Shown {
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
