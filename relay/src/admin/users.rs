//! Users: who owns keys, and what all keys of one may use together. Made, changed and deleted while relays run.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    AdminError, Desk, Fields, What, audit::Deed, check_version, fields_of, merged, table_of,
    text_of,
};
use crate::{
    config::{Limits, MicroUsd, UserConfig, stored_user},
    store::{StoredRoster, StoredTable},
};

/// A user as operators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
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
    pub(crate) async fn create_user(&self, id: &str, fields: &Fields) -> Result<u64, AdminError> {
        if self.declares(What::User, id) {
            return Err(What::User.exists(id));
        }
        let fields = &merged(Fields::new(), fields);
        stored_user(id, &table_of(fields)?)?;
        self.change(|stored, editing| {
            if find(stored, id).is_some() {
                return Err(What::User.exists(id));
            }
            let user = StoredTable {
                id: id.to_owned(),
                version: 1,
                table: text_of(fields),
            };
            editing.put_user(&user);
            let deed = Deed::to("create", What::User, id).between(&Fields::new(), fields);
            Ok((user.version, deed))
        })
        .await
    }

    /// Gives its new version.
    pub(crate) async fn edit_user(
        &self,
        id: &str,
        seen: Option<u64>,
        changes: &Fields,
    ) -> Result<u64, AdminError> {
        self.not_declared(What::User, id)?;
        self.change(|stored, editing| {
            let before = find(stored, id).ok_or_else(|| What::User.unknown(id))?;
            check_version(seen, before.version)?;
            let old = fields_of(&before.table)?;
            let fields = merged(old.clone(), changes);
            stored_user(id, &table_of(&fields)?)?;
            let user = StoredTable {
                id: id.to_owned(),
                version: before.version + 1,
                table: text_of(&fields),
            };
            editing.put_user(&user);
            let deed = Deed::to("edit", What::User, id).between(&old, &fields);
            Ok((user.version, deed))
        })
        .await
    }

    /// Not while an enabled key is theirs: its limits would silently be gone.
    pub(crate) async fn delete_user(&self, id: &str, seen: Option<u64>) -> Result<(), AdminError> {
        self.not_declared(What::User, id)?;
        let keys = self.store.all_keys().await?;
        let theirs = |user: &Option<String>| user.as_deref() == Some(id);
        let keys = keys
            .iter()
            .filter(|key| key.enabled && theirs(&key.rules.user));
        let by: Vec<String> = keys.map(|key| format!("key {}", key.id)).collect();
        self.change(|stored, editing| {
            let user = find(stored, id).ok_or_else(|| What::User.unknown(id))?;
            check_version(seen, user.version)?;
            if !by.is_empty() {
                return Err(AdminError::InUse { by: by.clone() });
            }
            editing.delete_user(id);
            Ok(((), Deed::to("delete", What::User, id)))
        })
        .await
    }

    /// All, those in `weir.toml` first.
    pub(crate) async fn users(&self) -> Result<Vec<Shown>, AdminError> {
        let stored = self.store.roster().await?;
        let mut shown: Vec<Shown> = self.config.users.iter().map(declared).collect();
        shown.extend(stored.users.iter().map(show));
        Ok(shown)
    }

    pub(crate) async fn user(&self, id: &str) -> Result<Shown, AdminError> {
        let mut all = self.users().await?.into_iter();
        all.find(|user| user.id == id)
            .ok_or_else(|| What::User.unknown(id))
    }
}

fn find<'a>(stored: &'a StoredRoster, id: &str) -> Option<&'a StoredTable> {
    stored.users.iter().find(|user| user.id == id)
}

fn show(user: &StoredTable) -> Shown {
    Shown {
        id: user.id.clone(),
        version: Some(user.version),
        declared: false,
        fields: fields_of(&user.table).unwrap_or_default(),
    }
}

fn declared(user: &UserConfig) -> Shown {
    Shown {
        id: user.id.clone(),
        version: None,
        declared: true,
        fields: shown_limits(&user.limits),
    }
}

/// As they are written; what is not limited has no field.
pub(super) fn shown_limits(limits: &Limits) -> Fields {
    let mut fields = Fields::new();
    let numbers = [
        ("max_concurrent", limits.max_concurrent.into()),
        ("requests_per_minute", limits.requests_per_minute),
        ("tokens_per_minute", limits.tokens_per_minute),
    ];
    for (field, number) in numbers.into_iter().filter(|(_, number)| *number > 0) {
        fields.insert(field.into(), json!(number));
    }
    let spend = limits.spend;
    let amounts = [
        ("spend_per_day", spend.per_day),
        ("spend_per_month", spend.per_month),
        ("spend_total", spend.total),
    ];
    for (field, amount) in amounts.into_iter().filter(|(_, one)| *one > MicroUsd(0)) {
        fields.insert(field.into(), json!(amount.shortly()));
    }
    fields
}
