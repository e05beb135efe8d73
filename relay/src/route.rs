//! Which of the relay's routes a request is for, which dialect is spoken on it, and what its path says of the rest.
//! A new route is a row in `known`, or in `gemini` where the path names the model.

use hyper::{HeaderMap, Method, Uri, http::request::Parts};

use crate::{dialect::Dialect, provider::Provider, read::Answer};

/// Of path and query together. The address upstream is made of these and of the account's own path, and must stay below
/// the 65,534 bytes that an address can have.
const LONGEST_ADDRESS: usize = 32 << 10;

/// A route for callers. Authorisation goes by this value, never by the text of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route<'a> {
    pub(crate) work: Work,
    pub(crate) dialect: Dialect,
    /// What the path says of a request where its body does not.
    pub(crate) named: Option<Named<'a>>,
}

/// What a request is for, and what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// A slot of the key, a slot of an account, and its turn where it has turns.
    Generate,
    /// A slot of the key and a slot of an account.
    Embed,
    /// A slot of the key alone.
    CountTokens,
    /// A slot of the key alone.
    ListModels,
    /// Not even a key.
    Health,
}

/// The model, and how the answer is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named<'a> {
    pub(crate) model: &'a str,
    pub(crate) answer: Answer,
}

/// Why there is no route. The caller's fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoRoute {
    #[error(
        "this relay serves the Messages, chat completions, Responses, embeddings, generateContent and models routes"
    )]
    Path,
    #[error("this path takes {0} only")]
    Method(Method),
    #[error("path and query have more than {LONGEST_ADDRESS} bytes")]
    TooLong,
}

impl<'a> Route<'a> {
    pub(crate) fn of(head: &'a Parts) -> Result<Self, NoRoute> {
        let (path, query) = (head.uri.path(), head.uri.query());
        if path.len() + query.map_or(0, str::len) > LONGEST_ADDRESS {
            return Err(NoRoute::TooLong);
        }
        let route = route(&head.uri, &head.headers).ok_or(NoRoute::Path)?;
        match route.work.method() {
            expected if expected == head.method => Ok(route),
            expected => Err(NoRoute::Method(expected)),
        }
    }
}

impl Work {
    fn method(self) -> Method {
        match self {
            Self::Generate | Self::Embed | Self::CountTokens => Method::POST,
            Self::ListModels | Self::Health => Method::GET,
        }
    }
}

/// The path without the prefix by which a caller names the dialect.
pub(crate) fn path_upstream(path: &str) -> &str {
    split_prefix(path).1
}

/// The dialect in which errors are told, also where there is no such route.
pub(crate) fn dialect(head: &Parts) -> Dialect {
    let guess = || match split_prefix(head.uri.path()) {
        (Some(provider), _) => Dialect::of(provider),
        (None, path) if path.starts_with("/v1beta/") => Dialect::Gemini,
        (None, _) => by_headers(&head.headers),
    };
    route(&head.uri, &head.headers).map_or_else(guess, |route| route.dialect)
}

fn route<'a>(asked: &'a Uri, headers: &HeaderMap) -> Option<Route<'a>> {
    let (prefix, path) = split_prefix(asked.path());
    let route = known(path, prefix, headers).or_else(|| gemini(path, asked.query()))?;
    match prefix {
        None => Some(route),
        Some(provider) => {
            (route.work != Work::Health && route.dialect.provider() == provider).then_some(route)
        }
    }
}

fn known(path: &str, prefix: Option<Provider>, headers: &HeaderMap) -> Option<Route<'static>> {
    let either = || prefix.map_or_else(|| by_headers(headers), Dialect::of);
    let (work, dialect) = match path {
        "/v1/messages" => (Work::Generate, Dialect::Anthropic),
        "/v1/messages/count_tokens" => (Work::CountTokens, Dialect::Anthropic),
        "/v1/chat/completions" => (Work::Generate, Dialect::Chat),
        "/v1/responses" => (Work::Generate, Dialect::Responses),
        "/v1/embeddings" => (Work::Embed, Dialect::Chat),
        "/v1/models" => (Work::ListModels, either()),
        "/v1beta/models" => (Work::ListModels, Dialect::Gemini),
        "/healthz" => (Work::Health, by_headers(headers)),
        _ => return None,
    };
    Some(Route {
        work,
        dialect,
        named: None,
    })
}

