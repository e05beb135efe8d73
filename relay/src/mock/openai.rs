//! OpenAI as the simulated upstream plays it: what all its routes share. Each route is a file.

pub(super) mod chat;
pub(super) mod embeddings;
mod models;
pub(super) mod responses;
mod stored;

pub(super) use models::models;
pub(super) use stored::Shelf;

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue, SET_COOKIE};
use serde_json::{Value, json};

use super::dialect::{Failure, insert_all};

/// The same in every answer: this account never runs short.
const SIGNATURE: [(&str, &str); 12] = [
    ("openai-organization", "org-mock"),
    ("openai-processing-ms", "1"),
    ("openai-project", "proj_mock"),
    ("openai-version", "2020-10-01"),
    ("cf-ray", "0000000000000000-MOCK"),
    ("x-ratelimit-limit-requests", "4000"),
    ("x-ratelimit-limit-tokens", "480000"),
    ("x-ratelimit-remaining-requests", "3999"),
    ("x-ratelimit-remaining-tokens", "480000"),
    ("x-ratelimit-reset-requests", "15ms"),
    ("x-ratelimit-reset-tokens", "6m0s"),
    ("via", "1.1 mock"),
];

pub(super) fn sign(headers: &mut HeaderMap, serial: u64) {
    insert_all(headers, &SIGNATURE);
    let cookie = HeaderValue::from_static("__cf_bm=mock; path=/; HttpOnly; Secure");
    headers.insert(SET_COOKIE, cookie);
    let id = HeaderValue::try_from(format!("req_mock_{serial:016x}")).expect("the id is ASCII");
    headers.insert(HeaderName::from_static("x-request-id"), id);
}

pub(super) fn credential(headers: &HeaderMap) -> Result<HeaderValue, Failure> {
    let missing = || Failure::new(401, "You didn't provide an API key.");
    headers.get(AUTHORIZATION).cloned().ok_or_else(missing)
}

pub(super) fn failure(failure: &Failure) -> Value {
    json!({ "error": cause(failure) })
}

fn cause(failure: &Failure) -> Value {
    let (kind, code) = match failure.status {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        404 if failure.message.starts_with("Response") => ("invalid_request_error", None),
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("requests", Some("rate_limit_exceeded")),
        500.. => ("server_error", None),
        _ => ("invalid_request_error", None),
    };
    json!({"message": failure.message, "type": kind, "param": null, "code": code})
}

/// Models beyond the list are served too, as long as they sound like the provider's.
fn check_model(model: Option<String>) -> Result<String, Failure> {
    let model = model.ok_or_else(|| Failure::new(400, "you must provide a model parameter"))?;
    let sounds_like = |start: &&str| model.starts_with(*start);
    match ["gpt-", "o", "text-embedding-"].iter().any(sounds_like) {
        true => Ok(model),
        false => Err(Failure::new(
            404,
            format!("The model `{model}` does not exist or you do not have access to it."),
        )),
    }
}
