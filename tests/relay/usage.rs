//! What a request used is booked once: in its record, and in the counters of the hour and the day.

use std::collections::BTreeMap;

use harness::http::Call;
use harness::weir::{message, stream};
use harness::{Reply, Weir, eventually_async};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

const USAGE: &str = "input_tokens=101;output_tokens=17;cache_read_tokens=1000;cache_write_tokens=300;cache_write_1h_tokens=40";

fn number(record: &Reply, field: &str) -> u64 {
    record.field(field).text().parse().expect("it is a number")
}

fn assert_told(record: &Reply) {
    let seen = [
        "input",
        "output",
        "cache_read",
        "cache_write_5m",
        "cache_write_1h",
    ]
    .map(|field| number(record, field));
    assert_eq!(seen, [101, 17, 1000, 300, 40]);
}

/// Counters of the only hour or day there is, by what they count. Nothing has a price, which is not told here.
pub(crate) fn counters(weir: &Weir, period: &str) -> BTreeMap<String, u64> {
    let keys = weir
        .redis
        .call(format!("KEYS weir:{{default}}:usage:{period}:*:*"));
    let mut sums = BTreeMap::new();
    for key in keys.items() {
        let fields = weir.redis.call(["HGETALL".to_owned(), key.text()]);
        for pair in fields.items().chunks_exact(2) {
            let name = pair[0].text();
            let what = name
                .strip_suffix(":main:a1:other")
                .expect("of this group, account and model");
            if what == "unpriced" {
                continue;
            }
            *sums.entry(what.to_owned()).or_default() += pair[1]
                .text()
                .parse::<u64>()
                .expect("a counter is a number");
        }
    }
    sums
}

#[tokio::test]
async fn a_model_with_an_endless_name_is_counted_and_written_of_as_far_as_that_goes() {
    let weir = Weir::start().await;
    let model = format!("claude-{}", "é".repeat(100_000));
    let body = json!({"model": model, "stream": false});
    weir.ask(message(USAGE, &body)).await.text().await;
    let record = &weir.records(1).await[0];
    assert_told(record);
    let written = record.field("model").text();
    assert!(model.starts_with(&written), "{written}");
    assert_eq!(written.len(), 255);
    assert_eq!(counters(&weir, "hour")["requests"], 1);
}

#[tokio::test]
async fn a_stream_s_record_says_what_the_upstream_said() {
    let weir = Weir::start().await;
    weir.ask(stream(&format!("{USAGE};split=3")))
        .await
        .text()
        .await;
    let record = &weir.records(1).await[0];
    assert_told(record);
    assert_eq!(*record.field("outcome"), "done");
    assert_eq!(
        (record.field("key"), record.field("account")),
        (&Reply::from(weir.key_id.as_str()), &Reply::from("a1"))
    );
    assert_eq!(
        (record.field("model"), record.field("status")),
        (&Reply::from("claude-mock-1"), &Reply::from("200"))
    );
    assert!(number(record, "duration_ms") >= number(record, "first_byte_ms"));
}

#[tokio::test]
async fn counters_add_up_what_the_records_say() {
    let weir = Weir::start().await;
    for _ in 0..3 {
        weir.ask(stream(USAGE)).await.text().await;
        weir.ask(message(USAGE, &json!({}))).await.text().await;
    }
    weir.records(6).await.iter().for_each(assert_told);
    let expected = [
        ("cache_read", 6000),
        ("cache_write_1h", 240),
        ("cache_write_5m", 1800),
        ("input", 606),
        ("output", 102),
        ("requests", 6),
    ];
    let expected: BTreeMap<String, u64> = expected
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    assert_eq!(counters(&weir, "hour"), expected);
    assert_eq!(counters(&weir, "day"), expected);
}

#[tokio::test]
async fn what_was_used_before_a_caller_left_is_booked() {
    let weir = Weir::start().await;
    let mut answer = weir
        .ask(stream(&format!("{USAGE};chunks=9;stall_after=5")))
        .await;
    answer.until("text_delta").await;
    drop(answer);
    let record = &weir.records(1).await[0];
    assert_eq!(number(record, "input"), 101, "as the upstream had said");
    let (output, estimated) = (number(record, "output"), number(record, "estimated"));
    assert!((2..17).contains(&output), "what was streamed: {output}");
    assert_eq!(estimated, output - 1, "the upstream had said one");
    assert_eq!(*record.field("outcome"), "caller_gone");
}

#[tokio::test]
async fn an_account_that_refuses_to_be_asked_for_usage_is_not_asked() {
    for (line, asked) in [("ask_usage = false", 0), ("", 40)] {
        let setup = Weir::setup().kinds(&["openai"]).account_line(line);
        let weir = setup.start().await;
        let body =
            r#"{"model":"gpt-mock-1","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
        let path = format!("/v1/chat/completions?mock={USAGE}");
        let answer = weir.ask(Call::post(&path, body)).await.text().await;
        assert!(answer.ends_with("data: [DONE]\n\n") && !answer.contains("prompt_tokens"));
        let last = weir.provider.stats().last.expect("it went up");
        assert_eq!(last.body_bytes, body.len() + asked, "{line}");
        let record = &weir.records(1).await[0];
        let estimated = format!("{record:?}").contains("\"estimated\"");
        assert_eq!(estimated, asked == 0, "{line}: {record:?}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_upstream_is_recorded_without_usage() {
    let weir = Weir::start().await;
    weir.ask(stream("status=529")).await.text().await;
    let record = &weir.records(1).await[0];
    assert_eq!(
        (record.field("outcome"), record.field("status")),
        (&Reply::from("upstream_refused"), &Reply::from("529"))
    );
    assert_eq!(
        counters(&weir, "hour"),
        BTreeMap::from([("requests".to_owned(), 1), ("failed".to_owned(), 1)])
    );
}

#[tokio::test]
async fn a_refusal_of_the_relay_is_not_recorded() {
    let weir = Weir::setup().impatient().key_limit(1).start().await;
    let held = weir.ask(stream("chunks=9;stall_after=4")).await;
    assert_eq!(weir.ask(stream("")).await.status, 429);
    drop(held);
    assert_eq!(*weir.records(1).await[0].field("outcome"), "caller_gone");
}

#[tokio::test]
async fn a_refusal_without_a_body_is_recorded_as_one() {
    let Weir {
        relay,
        provider,
        redis,
        key,
        ..
    } = Weir::start().await;
    let addr = provider.addr();
    provider.shutdown().await;
    // A server that another test is just starting has the listener's copy until it is loaded.
    let upstream = eventually_async("its address is free", async || {
        TcpListener::bind(addr)
            .await
            .map_err(|error| error.to_string())
    })
    .await;
    let refusing = tokio::spawn(async move {
        let (mut line, _) = upstream.accept().await.expect("the relay connects");
        let refusal = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
        line.read_u8().await.expect("a request comes");
        line.write_all(refusal).await.expect("the relay reads");
        line
    });
    let call = stream("").header("x-api-key", &key);
    assert_eq!(call.send(relay.addr()).await.status, 503);
    relay.shutdown().await;
    let records = redis.call("XRANGE weir:{default}:records - +");
    let record = format!("{records:?}");
    assert!(
        record.contains("upstream_refused") && !record.contains("caller_gone"),
        "{record}"
    );
    drop(refusing.await);
}
