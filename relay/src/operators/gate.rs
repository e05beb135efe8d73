//! The gate before every route that is not open to all: who asks, whether their role suffices, and, where a browser asks by
//! itself, whether one of our pages told it to.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use hyper::{
    Method,
    header::{AUTHORIZATION, HeaderMap},
    http::request::Parts,
};
use subtle::ConstantTimeEq as _;

use super::{
    cookies,
    error::Refusal,
    office::Office,
    visitor::{By, Session, Visitor, from},
    watched::watch,
};
use crate::{
    admin::tokens::token_of,
    role::Role,
    secret::digest,
    time::{UnixMillis, millis},
};

const CSRF: &str = "x-weir-csrf";
/// A session's end is moved when that gains so much, or a tenth of what it may be idle.
const WORTH_MOVING: Duration = Duration::from_secs(60);

pub(super) async fn let_in(
    State((office, role)): State<(Arc<Office>, Role)>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let visitor = match identify(&office, &parts).await? {
        Some(visitor) => visitor,
        None if office.app.store.has_operators().await? => return Err(Refusal::signed_out()),
        None => return Err(Refusal::setup_required()),
    };
    if let By::Session(session) = &visitor.by {
        check_csrf(session, &parts)?;
    }
    if visitor.role < role {
        return Err(Refusal::not_allowed(role));
    }
    let mut request = Request::from_parts(parts.clone(), body);
    request.extensions_mut().insert(visitor);
    let answer = match is_read(&parts.method) {
        true => next.run(request).await,
        false => office.acts.finish(next.run(request)).await?,
    };
    Ok(watch(answer, office, (parts, role)))
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// What a page of ours sends along with a change, and no other page can know.
pub(super) fn csrf_of(secret: &str) -> String {
    digest(&format!("csrf {secret}"))
}

/// None: nobody that is known.
pub(super) async fn identify(office: &Office, parts: &Parts) -> Result<Option<Visitor>, Refusal> {
    match bearer(&parts.headers) {
        Some(token) => by_token(office, parts, token).await,
        None => by_session(office, parts).await,
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(AUTHORIZATION)?.to_str().unwrap_or_default();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    Some(if is_bearer { token.trim() } else { "" })
}

async fn by_token(office: &Office, parts: &Parts, token: &str) -> Result<Option<Visitor>, Refusal> {
    let known = token_of(&office.app.store, token, UnixMillis::now()).await?;
    let Some(token) = known else {
        return Ok(None);
    };
    let name = format!("token:{}", token.id);
    let from = from(office, parts)?;
    Ok(Some(Visitor::new(&name, token.role, from, By::Token)))
}

async fn by_session(office: &Office, parts: &Parts) -> Result<Option<Visitor>, Refusal> {
    let Some(secret) = cookies::session(&parts.headers) else {
        return Ok(None);
    };
    let from = from(office, parts)?;
    let (store, digest) = (&office.app.store, digest(secret));
    let Some((session, left)) = store.session(&digest).await? else {
        return Ok(None);
    };
    let operator = store.operator(&session.name).await?;
    let operator = operator.filter(|operator| operator.epoch == session.epoch);
    let rest = office.rest_of(session.made_ms);
    let (Some(operator), Some(rest)) = (operator, rest) else {
        store.end_session(&digest).await?;
        return Ok(None);
    };
    let mut ends_in = left;
    if rest > left + WORTH_MOVING.min(rest / 10) {
        store.keep_session(&digest, rest).await?;
        ends_in = rest;
    }
    let session = Session {
        csrf: csrf_of(secret),
        made_ms: session.made_ms,
        ends_ms: UnixMillis::now().0 + millis(ends_in),
        digest,
    };
    let by = By::Session(session);
    Ok(Some(Visitor::new(&operator.name, operator.role, from, by)))
}

fn check_csrf(session: &Session, parts: &Parts) -> Result<(), Refusal> {
    if is_read(&parts.method) {
        return Ok(());
    }
    let given = parts.headers.get(CSRF).map(|given| given.as_bytes());
    let same = given.is_some_and(|given| session.csrf.as_bytes().ct_eq(given).into());
    match same {
        true => Ok(()),
        false => Err(Refusal::no_csrf()),
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn whoever_shows_a_credential_is_known_by_nothing_else() {
        let read = |text: &'static str| {
            let value = HeaderValue::from_static(text);
            let headers: HeaderMap = [(AUTHORIZATION, value)].into_iter().collect();
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(bearer(&HeaderMap::new()), None);
        assert_eq!(read("Bearer weir_op_x").as_deref(), Some("weir_op_x"));
        assert_eq!(read("bearer  weir_op_x").as_deref(), Some("weir_op_x"));
        for other in ["Basic YTpi", "weir_op_x", "Bearer", ""] {
            assert_eq!(read(other).as_deref(), Some(""), "{other}");
        }
    }
}
