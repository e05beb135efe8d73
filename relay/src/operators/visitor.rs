//! Who sends a request: put there by the gate of its route, so that a handler behind no gate has nobody to serve.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use hyper::http::request::Parts;

use super::{error::Refusal, roles::Role};

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address(pub(super) IpAddr);

/// Whoever was let in.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) from: IpAddr,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let visitor = parts.extensions.get::<Self>().cloned();
        visitor.ok_or_else(Refusal::signed_out)
    }
}
