//! Large bodies of requests: they pass as they are, up to a bound for each and one for all.

use harness::http::Call;
use harness::raw::{Raw, request};
use harness::{Weir, eventually_async};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc::unbounded_channel;
use weir_relay::config::Config;

const MIB: usize = 1 << 20;

/// A message of exactly so many bytes.
fn body_of(bytes: usize) -> String {
    let begin = r#"{"model":"claude-mock-1","max_tokens":64,"stream":true,"messages":[{"role":"user","content":""#;
    let end = r#""}]}"#;
    let said = "x".repeat(bytes - begin.len() - end.len());
    [begin, &said, end].concat()
}

fn message(mock: &str, body: &str) -> Call {
    let call = Call::post(&format!("/v1/messages?mock={mock}"), body.to_owned());
    call.header("anthropic-version", "2023-06-01")
}

#[tokio::test]
async fn the_largest_body_passes_byte_for_byte_and_a_larger_one_is_refused() {
    let most = Config::from_toml("")
        .expect("nothing is a configuration")
        .max_body_bytes;
    assert_eq!(most, 32 * MIB);
    let (came, mut bodies) = unbounded_channel();
    let upstream = Raw::start(move |mut line| {
        let came = came.clone();
        async move {
            let asked = request(&mut line).await?;
            came.send(asked.body).expect("the test goes on");
            line.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                .await
        }
    })
    .await;
    let weir = Weir::setup().base_url(&upstream.url()).start().await;
    let body = body_of(most);
    assert_eq!(weir.ask(message("", &body)).await.status, 200);
    let passed = bodies.recv().await.expect("the upstream was asked");
    assert!(passed == body.as_bytes(), "{} bytes came", passed.len());
    let refused = weir.ask(message("", &body_of(most + 1))).await;
    assert_eq!(refused.status, 413);
    assert_eq!(refused.header("x-weir-error"), Some("weir_body_too_large"));
}

#[tokio::test]
async fn all_bodies_together_are_bounded_and_are_let_go_with_the_first_byte_of_an_answer() {
    let weir = Weir::setup()
        .head("[body]\nmax_bytes = 1048576\nmax_buffered_bytes = 2621440")
        .start()
        .await;
    let body = body_of(MIB);
    let waiting: Vec<_> = (0..2)
        .map(|_| weir.spawn(message("latency_ms=600000", &body)))
        .collect();
    weir.until_upstream_has(2).await;
    let refused = weir.ask(message("chunks=1", &body)).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("x-weir-error"), Some("weir_buffers_full"));
    assert!(refused.number("retry-after") > 0);
    // Half of one fits.
    assert_eq!(
        weir.ask(message("chunks=1", &body_of(MIB / 2)))
            .await
            .status,
        200
    );
    waiting.iter().for_each(|caller| caller.abort());
    weir.until_upstream_has(0).await;
    // Answers that have begun keep nothing of what was asked.
    let mut running = Vec::new();
    for _ in 0..4 {
        let call = || message("chunks=9;delay_ms=600000", &body);
        let answer = eventually_async("there is room", async || {
            let answer = weir.ask(call()).await;
            match answer.status {
                200 => Ok(answer),
                status => Err(status.to_string()),
            }
        });
        running.push(answer.await);
    }
    weir.until_upstream_has(4).await;
}
