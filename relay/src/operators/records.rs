//! Records of requests.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::IntoParams;

use super::{
    between,
    error::Refusal,
    list::{Ask, List},
    office::Office,
    parts::{Asked, Named},
    visitor::Visitor,
};
use crate::{
    admin::records::{Status, Wanted},
    store::place,
};

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    key: Option<String>,
    user: Option<String>,
    group: Option<String>,
    account: Option<String>,
    /// As the caller called it.
    model: Option<String>,
    /// done, upstream_refused, upstream_unreachable, upstream_timeout, upstream_cut, caller_gone, interrupted.
    outcome: Option<String>,
    /// The provider's: 429, or 4xx for all of a class.
    status: Option<String>,
    min_wait_ms: Option<u64>,
    /// When they were settled.
    from_ms: Option<u64>,
    to_ms: Option<u64>,
    /// How many items, 1 to 200; else 50.
    limit: Option<u32>,
    /// As the piece before says.
    cursor: Option<String>,
}

/// Records, the newest first. One piece looks through at most 5,000 of them, so it may be empty and not be the last.
#[utoipa::path(get, path = "/api/records", tag = "records", params(Query),
    responses((status = 200, body = List<Value>)))]
pub(super) async fn list(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Asked(query): Asked<Query>,
) -> Result<Json<List<Map<String, Value>>>, Refusal> {
    let (wanted, ask) = wanted(query)?;
    let (limit, cursor) = (ask.limit()?, ask.cursor()?);
    if cursor.is_some_and(|cursor| place(cursor).is_none()) {
        return Err(Refusal::of_field("cursor", "is none that was given"));
    }
    between::check(wanted.from_ms, wanted.to_ms)?;
    let _place = office.readers.turn().await?;
    let desk = office.desk(&visitor);
    let piece = desk.records(&wanted, cursor, limit).await?;
    Ok(Json(List {
        items: piece.records,
        next: piece.next,
    }))
}

/// One, with its timings and attempts.
#[utoipa::path(get, path = "/api/records/{id}", tag = "records", params(Named),
    responses((status = 200, body = Value)))]
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
) -> Result<Json<Map<String, Value>>, Refusal> {
    let record = office.desk(&visitor).record(&id).await?;
    let record = record.ok_or_else(|| Refusal::unknown(format!("there is no record `{id}`")))?;
    Ok(Json(record))
}

fn wanted(query: Query) -> Result<(Wanted, Ask), Refusal> {
    let words = [
        ("key", query.key),
        ("user", query.user),
        ("group", query.group),
        ("account", query.account),
        ("model", query.model),
        ("outcome", query.outcome),
    ];
    let status = query.status.as_deref().map(|text| {
        let status = Status::read(text);
        status.ok_or_else(|| Refusal::of_field("status", "is a number, or one like 4xx"))
    });
    let wanted = Wanted {
        words: words
            .into_iter()
            .filter_map(|(field, word)| Some((field, word?)))
            .collect(),
        status: status.transpose()?,
        min_wait_ms: query.min_wait_ms,
        from_ms: query.from_ms,
        to_ms: query.to_ms,
    };
    let (limit, cursor) = (query.limit, query.cursor);
    Ok((wanted, Ask { limit, cursor }))
}
