//! `GET /v1/models` and `GET /v1/models/{id}`: a short list.

use hyper::{Response, StatusCode, Uri};
use serde_json::{Value, json};

use super::super::dialect::Failure;
use super::super::playback::{Playback, json_response};
use super::check_model;

const MODELS: [&str; 3] = ["gpt-5", "gpt-mock-1", "text-embedding-3-small"];

pub(in super::super) fn models(uri: &Uri) -> Result<Response<Playback>, Failure> {
    let answer = match uri.path().strip_prefix("/v1/models/") {
        Some(id) => model(&check_model(Some(id.to_owned()))?),
        None => json!({"object": "list", "data": MODELS.map(model)}),
    };
    Ok(json_response(StatusCode::OK, &answer))
}

fn model(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": 0, "owned_by": "mock"})
}
