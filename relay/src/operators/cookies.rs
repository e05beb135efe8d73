//! The two cookies of a browser: by one its session is known, by the other that somebody has signed in there before. No page
//! can read them, and no other site makes a browser send them.

use std::time::Duration;

use hyper::header::{COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};

use crate::ids;

const SESSION: &str = "weir_session";
const BROWSER: &str = "weir_browser";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
/// As long as browsers keep a cookie.
const BROWSER_KEPT: Duration = Duration::from_hours(90 * 24);

/// Whether what is set goes back over TLS alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Tls,
    Clear,
}

impl Way {
    /// Over TLS to us, or to a proxy. Whoever lies about that keeps nobody but themselves from signing in.
    pub(super) fn of(headers: &HeaderMap, ours: Self) -> Self {
        let proxied = headers.get(FORWARDED_PROTO);
        match proxied.is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https")) {
            true => Self::Tls,
            false => ours,
        }
    }
}

/// The secret of the session that a request is part of.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, SESSION)
}

/// The secret of the browser, where somebody has signed in before.
pub(super) fn browser(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, BROWSER)
}

pub(super) fn begin(secret: &str, span: Duration, way: Way) -> (HeaderName, HeaderValue) {
    set(SESSION, secret, span, way)
}

pub(super) fn end(way: Way) -> (HeaderName, HeaderValue) {
    set(SESSION, "", Duration::ZERO, way)
}

pub(super) fn know_browser(secret: &str, way: Way) -> (HeaderName, HeaderValue) {
    set(BROWSER, secret, BROWSER_KEPT, way)
}

/// Several of a name were not set by us: the first that could have been is as good as any.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines.filter_map(|line| line.to_str().ok());
    let mut pairs = pairs.flat_map(|line| line.split(';'));
    pairs.find_map(|pair| {
        let (called, value) = pair.trim().split_once('=')?;
        (called == name && ids::is_secret(value)).then_some(value)
    })
}

fn set(name: &str, value: &str, span: Duration, way: Way) -> (HeaderName, HeaderValue) {
    let seconds = span.as_secs();
    let secure = match way {
        Way::Tls => "; Secure",
        Way::Clear => "",
    };
    let text =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    let value = HeaderValue::from_str(&text).expect("made of visible letters");
    (SET_COOKIE, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_and_only_in_its_form() {
        let secret = ids::new_secret("");
        let secret = secret.reveal();
        let read = |line: &str| {
            let value = HeaderValue::from_str(line).unwrap();
            let headers: HeaderMap = [(COOKIE, value)].into_iter().collect();
            session(&headers).map(str::to_owned)
        };
        for line in [
            format!("weir_session={secret}"),
            format!("a=b; weir_session={secret}; c=d"),
            format!("weir_session=forged; weir_session={secret}"),
        ] {
            assert_eq!(read(&line).as_deref(), Some(secret), "{line}");
        }
        for line in ["weir_session=", "weir_session=x", "x"] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn a_cookie_goes_back_over_tls_where_it_came_so() {
        let (_, value) = begin("s", Duration::from_secs(60), Way::Clear);
        let clear = "weir_session=s; Path=/; HttpOnly; SameSite=Strict; Max-Age=60";
        assert_eq!(value, clear);
        let proto = (
            HeaderName::from_static(FORWARDED_PROTO),
            HeaderValue::from_static("https"),
        );
        let way = Way::of(&[proto].into_iter().collect(), Way::Clear);
        let (_, value) = begin("s", Duration::from_secs(60), way);
        assert_eq!(value, format!("{clear}; Secure"));
    }
}
