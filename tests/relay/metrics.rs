//! What the relay shows to machines, read by a parser of its form.

use std::net::SocketAddr;

use harness::http::Call;
use harness::openmetrics::Family;
use harness::weir::{Setup, message, stream};
use harness::{Metrics, Weir, eventually_async};
use serde_json::json;
use weir_relay::mock::Behaviour;
use weir_relay::server::Relay;

use crate::upstreams::{fresh, refusing, upstream};

const USAGE: &str = "input_tokens=101;output_tokens=17";

fn setup() -> Setup {
    Weir::setup().operators()
}

async fn metrics(relay: &Relay) -> Metrics {
    Metrics::read(&text(relay).await)
}

async fn text(relay: &Relay) -> String {
    let answer = Call::get("/metrics").send(operators(relay)).await;
    assert_eq!(answer.status, 200);
    let form = answer.header("content-type").expect("it has a type");
    assert!(form.starts_with("application/openmetrics-text; version=1.0.0"));
    answer.text().await
}

fn operators(relay: &Relay) -> SocketAddr {
    relay.operators_addr().expect("operators are served")
}

/// Until a sum is what it should be: requests are counted when they have ended.
async fn until(weir: &Weir, name: &str, labels: &[(&str, &str)], expected: f64) -> Metrics {
    eventually_async(name, async || {
        let metrics = metrics(&weir.relay).await;
        match metrics.sum(name, labels) {
            sum if sum == expected => Ok(metrics),
            sum => Err(format!("{sum} instead of {expected}")),
        }
    })
    .await
}

#[tokio::test]
async fn a_request_is_counted_once_under_what_served_it() {
    let weir = setup()
        .account_line("models = { \"claude-mock-*\" = \"claude-mock-*\" }")
        .head("[prices.claude-mock-1]\ninput = 2\noutput = 10")
        .start()
        .await;
    for _ in 0..3 {
        let answer = weir.ask(stream(USAGE)).await;
        assert!(answer.text().await.contains("message_stop"));
    }
    let served = [
        ("account", "a1"),
        ("group", "main"),
        ("model", "claude-mock-1"),
        ("dialect", "messages"),
        ("status", "2xx"),
        ("outcome", "done"),
    ];
    let seen = until(&weir, "weir_requests_total", &served, 3.0).await;
    assert_eq!(seen.sum("weir_requests_total", &[]), 3.0);
    let tokens = |class| seen.sum("weir_tokens_total", &[("class", class), served[2]]);
    assert_eq!((tokens("input"), tokens("output")), (303.0, 51.0));
    let cost = 3 * (101 * 2 + 17 * 10);
    assert_eq!(
        seen.sum("weir_cost_micro_usd_total", &served[..3]),
        f64::from(cost)
    );
    for name in ["weir_request_duration_seconds", "weir_first_byte_seconds"] {
        let labels = [served[0], served[3]];
        assert_eq!(seen.sum(&format!("{name}_count"), &labels), 3.0, "{name}");
    }
    assert_eq!(seen.sum("weir_wait_seconds_count", &[served[1]]), 3.0);
    assert_eq!(seen.sum("weir_turn_wait_seconds_count", &[served[0]]), 3.0);
    assert_eq!(seen.sum("weir_choices_total", &[("reason", "only")]), 3.0);
    assert!(seen.sum("weir_redis_latency_seconds_count", &[]) >= 6.0);
}

#[tokio::test]
async fn what_callers_send_is_no_label() {
    let weir = setup().start().await;
    let strange = message("", &json!({"model": "claude-mock-2"}));
    assert_eq!(weir.ask(strange).await.status, 200);
    let seen = until(&weir, "weir_requests_total", &[], 1.0).await;
    assert_eq!(
        seen.values("weir_requests_total", "model"),
        ["other"].into()
    );
    assert_eq!(seen.sum("weir_requests_unpriced_total", &[]), 1.0);
    let text = text(&weir.relay).await;
    for secret in ["claude-mock-2", weir.key_id.as_str(), weir.key.as_str()] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn an_account_that_fails_is_counted_and_seen_to_rest() {
    let other = upstream(Behaviour::default());
    let second = setup().account_at(&other, "priority = 1");
    let weir = second.behaviour(refusing(500)).start().await;
    assert_eq!(weir.ask(fresh()).await.status, 200);
    let failed = [("account", "a1"), ("cause", "fault")];
    let seen = until(&weir, "weir_requests_total", &[], 1.0).await;
    assert_eq!(seen.sum("weir_failovers_total", &failed), 1.0);
    for name in ["weir_upstream_errors_total", "weir_cooldowns_total"] {
        assert_eq!(seen.sum(name, &[]), 1.0, "{name}");
        assert_eq!(seen.sum(name, &failed), 1.0, "{name}");
    }
    assert_eq!(seen.sum("weir_account_up", &failed[..1]), 0.0);
    assert!(seen.has("weir_account_up", &failed[..1]));
    let served = seen.values("weir_requests_total", "account");
    assert!(!served.contains("a1") && served.len() == 1, "{served:?}");
    assert_documented(&seen);
}

/// Type, labels and meaning of all that is shown stand in the documents.
#[track_caller]
fn assert_documented(seen: &Metrics) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
    let text = std::fs::read_to_string(path).expect("it is there");
    let suffix = |kind: &str| match kind {
        "counter" => "_total",
        "info" => "_info",
        _ => "",
    };
    for (name, Family { kind, help }) in &seen.families {
        let shown = format!("{name}{}", suffix(kind));
        let of_histogram = format!("{name}_count");
        let sample = if kind == "histogram" {
            &of_histogram
        } else {
            &shown
        };
        let labels = match seen.labels(sample).join(", ") {
            none if none.is_empty() => " ".to_owned(),
            some => format!(" {some} "),
        };
        let row = format!("| `{shown}` | {kind} |{labels}| {help} |");
        assert!(text.lines().any(|line| line == row), "missing: {row}");
    }
}

