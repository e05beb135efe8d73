//! Chat completions: chunks without a name, of which the last but one tells what was used, and `[DONE]` at the end.
//! <https://platform.openai.com/docs/api-reference/chat-streaming>

use bytes::Bytes;
use memchr::memmem;
use serde::{Deserialize, de::IgnoredAny};

use super::{Around, Cause, Failure, Spent, write};
use crate::{dialect::Place, error::Told, sse::Event, usage::Usage};

pub(in crate::dialect) fn error_event(told: &Told) -> Bytes {
    let failure = Failure {
        error: Cause::of(told),
    };
    format!("data: {}\n\n", write(&failure)).into()
}

pub(in crate::dialect) fn read_event(event: &Event<'_>, usage: &mut Usage) -> Option<Place> {
    if event.data.trim_ascii() == b"[DONE]" {
        return Some(Place::Last);
    }
    if !says(event.data, b"\"usage\"") && !says(event.data, b"\"error\"") {
        return None;
    }
    let chunk: Around<'_> = serde_json::from_slice(event.data).unwrap_or_default();
    let failed = chunk.error.is_some();
    chunk.add_to(usage);
    failed.then_some(Place::Last)
}

/// Whether a chunk has text, of whatever kind. One that is written in another way than is usual counts as having none.
pub(in crate::dialect) fn carries(event: &Event<'_>) -> bool {
    let has = |key: &&[u8]| {
        let mut places = memmem::find_iter(event.data, *key);
        places.any(|at| event.data.get(at + key.len()) != Some(&b'"'))
    };
    TEXTS.iter().any(has)
}

const TEXTS: [&[u8]; 3] = [
    b"\"content\":\"",
    b"\"arguments\":\"",
    b"\"reasoning_content\":\"",
];

/// Whether this is the chunk that comes only when a caller asked for usage: it tells that, and no choice.
pub(in crate::dialect) fn is_usage_chunk(event: &Event<'_>) -> bool {
    says(event.data, b"\"usage\"") && serde_json::from_slice::<UsageChunk>(event.data).is_ok()
}

/// Whether a key that is not `null` may stand in the JSON. Nearly all chunks have none of those that are read.
fn says(json: &[u8], key: &[u8]) -> bool {
    memmem::find_iter(json, key).any(|at| {
        let value = json[at + key.len()..].trim_ascii_start();
        match value.strip_prefix(b":") {
            Some(value) => !value.trim_ascii_start().starts_with(b"null"),
            None => false,
        }
    })
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read to see whether it has this form")]
struct UsageChunk {
    usage: Spent,
    choices: [IgnoredAny; 0],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &str) -> Event<'_> {
        Event {
            name: b"",
            data: data.as_bytes(),
            end: 0,
        }
    }

    const USAGE: &str = r#"{"object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7}}"#;

    #[test]
    fn usage_and_the_end_are_read_from_chunks() {
        let mut usage = Usage::default();
        let mut read = |data: &str| read_event(&event(data), &mut usage);
        assert_eq!(
            read(r#"{"choices":[{"delta":{"content":""error":{"}}],"usage":null}"#),
            None
        );
        assert_eq!(read(USAGE), None);
        assert_eq!(read(r#"not json "usage":1"#), None);
        assert_eq!(read("[DONE]"), Some(Place::Last));
        assert_eq!(read(r#"{"error":{"message":"x"}}"#), Some(Place::Last));
        assert_eq!(read(r#"{"error" : null ,"choices":[]}"#), None);
        assert_eq!((usage.input, usage.output), (Some(5), Some(7)));
    }

    #[test]
    fn what_carries_text_is_told_from_what_does_not() {
        for (data, expected) in [
            (r#"{"choices":[{"delta":{"content":"Hi"}}]}"#, true),
            (
                r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
                false,
            ),
            (
                r#"{"delta":{"content":null,"tool_calls":[{"function":{"arguments":"{\""}}]}}"#,
                true,
            ),
            (
                r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
                false,
            ),
            (USAGE, false),
            ("[DONE]", false),
        ] {
            assert_eq!(carries(&event(data)), expected, "{data}");
        }
    }

    #[test]
    fn the_usage_chunk_is_told_from_all_others() {
        assert!(is_usage_chunk(&event(USAGE)));
        for other in [
            r#"{"choices":[],"usage":null}"#,
            r#"{"choices":[],"prompt_filter_results":[]}"#,
            r#"{"choices":[{"index":0}],"usage":{"prompt_tokens":5}}"#,
            r#"{"usage":{"prompt_tokens":5}}"#,
            "[DONE]",
        ] {
            assert!(!is_usage_chunk(&event(other)), "{other}");
        }
    }
}
