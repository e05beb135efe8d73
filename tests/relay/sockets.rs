//! Sides of a connection that close, or take nothing, while the other one goes on.

use std::io::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use harness::http::End;
use harness::raw::{EVENTS, Raw, request};
use harness::weir::stream;
use harness::{Weir, eventually_async};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const LAST: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
/// Far more than the system keeps for a connection that nobody reads.
const FLOOD: usize = 64 << 20;

/// The bytes of a request for a stream, of which the upstream is to fall silent in the middle.
fn endless(key: &str) -> String {
    let body = r#"{"model":"claude-mock-1","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let length = body.len();
    format!(
        "POST /v1/messages?mock=chunks=9;stall_after=4 HTTP/1.1\r\nhost: weir\r\nx-api-key: {key}\r\n\
         anthropic-version: 2023-06-01\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn a_caller_that_closes_its_side_has_left() {
    let weir = Weir::start().await;
    let mut caller = TcpStream::connect(weir.addr()).await.unwrap();
    caller
        .write_all(endless(&weir.key).as_bytes())
        .await
        .unwrap();
    weir.until_upstream_has(1).await;
    caller.shutdown().await.unwrap();
    weir.until_nothing_is_held().await;
    assert_eq!(weir.provider.stats().aborted, 1);
    assert_eq!(*weir.records(1).await[0].field("outcome"), "caller_gone");
}

/// Says all that it has to say, and no more, and waits for the relay to hang up.
async fn close_own_side(mut line: TcpStream, body: &str) -> Result<()> {
    request(&mut line).await?;
    let answer = format!("{EVENTS}\r\n{body}");
    line.write_all(answer.as_bytes()).await?;
    line.shutdown().await?;
    line.read_to_end(&mut Vec::new()).await.map(drop)
}

#[tokio::test]
async fn an_upstream_that_closes_its_side_after_its_answer_has_answered() {
    let upstream = Raw::start(|line| close_own_side(line, LAST)).await;
    let weir = Weir::setup().base_url(&upstream.url()).start().await;
    for _ in 0..2 {
        let body = weir.ask(stream("")).await.whole().await;
        assert_eq!((body.end, body.text().as_str()), (End::Clean, LAST));
    }
    for record in weir.records(2).await {
        assert_eq!(*record.field("outcome"), "done");
    }
}

#[tokio::test]
async fn an_upstream_that_closes_its_side_before_its_last_event_has_broken_off() {
    const FIRST: &str = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
    let upstream = Raw::start(|line| close_own_side(line, FIRST)).await;
    let weir = Weir::setup().base_url(&upstream.url()).start().await;
    let text = weir.ask(stream("")).await.text().await;
    assert!(
        text.starts_with(FIRST) && text.contains("event: error"),
        "{text}"
    );
    assert_eq!(*weir.records(1).await[0].field("outcome"), "upstream_cut");
}

/// Writes as fast as it may, and counts what was taken.
async fn flood(mut line: TcpStream, taken: Arc<AtomicUsize>) -> Result<()> {
    const PIECE: usize = 1 << 16;
    request(&mut line).await?;
    line.write_all(format!("{EVENTS}\r\n").as_bytes()).await?;
    let comment = format!(":{}\n", "x".repeat(PIECE - 2));
    while taken.load(Ordering::Relaxed) < FLOOD {
        line.write_all(comment.as_bytes()).await?;
        taken.fetch_add(PIECE, Ordering::Relaxed);
    }
    line.write_all(format!("\n{LAST}").as_bytes()).await
}

#[tokio::test]
async fn a_caller_that_reads_slowly_slows_the_upstream_and_loses_nothing() {
    const LOOKS: u32 = 100;
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    let upstream = Raw::start(move |line| flood(line, Arc::clone(&counted))).await;
    let weir = Weir::setup().base_url(&upstream.url()).start().await;
    let answer = weir.ask(stream("")).await;
    let (mut last, mut same) = (0, 0);
    eventually_async("the upstream is held back", async || {
        let now = taken.load(Ordering::Relaxed);
        same = if now == last { same + 1 } else { 0 };
        last = now;
        match same {
            LOOKS => Ok(()),
            _ => Err(format!("{now} bytes were taken")),
        }
    })
    .await;
    assert!(last < FLOOD / 2, "{last} bytes lie between");
    let body = answer.whole().await;
    assert_eq!(body.end, End::Clean);
    assert_eq!(body.bytes.len(), FLOOD + 1 + LAST.len());
    assert_eq!(*weir.records(1).await[0].field("outcome"), "done");
}