#[tokio::test]
async fn who_is_served_and_who_waits_is_seen_while_it_is_so() {
    let weir = setup().max_concurrent(1).start().await;
    let mut first = weir.ask(stream("chunks=3;delay_ms=60000")).await;
    first.until("message_start").await;
    let second = weir.spawn(stream(""));
    let seen = until(&weir, "weir_requests_waiting", &[], 1.0).await;
    assert_eq!(seen.sum("weir_requests_in_flight", &[]), 2.0);
    assert!(seen.sum("weir_buffered_bytes", &[]) > 0.0);
    let of_account = |name| seen.sum(name, &[("account", "a1")]);
    assert_eq!(of_account("weir_account_in_use"), 1.0);
    assert_eq!(of_account("weir_account_limit"), 1.0);
    assert_eq!(of_account("weir_account_waiting"), 1.0);
    assert_eq!(of_account("weir_account_up"), 1.0);
    assert_eq!(seen.sum("weir_connections", &[]), 2.0);
    drop(first);
    let second = second.await.unwrap().text().await;
    assert!(second.contains("message_stop"));
    let seen = until(&weir, "weir_requests_in_flight", &[], 0.0).await;
    assert_eq!(seen.sum("weir_requests_waiting", &[]), 0.0);
    let gone = [("outcome", "caller_gone")];
    until(&weir, "weir_requests_total", &gone, 1.0).await;
}

#[tokio::test]
async fn what_all_relays_share_is_told_by_one() {
    let weir = setup().start().await;
    let other = weir.another_relay().await;
    for _ in 0..2 {
        assert!(metrics(&weir.relay).await.has("weir_account_limit", &[]));
        assert!(!metrics(&other).await.has("weir_account_limit", &[]));
    }
    // The one that told it has stopped asking.
    weir.redis.call("DEL weir:{default}:gate:office:gauges");
    assert!(metrics(&other).await.has("weir_account_limit", &[]));
    assert!(!metrics(&weir.relay).await.has("weir_account_limit", &[]));
    other.shutdown().await;
}

#[tokio::test]
async fn what_the_relay_refuses_is_counted_by_its_code() {
    let weir = setup().start().await;
    let unknown = stream("").header("x-api-key", "weir_default_nobody");
    assert_eq!(unknown.send(weir.addr()).await.status, 401);
    assert_eq!(weir.ask(Call::get("/v1/nowhere")).await.status, 404);
    let seen = until(&weir, "weir_refusals_total", &[], 2.0).await;
    assert_eq!(seen.values("weir_refusals_total", "code").len(), 2);
    assert_eq!(seen.sum("weir_requests_total", &[]), 0.0);
}

#[tokio::test]
async fn a_lost_redis_and_the_process_itself_are_told_of() {
    let weir = setup().start().await;
    assert_eq!(metrics(&weir.relay).await.sum("weir_redis_up", &[]), 1.0);
    weir.redis.call("CLIENT KILL TYPE pubsub SKIPME yes");
    until(&weir, "weir_redis_reconnects_total", &[], 1.0).await;
    let seen = until(&weir, "weir_redis_up", &[], 1.0).await;
    assert!(seen.sum("process_cpu_seconds_total", &[]) > 0.0);
    assert!(seen.sum("process_resident_memory_bytes", &[]) > 1e6);
    assert!(seen.sum("process_open_fds", &[]) > 2.0);
    assert!(seen.sum("process_start_time_seconds", &[]) > 1.7e9);
    assert_eq!(seen.values("weir_build_info", "version").len(), 1);
}

#[tokio::test]
async fn a_token_may_be_demanded_of_those_who_read_them() {
    let token = "metrics_token = \"a-token\"";
    let weir = setup().listen_line(token).start().await;
    let ask = async |shown: &str| {
        let call = Call::get("/metrics").header("authorization", shown);
        call.send(operators(&weir.relay)).await.status
    };
    assert_eq!(ask("Bearer a-token").await, 200);
    for wrong in [
        "Bearer a-tokem",
        "Bearer ",
        "Basic a-token",
        "Bearer a-token2",
    ] {
        assert_eq!(ask(wrong).await, 401, "{wrong}");
    }
}
