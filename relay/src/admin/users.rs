//! Users: who owns keys, and what all keys of one may use together. Made, changed and deleted while relays run.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{AdminError, Desk, Fields, What, fields_of, table_of, tables::Kind};
use crate::{
    config::{Limits, MicroUsd, UserConfig, stored_user},
    store::StoredTable,
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
        self.create_table(Kind::User, id, fields).await
    }

    /// Gives its new version.
    pub(crate) async fn edit_user(
        &self,
        id: &str,
        seen: Option<u64>,
        changes: &Fields,
    ) -> Result<u64, AdminError> {
        self.edit_table(Kind::User, id, seen, changes).await
    }

    /// Not while an enabled key is theirs.
    pub(crate) async fn delete_user(&self, id: &str, seen: Option<u64>) -> Result<(), AdminError> {
        self.delete_table(Kind::User, id, seen).await
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

/// What a stored one may say.
pub(super) fn check(id: &str, fields: &Fields) -> Result<(), AdminError> {
    stored_user(id, &table_of(fields)?)?;
    Ok(())
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