/// `/v1beta/models/{model}:{method}`, or the same of the stable version.
fn gemini<'a>(path: &'a str, query: Option<&str>) -> Option<Route<'a>> {
    let named = ["/v1beta/models/", "/v1/models/"]
        .into_iter()
        .find_map(|folder| path.strip_prefix(folder));
    let (model, method) = named?.split_once(':')?;
    // Nothing that the upstream could take for a path of its own.
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if model.is_empty() || !model.bytes().all(fits) {
        return None;
    }
    let (work, answer, dialect) = match method {
        "generateContent" => (Work::Generate, Answer::Whole, Dialect::Gemini),
        "streamGenerateContent" => (Work::Generate, Answer::Stream, streamed(query)),
        "countTokens" => (Work::CountTokens, Answer::Whole, Dialect::Gemini),
        "embedContent" | "batchEmbedContents" => (Work::Embed, Answer::Whole, Dialect::Gemini),
        _ => return None,
    };
    Some(Route {
        work,
        dialect,
        named: Some(Named { model, answer }),
    })
}

fn streamed(query: Option<&str>) -> Dialect {
    let mut pairs = query.into_iter().flat_map(|query| query.split('&'));
    match pairs.any(|pair| pair == "alt=sse" || pair == "$alt=sse") {
        true => Dialect::Gemini,
        false => Dialect::GeminiArray,
    }
}

fn split_prefix(path: &str) -> (Option<Provider>, &str) {
    let prefixes = [
        ("/anthropic", Provider::Anthropic),
        ("/openai", Provider::OpenAi),
        ("/gemini", Provider::Gemini),
    ];
    let after = |(prefix, provider)| {
        let rest: &str = path.strip_prefix(prefix)?;
        rest.starts_with('/').then_some((Some(provider), rest))
    };
    prefixes.into_iter().find_map(after).unwrap_or((None, path))
}

