//! `GET /v1beta/models` and `GET /v1beta/models/{id}`, or the same of the stable version: a short list.

use hyper::{Response, StatusCode, Uri};
use serde_json::{Value, json};

use super::super::dialect::Failure;
use super::super::playback::{Playback, json_response};

const MODELS: [&str; 3] = ["gemini-2.5-pro", "gemini-mock-1", "gemini-embedding-001"];

/// Models beyond the list are served too, as long as they sound like the provider's.
pub(super) fn check_model(model: &str) -> Result<(), Failure> {
    match model.starts_with("gemini-") {
        true => Ok(()),
        false => Err(Failure::new(
            404,
            format!("models/{model} is not found for API version v1beta"),
        )),
    }
}

pub(in super::super) fn models(uri: &Uri) -> Result<Response<Playback>, Failure> {
    let below = uri.path().split_once("/models/");
    let answer = match below.map(|(_, id)| id) {
        Some(id) => check_model(id).map(|()| model(id))?,
        None => json!({ "models": MODELS.map(model) }),
    };
    Ok(json_response(StatusCode::OK, &answer))
}

fn model(id: &str) -> Value {
    json!({
        "name": format!("models/{id}"),
        "displayName": id,
        "version": "001",
        "supportedGenerationMethods": ["generateContent", "countTokens", "embedContent"],
    })
}
