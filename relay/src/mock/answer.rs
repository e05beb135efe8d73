//! What to answer, before any dialect words it: text pieces, a tool call, usage numbers. Pure.

use serde_json::{Map, Value, json};

use super::behaviour::Behaviour;

const WORDS: [&str; 12] = [
    "The ", "water ", "passes ", "at ", "the ", "rate ", "that ", "the ", "channel ", "below ",
    "can ", "take. ",
];

const THOUGHT: &str = "Water has to be let through.";

/// Pieces in which a tool's input is streamed.
const INPUT_PIECE_CHARS: usize = 12;

/// What a request asks for, in any dialect.
#[derive(Debug, Clone, Default)]
pub(super) struct Ask {
    pub(super) model: String,
    pub(super) stream: bool,
    /// The tool that the answer is to call.
    pub(super) tool: Option<Tool>,
    /// The text of the last user message.
    pub(super) said: String,
    /// How many texts are to be embedded.
    pub(super) texts: usize,
    /// A stream is to end with its usage, in a dialect where that must be asked for.
    pub(super) usage_asked: bool,
    /// What was thought is to be told, encrypted.
    pub(super) encrypted: bool,
    /// The answer may be asked for again.
    pub(super) stored: bool,
    /// It is not waited for.
    pub(super) background: bool,
    pub(super) body_bytes: usize,
}

/// A tool as the caller offered it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) input_schema: Value,
}

impl Tool {
    /// The tool of this name, or the first one.
    pub(super) fn chosen(
        offered: impl IntoIterator<Item = Self>,
        named: Option<&str>,
    ) -> Option<Self> {
        let mut offered = offered.into_iter();
        offered.find(|tool| named.is_none_or(|named| tool.name == named))
    }
}

/// What is to be said.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) serial: u64,
    pub(super) model: String,
    pub(super) pieces: Vec<String>,
    /// Told before anything else.
    pub(super) thought: Option<&'static str>,
    pub(super) calls: Vec<Call>,
    pub(super) texts: usize,
    pub(super) usage_asked: bool,
    pub(super) encrypted: bool,
    pub(super) background: bool,
    /// What the last user message said.
    pub(super) asked: String,
    pub(super) usage: Usage,
}

/// A call of the caller's tool.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// Its place among others.
    pub(super) place: usize,
    pub(super) name: String,
    pub(super) input: Value,
}

/// Token counts; `input` excludes what the cache served or stored, `output` includes what was only thought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) cache_read: u64,
    pub(super) cache_write_5m: u64,
    pub(super) cache_write_1h: u64,
    pub(super) reasoning: u64,
}

impl Usage {
    /// All input, for dialects that count the cache in.
    pub(super) fn prompt(&self) -> u64 {
        self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h
    }
}

impl Call {
    /// What follows the serial number of its answer in its id; nothing for the first.
    pub(super) fn suffix(&self) -> String {
        match self.place {
            0 => String::new(),
            place => format!("_{place}"),
        }
    }

    /// The input as text, in pieces as a stream has them.
    pub(super) fn input_pieces(&self) -> Vec<String> {
        let input: Vec<char> = self.input.to_string().chars().collect();
        input
            .chunks(INPUT_PIECE_CHARS)
            .map(|piece| piece.iter().collect())
            .collect()
    }
}

impl Answer {
    /// All text, in one piece.
    pub(super) fn text(&self) -> String {
        self.pieces.concat()
    }

    /// Whether there is text to be told: an answer may be a call alone, but not nothing.
    pub(super) fn has_text(&self) -> bool {
        !self.pieces.is_empty() || self.calls.is_empty()
    }

    pub(super) fn compose(ask: Ask, behaviour: &Behaviour, serial: u64) -> Self {
        let pieces = if behaviour.echo {
            cut(&ask.said, behaviour.chunks as usize)
        } else {
            recite(behaviour.chunks as usize, behaviour.delta_bytes)
        };
        let usage = Usage {
            input: behaviour
                .input_tokens
                .unwrap_or_else(|| estimate(ask.body_bytes)),
            output: behaviour
                .output_tokens
                .unwrap_or(pieces.len().max(1) as u64),
            cache_read: behaviour.cache_read_tokens,
            cache_write_5m: behaviour.cache_write_tokens,
            cache_write_1h: behaviour.cache_write_1h_tokens,
            reasoning: behaviour.reasoning_tokens,
        };
        let times = 0..behaviour.calls as usize;
        let calls = ask.tool.iter().flat_map(|tool| {
            times.clone().map(|place| Call {
                place,
                input: sample(&tool.input_schema),
                name: tool.name.clone(),
            })
        });
        let calls = calls.collect();
        Self {
            serial,
            model: ask.model,
            pieces,
            thought: behaviour.thoughts.then_some(THOUGHT),
            calls,
            texts: ask.texts,
            usage_asked: ask.usage_asked,
            encrypted: ask.encrypted,
            background: ask.background,
            asked: ask.said,
            usage,
        }
    }
}

