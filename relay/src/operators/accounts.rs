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
    parts::{Asked, Given},
    visitor::Visitor,
};
use crate::{
    admin::{
        Fields,
        accounts::{Secrets, Shown},
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
    let secrets: Secrets = new
        .secrets
        .into_iter()
        .map(|(field, text)| (field, Secret::new(text)))
        .collect();
    desk.create_account(&new.id, &new.fields, &secrets).await?;
    Ok((StatusCode::CREATED, Json(desk.account(&new.id).await?)))
}
