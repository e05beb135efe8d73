//! Tokens by which programs are let in.

use std::sync::Arc;

use axum::{Json, extract::State};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    error::Refusal,
    list::{Ask, List},
    office::Office,
    parts::{Asked, Given, Named},
    visitor::Visitor,
};
use crate::{admin::tokens::Shown, role::Role};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// For people.
    name: String,
    role: Role,
    /// Without it, it does not end by itself.
    expires_ms: Option<u64>,
}

/// A token just made.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeToken {
    #[serde(flatten)]
    shown: Shown,
    /// To be sent as `Authorization: Bearer`. It is shown only now.
    token: String,
}

/// All of them, without their text.
#[utoipa::path(get, path = "/api/tokens", tag = "tokens", params(Ask),
    responses((status = 200, body = List<Shown>)))]
pub(super) async fn list(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Asked(ask): Asked<Ask>,
) -> Result<Json<List<Shown>>, Refusal> {
    let tokens = office.desk(&visitor).tokens().await?;
    Ok(Json(ask.cut(tokens, |token| &token.id)?))
}

/// Makes one.
#[utoipa::path(post, path = "/api/tokens", tag = "tokens", request_body = NewToken,
    responses((status = 201, body = MadeToken)))]
pub(super) async fn create(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Given(new): Given<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>), Refusal> {
    let desk = office.desk(&visitor);
    let made = desk.create_token(&new.name, new.role, new.expires_ms);
    let (shown, secret) = made.await?;
    let token = secret.reveal().to_owned();
    Ok((StatusCode::CREATED, Json(MadeToken { shown, token })))
}

/// Ends one at once.
#[utoipa::path(delete, path = "/api/tokens/{id}", tag = "tokens", params(Named),
    responses((status = 204)))]
pub(super) async fn delete(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
) -> Result<StatusCode, Refusal> {
    office.desk(&visitor).delete_token(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
