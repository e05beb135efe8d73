//! What a key may be used for: by whom, from where, until when, on which routes, for which models. Decided from memory
//! alone; how much it may be used is decided with the admission (`allowance.rs`).

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use crate::{
    allowance::{Allowance, Reservation},
    call::Call,
    dialect::Dialect,
    json,
    key::Key,
    read::Asked,
    route::{Route, Work, path_upstream},
    time::UnixMillis,
};

/// Why a key is of no use here. The caller's fault, or the operator's will.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Limited {
    #[error("this key expired at {at}")]
    Expired { at: String },
    #[error("this key may not be used from {from}; it may from {allowed}")]
    Address { from: IpAddr, allowed: String },
    #[error("this key may not be used for this route; it may for {allowed}")]
    Route { allowed: String },
    #[error("this key may not be used for the model '{model:.128}'; it may for {allowed}")]
    Model { model: String, allowed: String },
}

/// Before the body is read.
pub(crate) fn may_enter(
    key: &Key,
    route: Route<'_>,
    path: &str,
    from: IpAddr,
    now: UnixMillis,
) -> Result<(), Limited> {
    let rules = &key.rules;
    if let Some(end) = rules.expires_ms.filter(|end| *end <= now.0) {
        let at = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(end));
        return Err(Limited::Expired { at });
    }
    let from = from.to_canonical();
    if !rules.ips.is_empty() && !rules.ips.iter().any(|net| net.contains(&from)) {
        let allowed = list(&rules.ips);
        return Err(Limited::Address { from, allowed });
    }
    let path = path_upstream(path);
    let fits = |allowed: &String| match allowed.starts_with('/') {
        true => is_one_of(allowed, path),
        false => allowed == name(route),
    };
    if !rules.routes.is_empty() && !rules.routes.iter().any(fits) {
        let allowed = list(&rules.routes);
        return Err(Limited::Route { allowed });
    }
    Ok(())
}

/// When it is known what is asked for; the call learns what it takes of rates.
pub(crate) fn limit(call: &mut Call, asked: &Asked) -> Result<(), Limited> {
    let caller = &call.caller;
    if let Some(model) = call.model() {
        may_ask(&caller.key, model)?;
    }
    call.reservation = reserve(call, asked, caller.allowances());
    Ok(())
}

/// By the model's own name.
pub(crate) fn may_ask(key: &Key, model: &str) -> Result<(), Limited> {
    let models = &key.rules.models;
    match models.is_empty() || models.iter().any(|allowed| is_one_of(allowed, model)) {
        true => Ok(()),
        false => Err(Limited::Model {
            model: model.to_owned(),
            allowed: list(models),
        }),
    }
}

/// What a request takes of these, by what it is likely to use.
pub(crate) fn reserve<'a>(
    call: &Call,
    asked: &Asked,
    of: impl Iterator<Item = &'a Allowance>,
) -> Option<Arc<Reservation>> {
    let outputs = &call.caller.key.outputs;
    let model = call.model().unwrap_or_default();
    let tokens = || match call.work {
        Work::Generate | Work::Embed => {
            let max = max_tokens(&asked.body, call.dialect);
            outputs.likely(model, asked.body.len(), max)
        }
        Work::CountTokens | Work::ListModels | Work::ShowModel => 0,
        Work::Stored(_) | Work::Usage | Work::Health => 0,
    };
    Reservation::of(of, outputs, model, tokens)
}

/// The names by which routes are allowed.
pub(crate) const ROUTES: [&str; 9] = [
    "messages",
    "chat",
    "responses",
    "generate_content",
    "embeddings",
    "count_tokens",
    "models",
    "stored",
    "usage",
];

fn name(route: Route<'_>) -> &'static str {
    match (route.work, route.dialect) {
        (Work::Generate, Dialect::Anthropic) => "messages",
        (Work::Generate, Dialect::Chat) => "chat",
        (Work::Generate, Dialect::Responses) => "responses",
        (Work::Generate, Dialect::Gemini | Dialect::GeminiArray) => "generate_content",
        (Work::Embed, _) => "embeddings",
        (Work::CountTokens, _) => "count_tokens",
        (Work::ListModels | Work::ShowModel, _) => "models",
        (Work::Stored(_), _) => "stored",
        (Work::Usage, _) => "usage",
        (Work::Health, _) => "",
    }
}

/// A name, or all that begin with what stands before a `*`.
fn is_one_of(allowed: &str, name: &str) -> bool {
    match allowed.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => allowed == name,
    }
}

fn list(of: &[impl ToString]) -> String {
    let words: Vec<String> = of.iter().map(ToString::to_string).collect();
    words.join(", ")
}

/// How long the answer may be, where the request says so.
fn max_tokens(body: &[u8], dialect: Dialect) -> Option<u64> {
    let number = |text: &[u8], key: &[u8]| -> Option<u64> {
        let at = json::member(text, key)?;
        std::str::from_utf8(&text[at]).ok()?.parse().ok()
    };
    match dialect {
        Dialect::Anthropic => number(body, br#""max_tokens""#),
        Dialect::Chat => {
            number(body, br#""max_completion_tokens""#).or_else(|| number(body, br#""max_tokens""#))
        }
        Dialect::Responses => number(body, br#""max_output_tokens""#),
        Dialect::Gemini | Dialect::GeminiArray => {
            let config = json::member(body, br#""generationConfig""#)?;
            number(&body[config], br#""maxOutputTokens""#)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_ending() {
        for (allowed, name, fits) in [
            ("claude-*", "claude-opus-5-5", true),
            ("claude-*", "gpt-5", false),
            ("gpt-5", "gpt-5", true),
            ("gpt-5", "gpt-5-mini", false),
            ("*", "anything", true),
            ("/v1/models*", "/v1/models/x", true),
        ] {
            assert_eq!(is_one_of(allowed, name), fits, "{allowed} {name}");
        }
    }

    #[test]
    fn each_dialect_says_how_long_an_answer_may_be() {
        for (dialect, body, expected) in [
            (
                Dialect::Anthropic,
                r#"{"max_tokens": 64,"x":{"max_tokens":1}}"#,
                Some(64),
            ),
            (
                Dialect::Chat,
                r#"{"max_tokens":3,"max_completion_tokens":5}"#,
                Some(5),
            ),
            (Dialect::Chat, r#"{"max_tokens":3}"#, Some(3)),
            (Dialect::Responses, r#"{"max_output_tokens":7}"#, Some(7)),
            (
                Dialect::Gemini,
                r#"{"generationConfig":{"maxOutputTokens":9}}"#,
                Some(9),
            ),
            (Dialect::Gemini, "{}", None),
            (Dialect::Anthropic, r#"{"max_tokens":"x"}"#, None),
            (Dialect::Anthropic, "", None),
        ] {
            assert_eq!(max_tokens(body.as_bytes(), dialect), expected, "{body}");
        }
    }
}
