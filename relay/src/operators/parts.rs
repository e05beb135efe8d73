//! The body and the query of a request as values. What does not fit is refused by the name of its field.

use std::error::Error;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
};
use hyper::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap},
    http::request::Parts,
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, value::Error as QueryError},
};
use serde_path_to_error::Path as FieldPath;
use utoipa::IntoParams;

use super::error::Refusal;

/// Nothing has a longer name.
const LONGEST_NAME: usize = 200;

/// A body of JSON.
#[derive(Debug)]
pub(super) struct Given<T>(pub(super) T);

/// What stands in the query.
#[derive(Debug)]
pub(super) struct Asked<T>(pub(super) T);

/// What stands in the path where it says `{id}`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Named {
    pub(super) id: String,
}

/// The version of something that is to go.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Seen {
    /// Only if this is still its version.
    pub(super) version: Option<u64>,
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let named = Path::<String>::from_request_parts(parts, state).await;
        match named {
            Ok(Path(id)) if id.len() <= LONGEST_NAME => Ok(Self { id }),
            _ => Err(Refusal::unknown("nothing is called so")),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Given<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            let message = "the body must be of type application/json";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Refusal::new(status, "not_json", message));
        }
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "the body is larger than 1 MiB",
            ),
            _ => Refusal::new(StatusCode::BAD_REQUEST, "broken_off", "the body broke off"),
        })?;
        read(&body).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let read = Query::try_from_uri(&parts.uri);
        read.map(|Query(value)| Self(value)).map_err(|rejection| {
            match rejection.source().and_then(at_path) {
                Some(error) => misfit(error.path(), &error.inner().to_string()),
                None => misfit_of_whole(rejection.body_text()),
            }
        })
    }
}

/// Where among the causes it is said at which field.
fn at_path<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a PathError> {
    match error.downcast_ref() {
        Some(found) => Some(found),
        None => at_path(error.source()?),
    }
}

type PathError = serde_path_to_error::Error<QueryError>;

/// Nothing that a form of a hostile page could send.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let mut from = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut from);
    let value = value.map_err(|error| match error.inner().classify() {
        serde_json::error::Category::Data => misfit(error.path(), &error.inner().to_string()),
        _ => not_json(error.inner()),
    })?;
    from.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

fn not_json(error: &serde_json::Error) -> Refusal {
    let message = format!("the body is not JSON: {error}");
    Refusal::new(StatusCode::BAD_REQUEST, "not_json", message)
}

fn misfit(path: &FieldPath, why: &str) -> Refusal {
    let missing = why.strip_prefix("missing field `");
    let missing = missing.and_then(|rest| rest.split_once('`'));
    let at = path.to_string();
    match (missing, at.as_str()) {
        (Some((field, _)), ".") => Refusal::of_field(field, why),
        (Some((field, _)), at) => Refusal::of_field(format!("{at}.{field}"), why),
        (None, ".") => misfit_of_whole(why),
        (None, at) => Refusal::of_field(at, why),
    }
}

fn misfit_of_whole(why: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", why)
}
