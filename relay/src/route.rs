//! Which of the relay's routes a request is for, and what each one takes.

use hyper::{Method, Uri};

use crate::dialect::Dialect;

/// Of path and query together. The address upstream is made of these and of the account's own path, and must stay below
/// the 65,534 bytes that an address can have.
const LONGEST_ADDRESS: usize = 32 << 10;

/// A route for callers. Authorisation goes by this value, never by the text of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// `POST /v1/messages`: a slot of the key, a slot of an account, and its turn where it has turns.
    Messages,
    /// `POST /v1/messages/count_tokens`: a slot of the key alone.
    CountTokens,
    /// `GET /v1/models`: nothing.
    Models,
    /// `GET /healthz`: not even a key.
    Health,
}

/// Why there is no route. The caller's fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoRoute {
    #[error("this relay serves /v1/messages, /v1/messages/count_tokens and /v1/models")]
    Path,
    #[error("this path takes {0} only")]
    Method(Method),
    #[error("path and query have more than {LONGEST_ADDRESS} bytes")]
    TooLong,
}

impl Route {
    pub(crate) fn of(method: &Method, asked: &Uri) -> Result<Self, NoRoute> {
        let path = asked.path();
        if path.len() + asked.query().map_or(0, str::len) > LONGEST_ADDRESS {
            return Err(NoRoute::TooLong);
        }
        let route = match path_upstream(path) {
            "/v1/messages" => Self::Messages,
            "/v1/messages/count_tokens" => Self::CountTokens,
            "/v1/models" => Self::Models,
            "/healthz" if path == "/healthz" => Self::Health,
            _ => return Err(NoRoute::Path),
        };
        match route.method() {
            expected if expected == method => Ok(route),
            expected => Err(NoRoute::Method(expected)),
        }
    }

    fn method(self) -> Method {
        match self {
            Self::Messages | Self::CountTokens => Method::POST,
            Self::Models | Self::Health => Method::GET,
        }
    }
}

/// The path without the prefix by which a caller names the dialect.
pub(crate) fn path_upstream(path: &str) -> &str {
    path.strip_prefix("/anthropic")
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(path)
}

/// The dialect in which errors of this path are told.
pub(crate) fn dialect(_path: &str) -> Dialect {
    Dialect::Anthropic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_known_by_path_and_method() {
        let of = |method: Method, path: &str| Route::of(&method, &path.parse().unwrap());
        assert_eq!(of(Method::POST, "/v1/messages").unwrap(), Route::Messages);
        assert_eq!(
            of(Method::POST, "/anthropic/v1/messages").unwrap(),
            Route::Messages
        );
        assert_eq!(
            of(Method::POST, "/v1/messages/count_tokens").unwrap(),
            Route::CountTokens
        );
        assert_eq!(
            of(Method::GET, "/anthropic/v1/models").unwrap(),
            Route::Models
        );
        assert_eq!(of(Method::GET, "/healthz").unwrap(), Route::Health);
        assert!(matches!(
            of(Method::GET, "/v1/messages"),
            Err(NoRoute::Method(Method::POST))
        ));
        for path in [
            "/",
            "/v1/messages/",
            "/v1//messages",
            "/anthropic",
            "/anthropicv1/messages",
            "/anthropic/healthz",
            "/anthropic/anthropic/v1/messages",
            "/v1/messages/batches",
        ] {
            assert!(
                matches!(of(Method::POST, path), Err(NoRoute::Path)),
                "{path}"
            );
        }
    }

    #[test]
    fn an_address_is_bounded() {
        let of = |query: usize| {
            let address = format!("/v1/messages?{}", "a".repeat(query));
            Route::of(&Method::POST, &address.parse().unwrap())
        };
        let fits = LONGEST_ADDRESS - "/v1/messages".len();
        assert_eq!(of(fits).unwrap(), Route::Messages);
        assert!(matches!(of(fits + 1), Err(NoRoute::TooLong)));
    }
}
