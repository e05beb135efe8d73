//! What is done to queues, and which accounts are let requests.

use std::{sync::Arc, time::Duration};

use axum::extract::{FromRequestParts, Path, State};
use hyper::{StatusCode, http::request::Parts};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    error::Refusal,
    office::Office,
    parts::{Given, Named},
    visitor::Visitor,
};
use crate::{
    admin::accounts::Drain,
    live::{NoQueue, Queue},
};

/// The longest name of a member.
const LONGEST_MEMBER: usize = 512;

/// Somebody in a queue.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Place {
    /// `account:<id>`, `turn:<id>`, `key:<id>`, `user:<id>` or `group:<id>`.
    #[param(value_type = String)]
    queue: Queue,
    member: String,
}

/// How long an account is paused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    /// 1 second to 30 days, in milliseconds; without it, until it is resumed.
    for_ms: Option<u64>,
}

/// Takes a waiter out of a line; its caller gets an error with the code `weir_cancelled`.
#[utoipa::path(delete, path = "/api/queues/{queue}/waiters/{member}", tag = "queues",
    params(Place), responses((status = 204)))]
pub(super) async fn cancel(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Place { queue, member }: Place,
) -> Result<StatusCode, Refusal> {
    office.desk(&visitor).cancel_waiter(&queue, &member).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the request that holds a slot or turn, which gives back all that it holds; its caller gets an error with the code
/// `weir_taken_back`, inside the answer where that has begun.
#[utoipa::path(delete, path = "/api/queues/{queue}/holders/{member}", tag = "queues",
    params(Place), responses((status = 204)))]
pub(super) async fn take_back(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Place { queue, member }: Place,
) -> Result<StatusCode, Refusal> {
    office.desk(&visitor).take_back(&queue, &member).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes an account's gate: its line keeps its places. It opens by itself, or is resumed.
#[utoipa::path(post, path = "/api/accounts/{id}/pause", tag = "accounts", params(Named),
    request_body = Pause, responses((status = 204)))]
pub(super) async fn pause(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
    Given(pause): Given<Pause>,
) -> Result<StatusCode, Refusal> {
    let span = pause.for_ms.map(Duration::from_millis);
    office.desk(&visitor).pause_account(&id, span).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends no new request to an account: its waiters turn to others, and those that it serves end as they would.
#[utoipa::path(post, path = "/api/accounts/{id}/drain", tag = "accounts", params(Named),
    responses((status = 204)))]
pub(super) async fn drain(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
) -> Result<StatusCode, Refusal> {
    let desk = office.desk(&visitor);
    desk.drain_account(&id, Drain::Begins).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a pause and a drain.
#[utoipa::path(post, path = "/api/accounts/{id}/resume", tag = "accounts", params(Named),
    responses((status = 204)))]
pub(super) async fn resume(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
) -> Result<StatusCode, Refusal> {
    office.desk(&visitor).resume_account(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the rest of an account and of all its models.
#[utoipa::path(post, path = "/api/accounts/{id}/clear-cooldown", tag = "accounts", params(Named),
    responses((status = 204)))]
pub(super) async fn clear_cooldown(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Named { id }: Named,
) -> Result<StatusCode, Refusal> {
    office.desk(&visitor).clear_cooldown(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let named = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Ok(Path((queue, member))) = named else {
            return Err(Refusal::unknown("nothing is called so"));
        };
        let wrong = |NoQueue| Refusal::of_field("queue", NoQueue.to_string());
        let queue = queue.parse().map_err(wrong)?;
        match member.len() {
            1..=LONGEST_MEMBER => Ok(Self { queue, member }),
            _ => Err(Refusal::of_field("member", "must be 1 to 512 bytes")),
        }
    }
}