/// Where the path could be anybody's: by what each client sends with its key.
fn by_headers(headers: &HeaderMap) -> Dialect {
    let sends = |name| headers.contains_key(name);
    if sends("anthropic-version") || sends("x-api-key") {
        Dialect::Anthropic
    } else if sends("x-goog-api-key") {
        Dialect::Gemini
    } else {
        Dialect::Chat
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn head(method: Method, address: &str, headers: &[&str]) -> Parts {
        let mut request = Request::builder().method(method).uri(address);
        for name in headers {
            request = request.header(*name, "1");
        }
        request.body(()).unwrap().into_parts().0
    }

    fn post(address: &str) -> Option<(Work, Dialect)> {
        let head = head(Method::POST, address, &[]);
        let route = Route::of(&head).ok()?;
        Some((route.work, route.dialect))
    }

    #[test]
    fn routes_are_known_by_path_and_method() {
        for (path, expected) in [
            ("/v1/messages", (Work::Generate, Dialect::Anthropic)),
            (
                "/anthropic/v1/messages/count_tokens",
                (Work::CountTokens, Dialect::Anthropic),
            ),
            ("/v1/chat/completions", (Work::Generate, Dialect::Chat)),
            ("/openai/v1/responses", (Work::Generate, Dialect::Responses)),
            ("/v1/embeddings", (Work::Embed, Dialect::Chat)),
        ] {
            assert_eq!(post(path), Some(expected), "{path}");
            let get = head(Method::GET, path, &[]);
            assert!(matches!(
                Route::of(&get),
                Err(NoRoute::Method(Method::POST))
            ));
        }
        let health = head(Method::GET, "/healthz", &[]);
        assert_eq!(Route::of(&health).unwrap().work, Work::Health);
    }

    #[test]
    fn a_path_that_is_not_exactly_one_of_them_is_none() {
        for path in [
            "/",
            "/v1/messages/",
            "/v1//messages",
            "/anthropic",
            "/anthropicv1/messages",
            "/anthropic/healthz",
            "/anthropic/anthropic/v1/messages",
            "/anthropic/v1/responses",
            "/openai/v1/messages",
            "/openai/v1beta/models/m:generateContent",
            "/openai/v1/models/m:generateContent",
            "/v1/models/m",
            "/v1/messages/batches",
            "/v1/responses/resp_1",
            "/v1beta/models/:generateContent",
            "/v1beta/models/m",
            "/v1beta/models/m:generateContent:x",
            "/v1beta/models/m:batchGenerateContent",
            "/v1beta/models/a/b:generateContent",
            "/v1beta/models/..%2fx:generateContent",
            "/v1beta/tunedModels/m:generateContent",
        ] {
            assert_eq!(post(path), None, "{path}");
        }
    }

    #[test]
    fn a_gemini_path_names_the_model_and_how_the_answer_comes() {
        let of = |address: &str| {
            let head = head(Method::POST, address, &[]);
            let route = Route::of(&head).unwrap();
            let named = route.named.unwrap();
            assert_eq!(named.model, "gemini-2.5-pro");
            (route.work, route.dialect, named.answer)
        };
        let path = "/v1beta/models/gemini-2.5-pro";
        let whole = |work| (work, Dialect::Gemini, Answer::Whole);
        let stream = |dialect| (Work::Generate, dialect, Answer::Stream);
        for (rest, expected) in [
            (":generateContent", whole(Work::Generate)),
            (":countTokens?alt=sse", whole(Work::CountTokens)),
            (":embedContent", whole(Work::Embed)),
            (":batchEmbedContents", whole(Work::Embed)),
            (
                ":streamGenerateContent?key=k&alt=sse",
                stream(Dialect::Gemini),
            ),
            (
                ":streamGenerateContent?alt=json",
                stream(Dialect::GeminiArray),
            ),
        ] {
            assert_eq!(of(&format!("{path}{rest}")), expected, "{rest}");
            let stable = path.replace("v1beta", "v1");
            assert_eq!(of(&format!("/gemini{stable}{rest}")), expected, "{rest}");
        }
    }

    #[test]
    fn the_headers_decide_whose_models_are_listed() {
        let of = |path: &str, headers: &[&str]| {
            let head = head(Method::GET, path, headers);
            Route::of(&head).unwrap().dialect
        };
        let both = ["x-api-key", "authorization"];
        assert_eq!(of("/v1/models", &both), Dialect::Anthropic);
        assert_eq!(of("/v1/models", &["anthropic-version"]), Dialect::Anthropic);
        assert_eq!(of("/v1/models", &["authorization"]), Dialect::Chat);
        assert_eq!(of("/openai/v1/models", &both), Dialect::Chat);
        assert_eq!(of("/anthropic/v1/models", &[]), Dialect::Anthropic);
        assert_eq!(of("/v1/models", &["x-goog-api-key"]), Dialect::Gemini);
        assert_eq!(of("/gemini/v1/models", &both), Dialect::Gemini);
        assert_eq!(of("/v1beta/models", &both), Dialect::Gemini);
    }

    #[test]
    fn errors_have_a_dialect_where_there_is_no_route() {
        let of = |path: &str, headers: &[&str]| dialect(&head(Method::POST, path, headers));
        assert_eq!(of("/v1beta/files", &["x-api-key"]), Dialect::Gemini);
        assert_eq!(of("/gemini/x", &[]), Dialect::Gemini);
        assert_eq!(of("/openai/v1/files", &["x-api-key"]), Dialect::Chat);
        assert_eq!(of("/v1/files", &["x-api-key"]), Dialect::Anthropic);
        assert_eq!(of("/v1/files", &[]), Dialect::Chat);
    }

    #[test]
    fn an_address_is_bounded() {
        let of = |query: usize| {
            let address = format!("/v1/messages?{}", "a".repeat(query));
            Route::of(&head(Method::POST, &address, &[])).map(|route| route.work)
        };
        let fits = LONGEST_ADDRESS - "/v1/messages".len();
        assert_eq!(of(fits).unwrap(), Work::Generate);
        assert!(matches!(of(fits + 1), Err(NoRoute::TooLong)));
    }
}