/// The text of a message: itself, or what its parts have of it.
pub(super) fn text_of(content: &Value) -> String {
    match content.as_str() {
        Some(text) => text.to_owned(),
        None => blocks(content)
            .filter_map(|block| block["text"].as_str())
            .collect(),
    }
}

pub(super) fn blocks(content: &Value) -> impl Iterator<Item = &Value> {
    content.as_array().into_iter().flatten()
}

/// Four bytes to a token, as a rule of thumb.
pub(super) fn estimate(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(4).max(1)
}

fn recite(chunks: usize, delta_bytes: Option<u32>) -> Vec<String> {
    let words = WORDS.iter().cycle();
    match delta_bytes {
        None => words.take(chunks).map(|word| word.to_string()).collect(),
        Some(bytes) => {
            let piece: String = words
                .flat_map(|word| word.chars())
                .take(bytes as usize)
                .collect();
            vec![piece; chunks]
        }
    }
}

/// At most `pieces` parts of nearly equal length that join to `text`.
fn cut(text: &str, pieces: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let size = chars.len().div_ceil(pieces.max(1)).max(1);
    chars
        .chunks(size)
        .map(|part| part.iter().collect())
        .collect()
}

/// The plainest value that a JSON schema admits; only required properties are filled in.
fn sample(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = schema["type"].as_str().unwrap_or("object");
    // Some dialects shout.
    match kind.to_ascii_lowercase().as_str() {
        "string" => json!("mock"),
        "integer" | "number" => json!(1),
        "boolean" => json!(true),
        "array" => json!([]),
        "null" => Value::Null,
        _ => sample_object(schema),
    }
}

fn sample_object(schema: &Value) -> Value {
    let required = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let fields: Map<String, Value> = required
        .map(|name| (name.to_owned(), sample(&schema["properties"][name])))
        .collect();
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compose(pairs: &str) -> Answer {
        let ask = Ask {
            said: "schön und gut".into(),
            body_bytes: 401,
            ..Ask::default()
        };
        Answer::compose(ask, &Behaviour::default().with_pairs(pairs).unwrap(), 1)
    }

    #[test]
    fn pieces_have_the_number_and_size_asked_for() {
        assert_eq!(compose("chunks=14").pieces.len(), 14);
        let sized = compose("chunks=3,delta_bytes=100").pieces;
        assert_eq!(
            sized.iter().map(String::len).collect::<Vec<_>>(),
            [100, 100, 100]
        );
        assert!(compose("chunks=0").pieces.is_empty());
    }

    #[test]
    fn an_echo_joins_to_what_was_said() {
        for chunks in 0..20 {
            let pieces = compose(&format!("echo=true,chunks={chunks}")).pieces;
            assert_eq!(pieces.concat(), "schön und gut");
            assert!(pieces.len() <= chunks.max(1));
        }
    }

    #[test]
    fn usage_is_estimated_unless_given() {
        let usage = compose("chunks=5").usage;
        assert_eq!((usage.input, usage.output, usage.cache_read), (101, 5, 0));
        let usage =
            compose("input_tokens=7,output_tokens=8,cache_read_tokens=9,cache_write_1h_tokens=4")
                .usage;
        let expected = Usage {
            input: 7,
            output: 8,
            cache_read: 9,
            cache_write_5m: 0,
            cache_write_1h: 4,
            reasoning: 0,
        };
        assert_eq!(usage, expected);
    }

    #[test]
    fn a_call_fills_in_what_the_schema_requires() {
        let schema = json!({
            "type": "object",
            "required": ["place", "unit", "days", "hourly", "nested"],
            "properties": {
                "place": {"type": "string"},
                "unit": {"type": "string", "enum": ["celsius", "kelvin"]},
                "days": {"type": "integer"},
                "hourly": {"type": "boolean"},
                "nested": {"type": "object", "required": ["list"], "properties": {"list": {"type": "array"}}},
                "left_out": {"type": "string"},
            },
        });
        let expected = json!({"place": "mock", "unit": "celsius", "days": 1, "hourly": true, "nested": {"list": []}});
        assert_eq!(sample(&schema), expected);
        assert_eq!(sample(&json!({})), json!({}));
    }
}
