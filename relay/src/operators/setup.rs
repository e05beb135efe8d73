//! The first operator: made with a token that the relay has printed, or `weir operator setup-token`.

use std::sync::Arc;

use axum::extract::State;
use hyper::{StatusCode, http::request::Parts};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    error::Refusal,
    office::Office,
    parts::Given,
    session::{self, Begun},
    visitor::{from, who},
};
use crate::{
    address,
    admin::{AdminError, operators::hash},
    role::Role,
    secret::{Secret, digest},
    time::UnixMillis,
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetUp {
    /// As the relay has printed it.
    #[schema(value_type = String)]
    token: Secret,
    name: String,
    /// 12 letters at least.
    #[schema(value_type = String)]
    password: Secret,
}

/// Makes the first operator, who may do everything, and signs in.
#[utoipa::path(post, path = "/api/setup", tag = "session", request_body = SetUp,
    responses((status = 201, body = session::Shown)))]
pub(super) async fn set_up(
    State(office): State<Arc<Office>>,
    parts: Parts,
    Given(given): Given<SetUp>,
) -> Result<(StatusCode, Begun), Refusal> {
    let store = &office.app.store;
    let from = from(&office, &parts)?;
    if store.has_operators().await? {
        return Err(AdminError::SetUpAlready.into());
    }
    let buckets = [format!("address:{}", address::of_one(from))];
    if let Some(wait) = store.begin_try(&buckets).await? {
        return Err(Refusal::throttled(wait));
    }
    // Before anything is hashed for whoever asks.
    let known_by = digest(given.token.reveal());
    if !store.is_setup_token(&known_by, UnixMillis::now()).await? {
        return Err(AdminError::NoSetupToken.into());
    }
    store.undo_try(&buckets).await?;
    let password = hash(&given.password).await?;
    let who = who(&given.name, Role::Admin.word(), from);
    let desk = office.desk_of(who);
    let operator = desk.set_up(&given.token, &given.name, password).await?;
    let begun = session::begin(&office, &parts.headers, &operator, from).await?;
    Ok((StatusCode::CREATED, begun))
}
