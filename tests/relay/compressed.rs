//! An upstream that compresses although it was asked not to: its bytes pass, and what they say is read all the same.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use harness::http::{Body, End};
use harness::raw::{Raw, chunk, request};
use harness::weir::{message, stream};
use harness::{Reply, Weir};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

const STREAM: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":101,\"output_tokens\":1}}}\n\n\
    event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":17}}\n\n\
    event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
const WHOLE: &str = r#"{"type":"message","usage":{"input_tokens":101,"output_tokens":17}}"#;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(text.as_bytes());
    let packed = packed.and_then(|()| encoder.finish());
    packed.expect("memory takes everything")
}

/// How the upstream ends its answer.
#[derive(Clone, Copy)]
enum Close {
    Whole,
    /// Before its last bytes, as if it were whole.
    Early,
}

/// Plays `packed` to whoever asks, a few bytes at a time.
async fn upstream(kind: &'static str, packed: Vec<u8>, close: Close) -> Raw {
    let played = match close {
        Close::Whole => packed.len(),
        Close::Early => packed.len() / 2,
    };
    Raw::start(move |mut line| {
        let packed = packed[..played].to_vec();
        async move {
            request(&mut line).await?;
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n"
            );
            line.write_all(head.as_bytes()).await?;
            for piece in packed.chunks(5) {
                chunk(&mut line, piece).await?;
            }
            line.write_all(b"0\r\n\r\n").await
        }
    })
    .await
}

async fn asked(upstream: &Raw, call: harness::http::Call) -> (Body, Reply) {
    let weir = Weir::setup().base_url(&upstream.url()).start().await;
    let answer = weir.ask(call).await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let body = answer.whole().await;
    let record = weir.records(1).await.remove(0);
    weir.relay.shutdown().await;
    (body, record)
}

fn told(record: &Reply) -> [String; 3] {
    ["outcome", "input", "output"].map(|field| record.field(field).text())
}

#[tokio::test]
async fn a_compressed_stream_passes_and_its_usage_is_booked() {
    let upstream = upstream("text/event-stream", gzip(STREAM), Close::Whole).await;
    let (body, record) = asked(&upstream, stream("")).await;
    assert_eq!((body.end, &*body.bytes), (End::Clean, &*gzip(STREAM)));
    assert_eq!(told(&record), ["done", "101", "17"]);
}

#[tokio::test]
async fn a_compressed_answer_in_one_piece_passes_and_its_usage_is_booked() {
    let upstream = upstream("application/json", gzip(WHOLE), Close::Whole).await;
    let (body, record) = asked(&upstream, message("", &json!({}))).await;
    assert_eq!((body.end, &*body.bytes), (End::Clean, &*gzip(WHOLE)));
    assert_eq!(told(&record), ["done", "101", "17"]);
}

#[tokio::test]
async fn a_compressed_stream_that_ends_too_early_breaks_off() {
    let upstream = upstream("text/event-stream", gzip(STREAM), Close::Early).await;
    let (body, record) = asked(&upstream, stream("")).await;
    assert_eq!(body.end, End::Broken);
    assert_eq!(*record.field("outcome"), "upstream_cut");
}

#[tokio::test]
async fn a_compressed_answer_is_unpacked_where_it_is_translated() {
    let chat = r#"{"id":"c","model":"gpt-5","choices":[{"index":0,"message":{"content":"Rain."},"finish_reason":"stop"}]}"#;
    let chunk = r#"{"id":"c","model":"gpt-5","choices":[{"index":0,"delta":{"content":"Rain."},"finish_reason":null}]}"#;
    let events = format!("data: {chunk}\n\ndata: [DONE]\n\n");
    for (kind, packed, end) in [
        ("application/json", gzip(chat), "}"),
        ("text/event-stream", gzip(&events), "message_stop\"}\n\n"),
    ] {
        let upstream = upstream(kind, packed, Close::Whole).await;
        let setup = Weir::setup().base_url(&upstream.url()).kinds(&["openai"]);
        let weir = setup.account_line("translate = true").start().await;
        let rest = json!({"model": "gpt-5", "stream": kind == "text/event-stream"});
        let answer = weir.ask(message("", &rest)).await;
        assert_eq!(
            (answer.status, answer.header("content-encoding")),
            (200, None)
        );
        let text = answer.text().await;
        assert!(text.contains("Rain.") && text.ends_with(end), "{text}");
        weir.until_nothing_is_held().await;
    }
}
