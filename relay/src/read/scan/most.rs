//! The most output that a request asks for. It decides nothing: what cannot be read of it is left to its provider.

use crate::{
    dialect::Dialect,
    json::{Outline, Value},
    usage::Tokens,
};

pub(in crate::read) fn most_output(request: &Outline<'_>, dialect: Dialect) -> Option<Tokens> {
    let told = |name: &'static str| Some(request.told(name).ok()??.value);
    let tokens = |name: &&'static str| told(name).and_then(number);
    match dialect {
        Dialect::Anthropic => tokens(&"max_tokens"),
        Dialect::Chat => ["max_completion_tokens", "max_tokens"]
            .iter()
            .find_map(tokens),
        Dialect::Responses => tokens(&"max_output_tokens"),
        Dialect::Gemini | Dialect::GeminiArray => {
            let mut names = ["generationConfig", "generation_config"].into_iter();
            let config = names.find_map(told)?;
            let named = config.members(["maxOutputTokens", "max_output_tokens"]);
            named.ok()?.into_iter().flatten().find_map(number)
        }
    }
}

fn number(value: Value<'_>) -> Option<Tokens> {
    let text = std::str::from_utf8(value.text).ok()?;
    text.parse().ok().map(Tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_in_the_words_of_each_api() {
        for (dialect, body, expected) in [
            (Dialect::Anthropic, r#"{"max_tokens":1024}"#, Some(1_024)),
            (
                Dialect::Chat,
                r#"{"max_tokens":5,"max_completion_tokens":7}"#,
                Some(7),
            ),
            (
                Dialect::Chat,
                r#"{"max_tokens":5,"max_completion_tokens":null}"#,
                Some(5),
            ),
            (Dialect::Responses, r#"{"max_output_tokens":9}"#, Some(9)),
            (
                Dialect::Gemini,
                r#"{"generationConfig":{"maxOutputTokens":11}}"#,
                Some(11),
            ),
            (
                Dialect::Gemini,
                r#"{"generation_config":{"max_output_tokens":11}}"#,
                Some(11),
            ),
            (Dialect::Gemini, r#"{"generationConfig":{}}"#, None),
            (Dialect::Gemini, r#"{"generationConfig":5}"#, None),
            (Dialect::Anthropic, r#"{"max_tokens":"many"}"#, None),
            (Dialect::Anthropic, r#"{"max_tokens":-5}"#, None),
            (
                Dialect::Anthropic,
                r#"{"max_tokens":1,"max_tokens":2}"#,
                None,
            ),
            (Dialect::Anthropic, "{}", None),
        ] {
            let outline = Outline::of(body.as_bytes()).unwrap();
            assert_eq!(
                most_output(&outline, dialect),
                expected.map(Tokens),
                "{body}"
            );
        }
    }
}
