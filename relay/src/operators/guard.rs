//! What holds for every request to this listener, whoever sends it: it calls us by a name of ours, no other site has sent it,
//! and browsers are told to let nobody else near the answer.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use hyper::{
    HeaderMap,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, ORIGIN,
        REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};

use super::{cookies::Way, error::Refusal, office::Office};
use crate::config::Operators;

const FETCH_SITE: &str = "sec-fetch-site";

/// For every answer.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];
const A_YEAR: &str = "max-age=31536000";

pub(super) async fn guard(
    State(office): State<Arc<Office>>,
    request: Request,
    next: Next,
) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = match check(&office, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_api {
        let cached = headers.entry(CACHE_CONTROL);
        cached.or_insert(HeaderValue::from_static("no-store"));
    }
    if office.way() == Way::Tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(A_YEAR));
    }
    response
}

fn check(office: &Office, request: &Request) -> Result<(), Refusal> {
    let named = host(request);
    if !is_ours(named.unwrap_or_default(), &office.config.operators) {
        return Err(Refusal::wrong_host());
    }
    let is_api = request.uri().path().starts_with("/api/");
    if is_api && !is_same_origin(request.headers(), named) {
        return Err(Refusal::cross_site());
    }
    Ok(())
}

/// With its port.
fn host(request: &Request) -> Option<&str> {
    match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => request.headers().get(HOST)?.to_str().ok(),
    }
}

/// A name that a hostile page had led to this machine would not be one of these: an address cannot be led elsewhere.
fn is_ours(host: &str, operators: &Operators) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let is_known = |known: &String| known.eq_ignore_ascii_case(name);
    let is_local = operators.listen.is_some_and(|at| at.ip().is_loopback());
    bare.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || operators.hosts.iter().any(is_known)
        || (!is_local && operators.hosts.is_empty() && !name.is_empty())
}

/// What browsers say of who made them send it; programs say nothing. Before a proxy that gives us another name, only the
/// browser knows.
fn is_same_origin(headers: &HeaderMap, host: Option<&str>) -> bool {
    let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
    if let Some(site) = site {
        return matches!(site, b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let origin = origin.to_str().ok();
    let origin = origin.and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, origin)| host.is_some_and(|host| host.eq_ignore_ascii_case(origin)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_this_machine_is_called_by_names_of_this_machine() {
        let mut operators = Operators::default();
        for ours in [
            "localhost:8081",
            "LOCALHOST",
            "127.0.0.1:8081",
            "[::1]:8081",
            "10.0.0.7",
        ] {
            assert!(is_ours(ours, &operators), "{ours}");
        }
        for other in [
            "evil.example:8081",
            "localhost.evil.example",
            "",
            "weir.example.com",
        ] {
            assert!(!is_ours(other, &operators), "{other}");
        }
        operators.hosts = vec!["weir.example.com".into()];
        assert!(is_ours("weir.example.com:443", &operators));
        operators.listen = Some(([0, 0, 0, 0], 8081).into());
        assert!(!is_ours("evil.example", &operators), "names were given");
        operators.hosts.clear();
        assert!(is_ours("weir.example.com", &operators), "none was given");
    }

    #[test]
    fn only_our_own_pages_and_programs_ask() {
        let asks = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            });
            is_same_origin(&pairs.collect(), Some("localhost:8081"))
        };
        assert!(asks(&[]), "a program");
        assert!(asks(&[
            ("origin", "http://localhost:8081"),
            (FETCH_SITE, "same-origin")
        ]));
        assert!(asks(&[(FETCH_SITE, "none")]), "an address that was typed");
        for (name, value) in [
            ("origin", "http://localhost:3000"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
            (FETCH_SITE, "cross-site"),
            (FETCH_SITE, "same-site"),
        ] {
            assert!(!asks(&[(name, value)]), "{name}: {value}");
        }
    }
}
