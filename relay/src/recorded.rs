//! The record of a request as it is told: by the names under which it is written, numbers as numbers. What is not known has
//! no field. Pure.

use serde_json::{Map, Value};

/// What a record may have, in the order of the columns of a table.
pub(crate) const COLUMNS: [&str; 32] = [
    "request",
    "at_ms",
    "key",
    "user",
    "group",
    "account",
    "chosen",
    "failed",
    "dialect",
    "stream",
    "model",
    "served",
    "outcome",
    "status",
    "error",
    "wait_ms",
    "turn_ms",
    "connect_ms",
    "first_byte_ms",
    "duration_ms",
    "input",
    "output",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "reasoning",
    "web_searches",
    "estimated",
    "tier",
    "cost_micro_usd",
    "unpriced",
    "answered",
];

/// Those that are no numbers, whatever they look like.
const WORDS: [&str; 14] = [
    "request", "key", "user", "group", "account", "chosen", "failed", "dialect", "model", "served",
    "outcome", "error", "tier", "answered",
];

pub(crate) fn told(fields: &[(String, String)]) -> Map<String, Value> {
    let field = |(name, value): &(String, String)| {
        let is_word = WORDS.contains(&name.as_str());
        let number = value.parse::<u64>().ok().filter(|_| !is_word);
        let told = number.map_or_else(|| value.as_str().into(), Value::from);
        (name.clone(), told)
    };
    fields.iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_told_as_numbers_and_words_as_words() {
        let fields = [
            ("request", "req_1"),
            ("key", "123"),
            ("input", "5"),
            ("model", "a \"b\", c"),
            ("tomorrows", "7"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let expected = json!({"request": "req_1", "key": "123", "input": 5,
            "model": "a \"b\", c", "tomorrows": 7});
        assert_eq!(Value::Object(told(&fields)), expected);
    }
}
