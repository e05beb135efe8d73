//! Keys of callers. Their text is told when it is made, and never again.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
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
        keys::{Access, Shown},
    },
    config::KeyTable,
    key::CreatedKey,
};

/// A change of a key.
#[derive(Deserialize, ToSchema)]
pub(super) struct KeyEdit {
    /// Only if this is still its version.
    version: Option<u64>,
    /// The fields that change, as of a new key; null takes one away. Those of `rules` are changed one by one.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    fields: Fields,
}

/// A key is to have a new text.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    /// Only if this is still its version.
    version: Option<u64>,
    /// For so long the text that it had is good too, at most thirty days.
    #[serde(default)]
    overlap_ms: u64,
}

/// A key whose text is new.
#[derive(Serialize, ToSchema)]
pub(super) struct KeyMade {
    #[serde(flatten)]
    shown: Shown,
    /// What callers send. It is told now and never again.
    key: String,
}

/// All keys, the oldest first.
#[utoipa::path(get, path = "/api/keys", tag = "keys", params(Ask),
    responses((status = 200, body = List<Shown>)))]
pub(super) async fn list(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Asked(ask): Asked<Ask>,
) -> Result<Json<List<Shown>>, Refusal> {
    let desk = office.desk(&visitor);
    let keys = desk.keys().await?.into_iter();
    let keys = keys.map(|key| (format!("{:015}-{}", key.created_ms, key.id), key));
    let piece = ask.cut(keys.collect(), |(place, _)| place)?;
    let keys: Vec<_> = piece.items.into_iter().map(|(_, key)| key).collect();
    Ok(Json(List {
        items: desk.show_keys(&keys, &office.time_zone()).await?,
        next: piece.next,
    }))
}

/// Shows a key.
#[utoipa::path(get, path = "/api/keys/{id}", tag = "keys", params(Named),
    responses((status = 200, body = Shown)))]
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
) -> Result<Json<Shown>, Refusal> {
    let desk = office.desk(&visitor);
    Ok(Json(desk.key(&id, &office.time_zone()).await?))
}

/// Makes one; every relay lets it in from then on.
#[utoipa::path(post, path = "/api/keys", tag = "keys", request_body = KeyTable,
    responses((status = 201, body = KeyMade)))]
pub(super) async fn create(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Given(fields): Given<Fields>,
) -> Result<(StatusCode, Json<KeyMade>), Refusal> {
    let made = office.desk(&visitor).create_key(&fields).await?;
    Ok((
        StatusCode::CREATED,
        told_once(&office, &visitor, made).await?,
    ))
}

/// Changes one, on all relays at once.
#[utoipa::path(patch, path = "/api/keys/{id}", tag = "keys", params(Named), request_body = KeyEdit,
    responses((status = 200, body = Shown)))]
pub(super) async fn edit(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
    Given(KeyEdit { version, fields }): Given<KeyEdit>,
) -> Result<Json<Shown>, Refusal> {
    let desk = office.desk(&visitor);
    desk.edit_key(&id, version, &fields).await?;
    Ok(Json(desk.key(&id, &office.time_zone()).await?))
}

/// Deletes one; what it has used stays counted.
#[utoipa::path(delete, path = "/api/keys/{id}", tag = "keys", params(Named, Seen),
    responses((status = 204)))]
pub(super) async fn delete(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
    Asked(seen): Asked<Seen>,
) -> Result<StatusCode, Refusal> {
    office.desk(&visitor).delete_key(&id, seen.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives one a new text.
#[utoipa::path(post, path = "/api/keys/{id}/rotate", tag = "keys", params(Named),
    request_body = Rotation, responses((status = 200, body = KeyMade)))]
pub(super) async fn rotate(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
    Given(rotation): Given<Rotation>,
) -> Result<Json<KeyMade>, Refusal> {
    let overlap = Duration::from_millis(rotation.overlap_ms);
    let desk = office.desk(&visitor);
    let made = desk.rotate_key(&id, rotation.version, overlap).await?;
    told_once(&office, &visitor, made).await
}

/// Lets one in again.
#[utoipa::path(post, path = "/api/keys/{id}/enable", tag = "keys", params(Named),
    responses((status = 204)))]
pub(super) async fn enable(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
) -> Result<StatusCode, Refusal> {
    let desk = office.desk(&visitor);
    desk.let_key(&id, Access::Enabled).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses one from now on.
#[utoipa::path(post, path = "/api/keys/{id}/disable", tag = "keys", params(Named),
    responses((status = 204)))]
pub(super) async fn disable(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
) -> Result<StatusCode, Refusal> {
    let desk = office.desk(&visitor);
    desk.let_key(&id, Access::Disabled).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn told_once(
    office: &Office,
    visitor: &Visitor,
    made: CreatedKey,
) -> Result<Json<KeyMade>, Refusal> {
    let desk = office.desk(visitor);
    let shown = desk.key(&made.id, &office.time_zone()).await?;
    let key = made.secret.reveal().to_owned();
    Ok(Json(KeyMade { shown, key }))
}
