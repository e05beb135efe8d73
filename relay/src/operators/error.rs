//! The one map from what went wrong to what operators are told: a status, a code for programs, a sentence for people, and
//! the field that it is about.

use std::time::Duration;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use hyper::{
    StatusCode,
    header::{HeaderValue, RETRY_AFTER},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{admin::AdminError, config::Misfit, role::Role, room::Busy, store::StoreError};

/// An answer that says no.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    field: Option<String>,
    retry_after: Option<Duration>,
}

/// The body of every answer that says no.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Failure {
    error: Told,
}

#[derive(Debug, Serialize, ToSchema)]
struct Told {
    /// For programs.
    code: String,
    /// For people.
    message: String,
    /// What of the request it is about.
    field: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            field: None,
            retry_after: None,
        }
    }

    /// The request's fault, in this field of its body, query or path.
    pub(super) fn of_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message);
        Self {
            field: Some(field.into()),
            ..refusal
        }
    }

    /// What the request is about is not there.
    pub(super) fn unknown(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown", message)
    }

    /// It would undo what somebody else did meanwhile.
    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    pub(super) fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no_route", "there is no such route")
    }

    pub(super) fn no_method() -> Self {
        let message = "this route does not have this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "no_method", message)
    }

    pub(super) fn signed_out() -> Self {
        let message = "sign in, or send an API token as `Authorization: Bearer`";
        Self::new(StatusCode::UNAUTHORIZED, "signed_out", message)
    }

    /// There is nobody who could sign in.
    pub(super) fn setup_required() -> Self {
        let message = "make the first operator with the token that the relay has printed";
        Self::new(StatusCode::UNAUTHORIZED, "setup_required", message)
    }

    pub(super) fn wrong_password() -> Self {
        let message = "there is nobody with this name and password";
        Self::new(StatusCode::UNAUTHORIZED, "wrong_password", message)
    }

    pub(super) fn throttled(wait: Duration) -> Self {
        let message = "too many tries: come back later";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled", message).retry_after(wait)
    }

    pub(super) fn no_session() -> Self {
        let message = "an API token has no session and no password";
        Self::new(StatusCode::CONFLICT, "no_session", message)
    }

    pub(super) fn no_csrf() -> Self {
        let message = "send the session's `csrf` in the header x-weir-csrf";
        Self::new(StatusCode::FORBIDDEN, "csrf", message)
    }

    pub(super) fn cross_site() -> Self {
        let message = "another site has sent this";
        Self::new(StatusCode::FORBIDDEN, "cross_site", message)
    }

    pub(super) fn wrong_host() -> Self {
        let message = "this relay is not called so: name the host in [listen] operators_hosts";
        Self::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", message)
    }

    pub(super) fn not_allowed(needed: Role) -> Self {
        let message = format!("this takes the role {}", needed.word());
        Self::new(StatusCode::FORBIDDEN, "not_allowed", message)
    }

    pub(super) fn ours() -> Self {
        let message = "the relay failed: its log says more";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// As this request calls the field that it is about.
    pub(super) fn in_field(self, field: &str) -> Self {
        let field = self.field.map(|_| field.to_owned());
        Self { field, ..self }
    }

    pub(super) fn retry_after(self, span: Duration) -> Self {
        Self {
            retry_after: Some(span),
            ..self
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Failure {
            error: Told {
                code: self.code.to_owned(),
                message: self.message,
                field: self.field,
            },
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(span) = self.retry_after {
            let seconds = span.as_millis().div_ceil(1000).max(1);
            let seconds = HeaderValue::from_str(&seconds.to_string()).expect("digits");
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

impl From<Misfit> for Refusal {
    fn from(misfit: Misfit) -> Self {
        let refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", misfit.why);
        Self {
            field: misfit.field,
            ..refusal
        }
    }
}

impl From<AdminError> for Refusal {
    fn from(error: AdminError) -> Self {
        let message = error.to_string();
        match error {
            AdminError::Misfit(misfit) => misfit.into(),
            AdminError::Unknown { .. } | AdminError::NotThere { .. } => Self::unknown(message),
            AdminError::StillHeld { .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "still_held", message)
            }
            AdminError::Exists { .. } => Self::new(StatusCode::CONFLICT, "exists", message),
            AdminError::Declared { .. } => Self::new(StatusCode::CONFLICT, "declared", message),
            AdminError::Conflict { .. } => Self::conflict(message),
            AdminError::InUse { .. } => Self::new(StatusCode::CONFLICT, "in_use", message),
            AdminError::Crowded => Self::conflict(message),
            AdminError::TooMany { .. } => Self::new(StatusCode::CONFLICT, "too_many", message),
            AdminError::LastAdmin => Self::new(StatusCode::CONFLICT, "last_admin", message),
            AdminError::SetUpAlready => Self::new(StatusCode::CONFLICT, "set_up_already", message),
            AdminError::NoSetupToken => {
                let refusal = Self::new(StatusCode::UNAUTHORIZED, "wrong_token", message);
                Self {
                    field: Some("token".into()),
                    ..refusal
                }
            }
            AdminError::Busy(busy) => busy.into(),
            // Neither shows a secret: they say where it should be.
            AdminError::Master(_) => Self::new(StatusCode::CONFLICT, "master_key", message),
            AdminError::Unusable(_) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unusable", message)
            }
            AdminError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let unavailable =
            |code| Self::new(StatusCode::SERVICE_UNAVAILABLE, code, error.to_string());
        match &error {
            StoreError::Down => unavailable("redis_down").retry_after(Duration::from_secs(1)),
            StoreError::Unanswered(_) => {
                unavailable("redis_silent").retry_after(Duration::from_secs(1))
            }
            StoreError::NoModule | StoreError::Denied(_) => unavailable("redis_unusable"),
            StoreError::Refused { .. } | StoreError::Form { .. } => {
                tracing::error!(%error, "an operator's request failed");
                Self::ours()
            }
        }
    }
}

impl From<Busy> for Refusal {
    fn from(busy: Busy) -> Self {
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", busy.to_string());
        refusal.retry_after(Duration::from_secs(1))
    }
}
