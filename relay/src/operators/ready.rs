//! `/readyz`: whether requests should be sent to this relay, for load balancers; it says nothing else.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use hyper::StatusCode;
use serde::Serialize;

use super::office::Office;

#[derive(Debug, Serialize)]
struct NotReady {
    ready: bool,
    reasons: Vec<&'static str>,
}

pub(super) async fn show(State(office): State<Arc<Office>>) -> Response {
    let reasons = reasons(&office);
    if reasons.is_empty() {
        return "ready".into_response();
    }
    let body = NotReady {
        ready: false,
        reasons,
    };
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

fn reasons(office: &Office) -> Vec<&'static str> {
    let app = &office.app;
    let reasons = [
        (app.is_draining(), "draining"),
        (!app.store.is_up(), "redis_down"),
        (app.is_apart.load(Relaxed), "declares_otherwise"),
    ];
    let given = reasons.into_iter().filter(|(holds, _)| *holds);
    given.map(|(_, reason)| reason).collect()
}
