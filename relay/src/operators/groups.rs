//! Groups: which accounts serve which keys, and what all keys of one may use together.

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
use crate::admin::{Fields, groups::Shown};

/// A group to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGroup {
    id: String,
    /// As `[groups.<id>]` of weir.toml has them.
    #[serde(default)]
    #[schema(value_type = Object)]
    fields: Fields,
}

/// A change of a group.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupEdit {
    /// Only if this is still its version.
    version: Option<u64>,
    /// Those that change; null takes one away.
    #[schema(value_type = Object)]
    fields: Fields,
}

/// All groups, declared and stored.
#[utoipa::path(get, path = "/api/groups", tag = "groups", params(Ask),
    responses((status = 200, body = List<Shown>)))]
pub(super) async fn list(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Asked(ask): Asked<Ask>,
) -> Result<Json<List<Shown>>, Refusal> {
    let groups = office.desk(&visitor).groups().await?;
    Ok(Json(ask.cut(groups, |group| &group.id)?))
}

/// Shows a group.
#[utoipa::path(get, path = "/api/groups/{id}", tag = "groups", params(Named),
    responses((status = 200, body = Shown)))]
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
) -> Result<Json<Shown>, Refusal> {
    Ok(Json(office.desk(&visitor).group(&id).await?))
}

/// Makes one; every relay knows it from then on.
#[utoipa::path(post, path = "/api/groups", tag = "groups", request_body = NewGroup,
    responses((status = 201, body = Shown)))]
pub(super) async fn create(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Given(new): Given<NewGroup>,
) -> Result<(StatusCode, Json<Shown>), Refusal> {
    let desk = office.desk(&visitor);
    desk.create_group(&new.id, &new.fields).await?;
    Ok((StatusCode::CREATED, Json(desk.group(&new.id).await?)))
}

/// Changes one, on all relays at once.
#[utoipa::path(patch, path = "/api/groups/{id}", tag = "groups", params(Named),
    request_body = GroupEdit, responses((status = 200, body = Shown)))]
pub(super) async fn edit(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
    Given(edit): Given<GroupEdit>,
) -> Result<Json<Shown>, Refusal> {
    let desk = office.desk(&visitor);
    desk.edit_group(&id, edit.version, &edit.fields).await?;
    Ok(Json(desk.group(&id).await?))
}

/// Deletes one that no enabled key names.
#[utoipa::path(delete, path = "/api/groups/{id}", tag = "groups", params(Named, Seen),
    responses((status = 204)))]
pub(super) async fn delete(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
    Asked(seen): Asked<Seen>,
) -> Result<StatusCode, Refusal> {
    let desk = office.desk(&visitor);
    desk.delete_group(&id, seen.version).await?;
    Ok(StatusCode::NO_CONTENT)
}
