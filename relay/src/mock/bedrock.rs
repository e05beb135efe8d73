//! Bedrock as the simulated upstream plays it: InvokeModel for Claude, Converse for all others, both in one piece and as a
//! binary event stream; who asks with a signature must have signed all that came.

pub(super) mod converse;
mod frame;
pub(super) mod invoke;
mod signature;

use aws_smithy_types::base64;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::dialect::{Dialect, Failure, Provider, parse};
use super::playback::{Playback, json_response};
use super::route::Work;
use super::script::Script;
use crate::time::UnixMillis;
use signature::Signed;

/// How an answer is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Whole,
    Stream,
}

/// The work at a path below `/model/`.
pub(super) fn find(path: &str) -> (&'static str, Result<Work, Failure>) {
    let generate = |dialect| Work::Generate(Provider::Bedrock, dialect);
    let (label, work) = match path.split_once('/').map(|(_, action)| action) {
        Some("invoke") => ("POST invoke", generate(Dialect::Invoke(Form::Whole))),
        Some("invoke-with-response-stream") => (
            "POST invoke-with-response-stream",
            generate(Dialect::Invoke(Form::Stream)),
        ),
        Some("converse") => ("POST converse", generate(Dialect::Converse(Form::Whole))),
        Some("converse-stream") => (
            "POST converse-stream",
            generate(Dialect::Converse(Form::Stream)),
        ),
        Some("count-tokens") => ("POST count-tokens", Work::CountTokens(Provider::Bedrock)),
        _ => return ("other", Err(Failure::new(404, "Unknown operation"))),
    };
    (label, Ok(work))
}

/// The model's id in the path.
fn model(head: &Parts) -> String {
    let below = head.uri.path().strip_prefix("/model/").unwrap_or_default();
    let id = below.split('/').next().unwrap_or_default();
    percent_decode_str(id).decode_utf8_lossy().into_owned()
}

/// A bearer token as it came, or the id of the key that signed.
pub(super) fn credential(headers: &HeaderMap) -> Result<HeaderValue, Failure> {
    let missing = || Failure::new(403, "Missing Authentication Token");
    let given = headers.get(AUTHORIZATION).ok_or_else(missing)?;
    match Signed::of(given) {
        Some(signed) => HeaderValue::from_str(signed.key).map_err(|_| missing()),
        None => Ok(given.clone()),
    }
}

/// The secret of each key is its id, backwards.
pub(super) fn check(head: &Parts, body: &[u8], clock_ahead_s: u64) -> Result<(), Failure> {
    let Some(signed) = head.headers.get(AUTHORIZATION).and_then(Signed::of) else {
        return Ok(());
    };
    let secret: String = signed.key.chars().rev().collect();
    let at = UnixMillis::now().0 + clock_ahead_s * 1000;
    let checked = signed.check(head, body, &secret, at);
    checked.map_err(|message| Failure::new(403, message))
}

pub(super) fn count(body: &[u8], tokens: u64) -> Result<Response<Playback>, Failure> {
    let asked: Value = parse(body)?;
    let input = &asked["input"];
    match input["invokeModel"]["body"].as_str() {
        Some(encoded) => {
            let body = base64::decode(encoded);
            let body = body.map_err(|_| Failure::new(400, "body is not base64"))?;
            invoke::read_body("claude-mock-1", &body)?;
        }
        None => drop(converse::read_body(&input["converse"])?),
    }
    let counted = json!({ "inputTokens": tokens });
    Ok(json_response(StatusCode::OK, &counted))
}

pub(super) fn failed(failure: &Failure) -> Response<Playback> {
    let (name, status) = exception(failure);
    let told = Failure {
        status,
        ..failure.clone()
    };
    let mut response = told.answered(&json!({"message": failure.message}));
    let kind = format!("{name}:http://internal.amazon.com/coral/com.amazon.bedrock/");
    let kind = HeaderValue::try_from(kind).expect("the names are ASCII");
    let header = HeaderName::from_static("x-amzn-errortype");
    response.headers_mut().insert(header, kind);
    response
}

/// The exception for a failure, and the status that it has.
fn exception(failure: &Failure) -> (&'static str, u16) {
    match failure.status {
        401 => ("UnrecognizedClientException", 403),
        402 => ("ServiceQuotaExceededException", 400),
        403 if failure.message.contains("ignature") => ("InvalidSignatureException", 403),
        403 => ("AccessDeniedException", 403),
        404 => ("ResourceNotFoundException", 404),
        408 | 504 => ("ModelTimeoutException", 408),
        424 => ("ModelErrorException", 424),
        429 => ("ThrottlingException", 429),
        503 | 529 => ("ServiceUnavailableException", 503),
        500.. => ("InternalServerException", 500),
        _ => ("ValidationException", 400),
    }
}

pub(super) fn append_failure(script: &mut Script, failure: &Failure) {
    let (name, _) = exception(failure);
    let (first, rest) = name.split_at(1);
    let name = first.to_lowercase() + rest;
    let payload = json!({"message": failure.message}).to_string();
    script.event(|bytes| frame::exception(&name, &payload, bytes));
}

pub(super) fn sign(headers: &mut HeaderMap, serial: u64) {
    let id = HeaderValue::try_from(format!("mock-{serial:016x}")).expect("the id is ASCII");
    headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
}
