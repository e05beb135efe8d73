//! What can be asked of the simulated upstream, by option, header `x-mock`, query `mock=` or `POST /mock/config`.
//! All four spell the same names; a new field is known to all of them at once.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// More text than this in one answer is refused.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// The pace, content and faults of an answer. `None` leaves a fault out, or a number to the simulation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// Wait this long before the response headers, in milliseconds.
    #[arg(long, default_value_t = DEFAULT.latency_ms)]
    pub latency_ms: u64,
    /// Wait before the response headers until told to go on (`POST /mock/resume`), after the latency.
    #[arg(long)]
    pub pause: bool,
    /// Text deltas in an answer.
    #[arg(long, default_value_t = DEFAULT.chunks)]
    pub chunks: u32,
    /// From one delta to the next, in milliseconds, on an absolute schedule.
    #[arg(long, default_value_t = DEFAULT.delay_ms)]
    pub delay_ms: u64,
    /// Bytes of text in each delta; a word each if not given.
    #[arg(long)]
    pub delta_bytes: Option<u32>,
    /// Answer with the text of the last user message.
    #[arg(long)]
    pub echo: bool,
    /// How often a tool is called at once, where one is.
    #[arg(long, default_value_t = DEFAULT.calls)]
    pub calls: u32,
    /// Tell a thought before the answer.
    #[arg(long)]
    pub thoughts: bool,
    /// Fail with this status instead of answering.
    #[arg(long)]
    pub status: Option<u16>,
    /// Seconds in the `retry-after` of a failure.
    #[arg(long)]
    pub retry_after: Option<u32>,
    /// Requests left in the window of a rate limit, as the headers tell.
    #[arg(long)]
    pub requests_left: Option<u32>,
    /// Seconds until that window opens again.
    #[arg(long, default_value_t = DEFAULT.window_s)]
    pub window_s: u32,
    /// End the body cleanly after this many events, without the terminal one.
    #[arg(long)]
    pub close_after: Option<usize>,
    /// Reset the connection after this many bytes of the body.
    #[arg(long)]
    pub reset_after: Option<usize>,
    /// Fall silent for ever after this many events.
    #[arg(long)]
    pub stall_after: Option<usize>,
    /// Fall silent after this many events until told to go on (`POST /mock/resume`), which reaches all answers that have begun.
    #[arg(long)]
    pub pause_after: Option<usize>,
    /// Put an error event in place of what follows this many events.
    #[arg(long)]
    pub error_after: Option<usize>,
    /// Write the body in pieces of this many bytes.
    #[arg(long)]
    pub split: Option<usize>,
    /// Flip a bit of the byte at this place of the body.
    #[arg(long)]
    pub corrupt_at: Option<usize>,
    /// Seconds by which the upstream's clock is ahead, where it compares it with a signature's.
    #[arg(long, default_value_t = DEFAULT.clock_ahead_s)]
    pub clock_ahead_s: u64,
    /// Input tokens in the usage.
    #[arg(long)]
    pub input_tokens: Option<u64>,
    /// Output tokens in the usage.
    #[arg(long)]
    pub output_tokens: Option<u64>,
    /// Input tokens read from the prompt cache.
    #[arg(long, default_value_t = DEFAULT.cache_read_tokens)]
    pub cache_read_tokens: u64,
    /// Input tokens written to the prompt cache for five minutes.
    #[arg(long, default_value_t = DEFAULT.cache_write_tokens)]
    pub cache_write_tokens: u64,
    /// Input tokens written to the prompt cache for an hour.
    #[arg(long, default_value_t = DEFAULT.cache_write_1h_tokens)]
    pub cache_write_1h_tokens: u64,
    /// Output tokens that were only thought.
    #[arg(long, default_value_t = DEFAULT.reasoning_tokens)]
    pub reasoning_tokens: u64,
}

const DEFAULT: Behaviour = Behaviour {
    latency_ms: 0,
    pause: false,
    chunks: 8,
    delay_ms: 0,
    delta_bytes: None,
    echo: false,
    calls: 1,
    thoughts: false,
    status: None,
    retry_after: None,
    requests_left: None,
    window_s: 60,
    close_after: None,
    reset_after: None,
    stall_after: None,
    pause_after: None,
    error_after: None,
    split: None,
    corrupt_at: None,
    clock_ahead_s: 0,
    input_tokens: None,
    output_tokens: None,
    cache_read_tokens: 0,
    cache_write_tokens: 0,
    cache_write_1h_tokens: 0,
    reasoning_tokens: 0,
};

impl Default for Behaviour {
    fn default() -> Self {
        DEFAULT
    }
}

