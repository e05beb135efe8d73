//! The log of what operators did.

use std::sync::Arc;

use axum::{Json, extract::State};

use super::{
    error::Refusal,
    list::{Ask, List},
    office::Office,
    parts::Asked,
    visitor::Visitor,
};
use crate::{admin::audit::Audited, store::place};

/// What operators did, the newest first.
#[utoipa::path(get, path = "/api/audit", tag = "audit", params(Ask),
    responses((status = 200, body = List<Audited>)))]
pub(super) async fn list(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Asked(ask): Asked<Ask>,
) -> Result<Json<List<Audited>>, Refusal> {
    let (limit, cursor) = (ask.limit()?, ask.cursor()?);
    if cursor.is_some_and(|cursor| place(cursor).is_none()) {
        return Err(Refusal::of_field("cursor", "is none that was given"));
    }
    let desk = office.desk(&visitor);
    let mut items = desk.audited(cursor, limit as u64 + 1).await?;
    let is_whole = items.len() <= limit;
    items.truncate(limit);
    let next = items.last().filter(|_| !is_whole);
    let next = next.map(|entry| entry.id.clone());
    Ok(Json(List { items, next }))
}
