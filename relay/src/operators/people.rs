//! The people who sign in.

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
use crate::{
    admin::operators::{Edit, Shown, hash},
    role::Role,
    secret::Secret,
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOperator {
    name: String,
    role: Role,
    /// 12 letters at least.
    #[schema(value_type = String)]
    password: Secret,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OperatorEdit {
    /// That was seen: a change by somebody else since then is not overwritten.
    version: Option<u64>,
    role: Option<Role>,
    /// It ends all their sessions.
    #[schema(value_type = Option<String>)]
    password: Option<Secret>,
}

/// All who sign in.
#[utoipa::path(get, path = "/api/operators", tag = "operators", params(Ask),
    responses((status = 200, body = List<Shown>)))]
pub(super) async fn list(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Asked(ask): Asked<Ask>,
) -> Result<Json<List<Shown>>, Refusal> {
    let people = office.desk(&visitor).operators().await?;
    Ok(Json(ask.cut(people, |operator| &operator.name)?))
}

/// Makes one.
#[utoipa::path(post, path = "/api/operators", tag = "operators", request_body = NewOperator,
    responses((status = 201, body = Shown)))]
pub(super) async fn create(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Given(new): Given<NewOperator>,
) -> Result<(StatusCode, Json<Shown>), Refusal> {
    let password = hash(&new.password).await?;
    let desk = office.desk(&visitor);
    let made = desk.create_operator(&new.name, new.role, password).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Gives one another role or password.
#[utoipa::path(patch, path = "/api/operators/{id}", tag = "operators", params(Named),
    request_body = OperatorEdit, responses((status = 200, body = Shown)))]
pub(super) async fn edit(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
    Given(given): Given<OperatorEdit>,
) -> Result<Json<Shown>, Refusal> {
    let password = match &given.password {
        Some(password) => Some(hash(password).await?),
        None => None,
    };
    let desk = office.desk(&visitor);
    let role = given.role;
    let edit = Edit { role, password };
    desk.edit_operator(&id, given.version, edit).await?;
    Ok(Json(desk.operator(&id).await?))
}

/// Deletes one, whose sessions end.
#[utoipa::path(delete, path = "/api/operators/{id}", tag = "operators",
    params(Named, Seen), responses((status = 204)))]
pub(super) async fn delete(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
    Asked(seen): Asked<Seen>,
) -> Result<StatusCode, Refusal> {
    let desk = office.desk(&visitor);
    desk.delete_operator(&id, seen.version).await?;
    Ok(StatusCode::NO_CONTENT)
}
