//! Users: who owns keys, and what all keys of one may use together.

use std::sync::Arc;

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
use crate::admin::{Fields, users::Shown};

/// A user to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    id: String,
    /// As `[users.<id>]` of weir.toml has them.
    #[serde(default)]
    #[schema(value_type = Object)]
    fields: Fields,
}

/// A change of a user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserEdit {
    /// Only if this is still its version.
    version: Option<u64>,
    /// Those that change; null takes one away.
    #[schema(value_type = Object)]
    fields: Fields,
}

/// All users, declared and stored.
#[utoipa::path(get, path = "/api/users", tag = "users", params(Ask),
    responses((status = 200, body = List<Shown>)))]
pub(super) async fn list(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Asked(ask): Asked<Ask>,
) -> Result<Json<List<Shown>>, Refusal> {
    let users = office.desk(&visitor).users().await?;
    Ok(Json(ask.cut(users, |user| &user.id)?))
}

/// Shows a user.
#[utoipa::path(get, path = "/api/users/{id}", tag = "users", params(Named),
    responses((status = 200, body = Shown)))]
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
) -> Result<Json<Shown>, Refusal> {
    Ok(Json(office.desk(&visitor).user(&id).await?))
}

/// Makes one; every relay knows it from then on.
#[utoipa::path(post, path = "/api/users", tag = "users", request_body = NewUser,
    responses((status = 201, body = Shown)))]
pub(super) async fn create(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Given(new): Given<NewUser>,
) -> Result<(StatusCode, Json<Shown>), Refusal> {
    let desk = office.desk(&visitor);
    desk.create_user(&new.id, &new.fields).await?;
    Ok((StatusCode::CREATED, Json(desk.user(&new.id).await?)))
}

/// Changes one, on all relays at once.
#[utoipa::path(patch, path = "/api/users/{id}", tag = "users", params(Named),
    request_body = UserEdit, responses((status = 200, body = Shown)))]
pub(super) async fn edit(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
    Given(edit): Given<UserEdit>,
) -> Result<Json<Shown>, Refusal> {
    let desk = office.desk(&visitor);
    desk.edit_user(&id, edit.version, &edit.fields).await?;
    Ok(Json(desk.user(&id).await?))
}

/// Deletes one that no enabled key names.
#[utoipa::path(delete, path = "/api/users/{id}", tag = "users", params(Named, Seen),
    responses((status = 204)))]
pub(super) async fn delete(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
    Asked(seen): Asked<Seen>,
) -> Result<StatusCode, Refusal> {
    let desk = office.desk(&visitor);
    desk.delete_user(&id, seen.version).await?;
    Ok(StatusCode::NO_CONTENT)
}
