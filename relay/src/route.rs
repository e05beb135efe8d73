//! Which of the relay's routes a request is for, which dialect is spoken on it, and what its path says of the rest.
//! A new route is a row in `known`, or in `gemini`, `model` or `stored` where the path names something.

use hyper::{HeaderMap, Method, http::request::Parts};

use crate::{dialect::Dialect, provider::Api, read::Answer};

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
    /// A slot of the key alone.
    ShowModel,
    /// A slot of the key alone, at the account that has what was stored.
    Stored(Act),
    /// The key alone.
    Usage,
    /// Not even a key.
    Health,
}

/// What is to become of a response that was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Read,
    ListInput,
    Cancel,
    Delete,
}

/// What is asked for, and how the answer is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    Model { model: &'a str, answer: Answer },
    Response { id: &'a str, answer: Answer },
}

/// Why there is no route. The caller's fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoRoute {
    #[error(
        "this relay serves the Messages, chat completions, Responses, embeddings, generateContent and models routes"
    )]
    Path,
    #[error("this path takes {allowed} only")]
    Method { allowed: &'static str },
    #[error("path and query have more than {LONGEST_ADDRESS} bytes")]
    TooLong,
}

impl<'a> Route<'a> {
    pub(crate) fn of(head: &'a Parts) -> Result<Self, NoRoute> {
        let (path, query) = (head.uri.path(), head.uri.query());
        if path.len() + query.map_or(0, str::len) > LONGEST_ADDRESS {
            return Err(NoRoute::TooLong);
        }
        let route = route(head).ok_or(NoRoute::Path)?;
        let allowed = route.work.methods();
        match allowed.split(", ").any(|method| head.method == method) {
            true => Ok(route),
            false => Err(NoRoute::Method { allowed }),
        }
    }
}

impl Work {
    /// Those that the path of such work takes, as the header `Allow` tells them.
    fn methods(self) -> &'static str {
        match self {
            Self::Generate | Self::Embed | Self::CountTokens => "POST",
            Self::Stored(Act::Cancel) => "POST",
            Self::Stored(Act::Read | Act::Delete) => "GET, DELETE",
            Self::Stored(Act::ListInput) | Self::ListModels | Self::ShowModel => "GET",
            Self::Usage | Self::Health => "GET",
        }
    }

    /// Whether a body belongs to it; if not, one that comes all the same goes nowhere.
    pub(crate) fn has_body(self) -> bool {
        match self {
            Self::Generate | Self::Embed | Self::CountTokens => true,
            Self::ListModels | Self::ShowModel | Self::Stored(_) => false,
            Self::Usage | Self::Health => false,
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
        (Some(api), _) => Dialect::of(api),
        (None, path) if path.starts_with("/v1beta/") => Dialect::Gemini,
        (None, _) => by_headers(&head.headers),
    };
    route(head).map_or_else(guess, |route| route.dialect)
}

fn route(head: &Parts) -> Option<Route<'_>> {
    let (prefix, path) = split_prefix(head.uri.path());
    let route = known(path, prefix, &head.headers)
        .or_else(|| stored(path, head))
        .or_else(|| gemini(path, head.uri.query()))
        .or_else(|| model(path, prefix, &head.headers))?;
    match prefix {
        None => Some(route),
        Some(api) => {
            let is_own = matches!(route.work, Work::Usage | Work::Health);
            (!is_own && route.dialect.api() == api).then_some(route)
        }
    }
}

fn known(path: &str, prefix: Option<Api>, headers: &HeaderMap) -> Option<Route<'static>> {
    let either = || prefix.map_or_else(|| by_headers(headers), Dialect::of);
    let (work, dialect) = match path {
        "/v1/messages" => (Work::Generate, Dialect::Anthropic),
        "/v1/messages/count_tokens" => (Work::CountTokens, Dialect::Anthropic),
        "/v1/chat/completions" => (Work::Generate, Dialect::Chat),
        "/v1/responses" => (Work::Generate, Dialect::Responses),
        "/v1/embeddings" => (Work::Embed, Dialect::Chat),
        "/v1/models" => (Work::ListModels, either()),
        "/v1beta/models" => (Work::ListModels, Dialect::Gemini),
        "/v1/usage" => (Work::Usage, by_headers(headers)),
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
    if !is_plain(model) {
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
        named: Some(Named::Model { model, answer }),
    })
}

fn streamed(query: Option<&str>) -> Dialect {
    match says(query, &["alt=sse", "$alt=sse"]) {
        true => Dialect::Gemini,
        false => Dialect::GeminiArray,
    }
}

/// `/v1/models/{model}` of each API.
fn model<'a>(path: &'a str, prefix: Option<Api>, headers: &HeaderMap) -> Option<Route<'a>> {
    let (model, dialect) = match path.strip_prefix("/v1beta/models/") {
        Some(model) => (model, Dialect::Gemini),
        None => {
            let either = prefix.map_or_else(|| by_headers(headers), Dialect::of);
            (path.strip_prefix("/v1/models/")?, either)
        }
    };
    is_plain(model).then_some(Route {
        work: Work::ShowModel,
        dialect,
        named: Some(Named::Model {
            model,
            answer: Answer::Whole,
        }),
    })
}

/// `/v1/responses/{id}`, and what is below it.
fn stored<'a>(path: &'a str, head: &Parts) -> Option<Route<'a>> {
    let below = path.strip_prefix("/v1/responses/")?;
    let (id, act) = match below.split_once('/') {
        None if head.method == Method::DELETE => (below, Act::Delete),
        None => (below, Act::Read),
        Some((id, "cancel")) => (id, Act::Cancel),
        Some((id, "input_items")) => (id, Act::ListInput),
        Some(_) => return None,
    };
    let answer = match (act, says(head.uri.query(), &["stream=true"])) {
        (Act::Read, true) => Answer::Stream,
        _ => Answer::Whole,
    };
    is_plain(id).then_some(Route {
        work: Work::Stored(act),
        dialect: Dialect::Responses,
        named: Some(Named::Response { id, answer }),
    })
}

/// A name of which no upstream could take a part for a path of its own.
fn is_plain(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !name.is_empty() && name.bytes().all(fits) && !name.bytes().all(|byte| byte == b'.')
}

fn says(query: Option<&str>, any: &[&str]) -> bool {
    let mut pairs = query.into_iter().flat_map(|query| query.split('&'));
    pairs.any(|pair| any.contains(&pair))
}

fn split_prefix(path: &str) -> (Option<Api>, &str) {
    let prefixes = [
        ("/anthropic", Api::Anthropic),
        ("/openai", Api::OpenAi),
        ("/gemini", Api::Gemini),
    ];
    let after = |(prefix, api)| {
        let rest: &str = path.strip_prefix(prefix)?;
        rest.starts_with('/').then_some((Some(api), rest))
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
mod tests;
