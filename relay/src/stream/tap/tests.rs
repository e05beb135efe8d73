//! Where an answer ends, what of it passes, and what can be put into it.

use super::*;
use crate::{error::Error, ids::RequestId, stream::Cut};

fn told(tap: &Tap) -> Bytes {
    let told = Error::from(Cut::BrokeOff).told(RequestId::next());
    tap.error_event(&told).expect("it can be told")
}

#[test]
fn a_stream_is_complete_only_with_its_last_event() {
    let mut tap = Tap::events(Dialect::Anthropic, UsageChunk::Passes);
    tap.pass(Bytes::from_static(
        b"event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":3}}}\n\n",
    ));
    tap.pass(Bytes::from_static(b"event: message_stop\ndata: {}\n"));
    assert_eq!(
        tap.end(),
        (
            Usage {
                input: Some(3),
                ..Usage::default()
            },
            Ending::Cut
        )
    );
    tap.pass(Bytes::from_static(b"\n"));
    assert_eq!(tap.end().1, Ending::Complete);
}

#[test]
fn the_error_event_begins_a_line() {
    let mut tap = Tap::events(Dialect::Anthropic, UsageChunk::Passes);
    assert!(told(&tap).starts_with(b"event: error\n"));
    tap.pass(Bytes::from_static(
        b"event: content_block_delta\ndata: {\"de",
    ));
    assert!(told(&tap).starts_with(b"\nevent: error\n"));
    tap.pass(Bytes::from_static(b"\n"));
    assert!(told(&tap).starts_with(b"event: error\n"));
}

#[test]
fn a_whole_answer_is_read_unless_it_is_too_long() {
    let answer = br#"{"usage":{"output_tokens":2}}"#;
    let mut tap = Tap::whole(Dialect::Anthropic);
    for piece in answer.chunks(5) {
        tap.pass(Bytes::from_static(piece));
    }
    let (usage, ending) = tap.end();
    assert_eq!((usage.output, ending), (Some(2), Ending::Unmarked));
    tap.pass(vec![b' '; KEPT].into());
    let mut long = Tap::whole(Dialect::Anthropic);
    long.pass(vec![b' '; KEPT].into());
    long.pass(Bytes::from_static(answer));
    assert_eq!(long.end().0.output, None);
}

fn chat(pieces: &[&'static str]) -> (Vec<Bytes>, Tap) {
    let mut tap = Tap::events(Dialect::Chat, UsageChunk::IsDropped);
    let passed = pieces
        .iter()
        .map(|piece| tap.pass(Bytes::from_static(piece.as_bytes())))
        .collect();
    (passed, tap)
}

#[test]
fn a_stream_without_a_last_event_may_end_where_it_says_so() {
    let mut tap = Tap::events(Dialect::Gemini, UsageChunk::Passes);
    let ending = |tap: &mut Tap, chunk: &str| {
        tap.pass(Bytes::from(format!("data: {chunk}\r\n\r\n")));
        tap.end().1
    };
    assert_eq!(ending(&mut tap, r#"{"candidates":[{}]}"#), Ending::Cut);
    let finished = r#"{"candidates":[{"finishReason":"STOP"}]}"#;
    assert_eq!(ending(&mut tap, finished), Ending::Open);
    assert_eq!(ending(&mut tap, r#"{"usageMetadata":{}}"#), Ending::Open);
    assert_eq!(ending(&mut tap, r#"{"candidates":[{}]}"#), Ending::Cut);
    assert_eq!(ending(&mut tap, r#"{"error":{}}"#), Ending::Complete);
    assert_eq!(ending(&mut tap, r#"{"candidates":[{}]}"#), Ending::Complete);
}

#[test]
fn an_array_is_complete_when_it_is_closed() {
    let mut tap = Tap::array(Dialect::GeminiArray);
    tap.pass(Bytes::from_static(
        b"[{\"usageMetadata\":{\"promptTokenCount\":3}}",
    ));
    assert_eq!(tap.end().1, Ending::Cut);
    assert!(told(&tap).starts_with(b",{\"error\":{") && told(&tap).ends_with(b"}]"));
    tap.pass(Bytes::from_static(b"\n,{\"cand"));
    assert!(
        tap.error_event(&Error::from(Cut::Late).told(RequestId::next()))
            .is_none()
    );
    tap.pass(Bytes::from_static(b"idates\":[]}]"));
    let (usage, ending) = tap.end();
    assert_eq!((usage.input, ending), (Some(3), Ending::Complete));
}

#[test]
fn between_two_events_is_where_a_heartbeat_may_be_sent() {
    let mut tap = Tap::events(Dialect::Chat, UsageChunk::Passes);
    assert!(tap.at_boundary());
    tap.pass(Bytes::from_static(b"data: {}\n"));
    assert!(!tap.at_boundary());
    tap.pass(Bytes::from_static(b"\n"));
    assert!(tap.at_boundary());
    let (passed, tap) = chat(&["data: {"]);
    assert!(tap.at_boundary() && passed[0].is_empty(), "it is held back");
    assert!(told(&tap).starts_with(b"data: {\"error\""));
}
