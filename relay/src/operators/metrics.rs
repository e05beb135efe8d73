//! `/metrics`: what monitors read. There is no secret in it; a token may be demanded all the same.

use std::sync::Arc;

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use hyper::{
    StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use subtle::ConstantTimeEq as _;

use super::{error::Refusal, office::Office};
use crate::{config::Credential, telemetry, time::UnixMillis};

pub(super) async fn show(State(office): State<Arc<Office>>, headers: HeaderMap) -> Response {
    if let Some(token) = &office.app.declared.load().metrics_token
        && let Err(refusal) = demand(token, &headers)
    {
        return refusal.into_response();
    }
    let text = telemetry::text(&office.app, UnixMillis::now()).await;
    ([(CONTENT_TYPE, telemetry::CONTENT_TYPE)], text).into_response()
}

/// Read each time: a file may have got a new one.
fn demand(token: &Credential, headers: &HeaderMap) -> Result<(), Refusal> {
    let token = token.resolve().map_err(|why| {
        tracing::error!(%why, "metrics_token cannot be read: nobody may see the metrics");
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no_token",
            "the relay cannot read its metrics_token",
        )
    })?;
    let shown = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
    let shown = shown.and_then(|value| value.strip_prefix(b"Bearer "));
    let is_right = shown.is_some_and(|shown| shown.ct_eq(token.reveal().as_bytes()).into());
    match is_right {
        true => Ok(()),
        false => Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "metrics_token",
            "show the metrics_token: Authorization: Bearer …",
        )),
    }
}
