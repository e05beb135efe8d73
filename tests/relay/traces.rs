//! A request followed from its arrival to its settlement, as a collector sees it.

use std::collections::BTreeMap;

use harness::collector::{Span, attribute};
use harness::weir::stream;
use harness::{Collector, Metrics, Weir, eventually_async};
use weir_relay::mock::Behaviour;

use crate::upstreams::{fresh, refusing, upstream};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn setup(collector: &Collector, more: &str) -> harness::weir::Setup {
    let url = collector.url();
    let lines = format!("[telemetry]\notlp_endpoint = \"{url}\"\n{more}");
    Weir::setup().operators().head(&lines)
}

async fn until_spans(collector: &Collector, count: usize) -> Vec<Span> {
    eventually_async("spans come", async || match collector.spans() {
        spans if spans.len() >= count => Ok(spans),
        spans => Err(format!("{} of {count}", spans.len())),
    })
    .await
}

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As a person would look at it.
fn shown(spans: &[Span]) -> String {
    let began = spans.iter().map(|span| span.start_time_unix_nano).min();
    let began = began.unwrap_or_default();
    let row = |span: &Span| {
        let from = (span.start_time_unix_nano - began) as f64 / 1e6;
        let to = (span.end_time_unix_nano - began) as f64 / 1e6;
        let depth = if span.name == "request" { "" } else { "  " };
        format!("{depth}{:<9} {from:>8.3} .. {to:>8.3} ms\n", span.name)
    };
    spans.iter().map(row).collect()
}

#[tokio::test]
async fn a_request_is_followed_through_wait_turn_upstream_stream_and_settlement() {
    let collector = Collector::start().await;
    let setup = setup(
        &collector,
        "otlp_headers = { x-team = \"ours\" }\nservice_name = \"here\"",
    );
    let weir = setup.account_line("serial_turns = true").start().await;
    let call = stream("input_tokens=101;output_tokens=17;chunks=3;delay_ms=20")
        .header("traceparent", &format!("00-{TRACE}-{PARENT}-00"));
    assert!(weir.ask(call).await.text().await.contains("message_stop"));
    let spans = until_spans(&collector, 6).await;
    println!("{}", shown(&spans));
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(
        names,
        ["request", "wait", "turn", "upstream", "stream", "settle"]
    );
    let request = &spans[0];
    assert_eq!(hex(&request.parent_span_id), PARENT);
    for span in &spans {
        assert_eq!(hex(&span.trace_id), TRACE);
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
        assert!(span.name == "request" || span.parent_span_id == request.span_id);
    }
    // One after the other, without gaps or overlaps.
    let within = [&spans[1], &spans[2], &spans[3], &spans[4], &spans[5]];
    assert!(within.is_sorted_by_key(|span| span.start_time_unix_nano));
    let told = |name| attribute(request, name).unwrap_or_default();
    let expected: BTreeMap<_, _> = [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "anthropic"),
        ("gen_ai.request.model", "claude-mock-1"),
        ("gen_ai.response.model", "claude-mock-1"),
        ("gen_ai.usage.input_tokens", "101"),
        ("gen_ai.usage.output_tokens", "17"),
        ("http.response.status_code", "200"),
        ("weir.account", "a1"),
        ("weir.outcome", "done"),
    ]
    .into();
    let seen = expected.keys().map(|name| (*name, told(name)));
    assert_eq!(
        seen.collect::<BTreeMap<_, _>>(),
        expected
            .into_iter()
            .map(|(k, v)| (k, v.to_owned()))
            .collect()
    );
    let posted = &collector.posted()[0];
    assert_eq!(
        (posted.path.as_str(), &posted.headers["x-team"]),
        ("/v1/traces", &"ours".parse().unwrap())
    );
    let text = String::from_utf8_lossy(&posted.body).into_owned();
    assert!(text.contains("here") && !text.contains(&weir.key));
}

#[tokio::test]
async fn each_account_that_had_a_request_is_a_span_and_a_refusal_is_one_too() {
    let collector = Collector::start().await;
    let other = upstream(Behaviour::default());
    let setup = setup(&collector, "").account_at(&other, "priority = 1");
    let weir = setup.behaviour(refusing(500)).start().await;
    assert!(
        weir.ask(fresh())
            .await
            .text()
            .await
            .contains("message_stop")
    );
    let spans = until_spans(&collector, 7).await;
    let upstreams = named(&spans, "upstream");
    let codes = upstreams
        .iter()
        .map(|span| span.status.as_ref().map_or(0, |status| status.code));
    assert_eq!(codes.collect::<Vec<_>>(), [2, 0]);
    assert_eq!(named(&spans, "stream").len(), 1);
    let unknown = stream("").header("x-api-key", "weir_default_nobody");
    assert_eq!(unknown.send(weir.addr()).await.status, 401);
    let spans = until_spans(&collector, 8).await;
    assert_eq!(
        attribute(&spans[7], "error.type").as_deref(),
        Some("weir_invalid_key")
    );
}

#[tokio::test]
async fn a_collector_that_takes_nothing_hurts_nobody_and_is_counted() {
    let collector = Collector::start().await;
    collector.answer_with(400);
    let weir = setup(&collector, "").start().await;
    let operators = weir.relay.operators_addr().expect("they are served");
    for _ in 0..3 {
        assert!(
            weir.ask(stream(""))
                .await
                .text()
                .await
                .contains("message_stop")
        );
    }
    eventually_async("they are counted as lost", async || {
        let call = harness::http::Call::get("/metrics");
        let text = call.send(operators).await.text().await;
        match Metrics::read(&text).sum("weir_traces_lost_total", &[]) {
            3.0 => Ok(()),
            lost => Err(lost.to_string()),
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_left_is_sent_when_the_relay_stops() {
    let collector = Collector::start().await;
    let weir = setup(&collector, "").start().await;
    for _ in 0..5 {
        assert!(
            weir.ask(stream(""))
                .await
                .text()
                .await
                .contains("message_stop")
        );
    }
    weir.relay.shutdown().await;
    assert_eq!(named(&collector.spans(), "settle").len(), 5);
}

#[tokio::test]
async fn nobody_is_followed_at_a_ratio_of_nothing() {
    let collector = Collector::start().await;
    let weir = setup(&collector, "sample_ratio = 0.0").start().await;
    let sampled = stream("").header("traceparent", &format!("00-{TRACE}-{PARENT}-01"));
    assert!(
        weir.ask(sampled)
            .await
            .text()
            .await
            .contains("message_stop")
    );
    weir.relay.shutdown().await;
    assert!(collector.posted().is_empty());
}