impl Behaviour {
    /// This behaviour with `name=value` pairs over it, separated by `,`, `;` or `&`. The error names the pair.
    pub(super) fn with_pairs(&self, pairs: &str) -> Result<Self, String> {
        let pairs = pairs
            .split([',', ';', '&'])
            .map(str::trim)
            .filter(|pair| !pair.is_empty());
        pairs
            .map(read_pair)
            .try_fold(self.clone(), |behaviour, pair| {
                let (name, value) = pair?;
                behaviour.with(name, value)
            })
    }

    /// This behaviour with what `query` asks under `mock=` over it; the rest of the query is not ours.
    pub(super) fn with_query(&self, query: &str) -> Result<Self, String> {
        let ours = query
            .split('&')
            .filter_map(|pair| pair.strip_prefix("mock="));
        ours.map(percent_decoded)
            .try_fold(self.clone(), |behaviour, pairs| {
                behaviour.with_pairs(&pairs)
            })
    }

    /// This behaviour with the fields of a JSON object over it; `null` takes a fault back.
    pub(super) fn with_json(&self, body: &[u8]) -> Result<Self, String> {
        let fields: Map<String, Value> =
            serde_json::from_slice(body).map_err(|error| format!("mock options: {error}"))?;
        fields
            .into_iter()
            .try_fold(self.clone(), |behaviour, (name, value)| {
                behaviour.with(&name, value)
            })
    }

    fn with(&self, name: &str, value: Value) -> Result<Self, String> {
        let refused = |error: serde_json::Error| format!("mock option '{name}': {error}");
        let mut fields = serde_json::to_value(self).map_err(refused)?;
        fields[name] = value;
        let changed: Self = serde_json::from_value(fields).map_err(refused)?;
        changed
            .checked()
            .map_err(|error| format!("mock option '{name}': {error}"))
    }

    fn checked(self) -> Result<Self, &'static str> {
        if u64::from(self.chunks) * u64::from(self.delta_bytes.unwrap_or(1)) > MAX_TEXT_BYTES {
            return Err("chunks times delta_bytes must be at most 64 MiB");
        }
        if self
            .status
            .is_some_and(|status| !(400..=599).contains(&status))
        {
            return Err("a failure's status is 400 to 599");
        }
        if !(1..=100).contains(&self.calls) {
            return Err("a tool is called 1 to 100 times");
        }
        if self.split == Some(0) {
            return Err("a piece has at least one byte");
        }
        Ok(self)
    }
}

/// A value that is not JSON is a string, and then refused by the field's type.
fn read_pair(pair: &str) -> Result<(&str, Value), String> {
    let (name, value) = pair
        .split_once('=')
        .ok_or_else(|| format!("mock option '{pair}': expected name=value"))?;
    Ok((
        name,
        serde_json::from_str(value).unwrap_or_else(|_| value.into()),
    ))
}

/// Clients encode `=` and `;` in a query's value; a `%` that starts no escape stays.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    let mut parts = text.split('%');
    let mut decoded = Vec::from(parts.next().unwrap_or_default());
    for part in parts {
        match part
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            Some(byte) => {
                decoded.push(byte);
                decoded.extend(&part.as_bytes()[2..]);
            }
            None => {
                decoded.push(b'%');
                decoded.extend(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_query_and_json_spell_the_same_names() {
        let expected = Behaviour {
            chunks: 3,
            delay_ms: 20,
            status: Some(529),
            echo: true,
            ..Behaviour::default()
        };
        let from = Behaviour::default();
        assert_eq!(
            from.with_pairs("chunks=3, delay_ms=20;status=529;echo=true")
                .unwrap(),
            expected
        );
        let query = "beta=true&mock=chunks=3;delay_ms=20&mock=status%3D529%3Becho%3dtrue";
        assert_eq!(from.with_query(query).unwrap(), expected);
        let json = br#"{"chunks":3,"delay_ms":20,"status":529,"echo":true}"#;
        assert_eq!(from.with_json(json).unwrap(), expected);
    }

    #[test]
    fn null_takes_a_fault_back() {
        let failing = Behaviour::default().with_pairs("status=500").unwrap();
        assert_eq!(
            failing.with_pairs("status=null").unwrap(),
            Behaviour::default()
        );
    }

    #[test]
    fn a_bad_option_is_refused_by_name() {
        let refusal = |pairs| Behaviour::default().with_pairs(pairs).unwrap_err();
        assert!(refusal("chunk=3").contains("unknown field `chunk`"));
        assert!(refusal("chunks=many").starts_with("mock option 'chunks'"));
        assert!(refusal("chunks").contains("expected name=value"));
        assert!(refusal("status=200").contains("400 to 599"));
        assert!(refusal("split=0").contains("at least one byte"));
        assert!(refusal("chunks=4000000000,delta_bytes=1000").contains("64 MiB"));
    }

    #[test]
    fn a_stray_percent_sign_stays() {
        assert_eq!(percent_decoded("100%&%zz%3D%4"), "100%&%zz=%4");
    }
}
