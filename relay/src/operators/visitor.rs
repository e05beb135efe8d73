//! Who sends a request: put there by the gate of its route, so that a handler behind no gate has nobody to serve.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use hyper::http::request::Parts;

use super::{error::Refusal, office::Office};
use crate::{address, admin::audit::Who, role::Role};

/// Who is connected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connected(pub(super) IpAddr);

/// Whoever was let in.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub(super) who: Who,
    pub(super) role: Role,
    pub(super) by: By,
}

/// How they showed who they are.
#[derive(Debug, Clone)]
pub(super) enum By {
    Session(Session),
    Token,
}

/// A session that goes on.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) digest: String,
    /// What a request that changes something has to bring along.
    pub(super) csrf: String,
    pub(super) made_ms: u64,
    pub(super) ends_ms: u64,
}

impl Visitor {
    pub(super) fn new(name: &str, role: Role, from: IpAddr, by: By) -> Self {
        let who = who(name, role.word(), from);
        Self { who, role, by }
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let visitor = parts.extensions.get::<Self>().cloned();
        visitor.ok_or_else(Refusal::signed_out)
    }
}

/// As the log of what operators did tells them.
pub(super) fn who(name: &str, role: &'static str, from: IpAddr) -> Who {
    Who {
        name: name.to_owned(),
        role,
        from: from.to_string(),
    }
}

/// Where a request comes from, by the word of the proxies that are trusted.
pub(super) fn from(office: &Office, parts: &Parts) -> Result<IpAddr, Refusal> {
    let connected = parts.extensions.get::<Connected>();
    let Connected(connected) = connected.ok_or_else(Refusal::ours)?;
    let settings = office.app.settings();
    let trusted = &settings.trusted_proxies;
    Ok(address::of_caller(*connected, &parts.headers, trusted))
}
