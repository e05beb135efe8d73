//! Accounts: upstream credentials and their endpoints.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    error::Refusal,
    list::{Ask, List},
    office::Office,
    parts::{Asked, Given, Named, Seen},
    visitor::Visitor,
};
use crate::{
    admin::{
        Fields,
        accounts::{Secrets, Shown},
        trial::Trial,
    },
    secret::Secret,
};

/// An account to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    id: String,
    /// As `[accounts.<id>]` of weir.toml has them.
    #[schema(value_type = Object)]
    fields: Fields,
    /// By their fields.
    #[serde(default)]
    secrets: BTreeMap<String, String>,
}

/// A change of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountEdit {
    /// Only if this is still its version.
    version: Option<u64>,
    /// Those that change; null takes one away.
    #[serde(default)]
    #[schema(value_type = Object)]
    fields: Fields,
    /// Those that are others now. A new address needs all of them.
    #[serde(default)]
    secrets: BTreeMap<String, String>,
}

/// All accounts, declared and stored.
#[utoipa::path(get, path = "/api/accounts", tag = "accounts", params(Ask),
    responses((status = 200, body = List<Shown>)))]
pub(super) async fn list(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Asked(ask): Asked<Ask>,
) -> Result<Json<List<Shown>>, Refusal> {
    let accounts = office.desk(&visitor).accounts().await?;
    Ok(Json(ask.cut(accounts, |account| &account.id)?))
}

/// Makes one; every relay serves it from then on.
#[utoipa::path(post, path = "/api/accounts", tag = "accounts", request_body = NewAccount,
    responses((status = 201, body = Shown)))]
pub(super) async fn create(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Given(new): Given<NewAccount>,
) -> Result<(StatusCode, Json<Shown>), Refusal> {
    let desk = office.desk(&visitor);
    let secrets = given(new.secrets);
    desk.create_account(&new.id, &new.fields, &secrets).await?;
    Ok((StatusCode::CREATED, Json(desk.account(&new.id).await?)))
}

/// Shows an account.
#[utoipa::path(get, path = "/api/accounts/{id}", tag = "accounts", params(Named),
    responses((status = 200, body = Shown)))]
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
) -> Result<Json<Shown>, Refusal> {
    Ok(Json(office.desk(&visitor).account(&id).await?))
}

/// Changes one, on all relays at once.
#[utoipa::path(patch, path = "/api/accounts/{id}", tag = "accounts", params(Named),
    request_body = AccountEdit, responses((status = 200, body = Shown)))]
pub(super) async fn edit(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
    Given(edit): Given<AccountEdit>,
) -> Result<Json<Shown>, Refusal> {
    let desk = office.desk(&visitor);
    let secrets = given(edit.secrets);
    desk.edit_account(&id, edit.version, &edit.fields, &secrets)
        .await?;
    Ok(Json(desk.account(&id).await?))
}

/// Deletes one that no group names.
#[utoipa::path(delete, path = "/api/accounts/{id}", tag = "accounts", params(Named, Seen),
    responses((status = 204)))]
pub(super) async fn delete(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
    Asked(seen): Asked<Seen>,
) -> Result<StatusCode, Refusal> {
    let desk = office.desk(&visitor);
    desk.delete_account(&id, seen.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What to test one with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountTest {
    /// Else one that the account lists, or a small one of its kind.
    model: Option<String>,
}

/// Sends one tiny request with the account's own credential, which it may charge for.
#[utoipa::path(post, path = "/api/accounts/{id}/test", tag = "accounts", params(Named),
    request_body = AccountTest, responses((status = 200, body = Trial)))]
pub(super) async fn test(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
    Given(asked): Given<AccountTest>,
) -> Result<Json<Trial>, Refusal> {
    let desk = office.desk(&visitor);
    Ok(Json(desk.test_account(&id, asked.model.as_deref()).await?))
}

fn given(secrets: BTreeMap<String, String>) -> Secrets {
    let secrets = secrets.into_iter();
    secrets
        .map(|(field, text)| (field, Secret::new(text)))
        .collect()
}
