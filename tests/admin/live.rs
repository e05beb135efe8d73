//! The queues as operators see them: whose requests hold and wait, in which order, on all relays.

use harness::eventually_async;
use harness::http::Answer;
use harness::operator::Operator;
use harness::weir::{Weir, message, stream};
use serde_json::{Value, json};

/// Holds its slots until the caller hangs up.
const HELD: &str = "chunks=9;stall_after=4";

/// Looks at the queues until they are as wanted, and gives them.
pub(crate) async fn until_seen(
    operator: &Operator,
    what: &str,
    is_so: impl Fn(&Value) -> bool,
) -> Value {
    eventually_async(what, async || {
        let seen = operator.see("/api/queues").await;
        match is_so(&seen) {
            true => Ok(seen),
            false => Err(seen.to_string()),
        }
    })
    .await
}

/// Members of the first account's line, in their order.
pub(crate) fn line(seen: &Value) -> Vec<String> {
    members(&seen["accounts"][0]["line"])
}

pub(crate) fn slots(seen: &Value) -> Vec<String> {
    members(&seen["accounts"][0]["slots"])
}

fn members(rows: &Value) -> Vec<String> {
    let rows = rows.as_array().into_iter().flatten();
    let member = |row: &Value| row["member"].as_str().expect("it has a name").to_owned();
    rows.map(member).collect()
}

/// Somebody who watches, and all that they were shown.
struct Viewer {
    stream: Answer,
    read: String,
    shown: Vec<Value>,
}

impl Viewer {
    async fn start(operator: &Operator) -> Self {
        let stream = operator.get("/api/live").await;
        assert_eq!(stream.header("content-type"), Some("text/event-stream"));
        Self {
            stream,
            read: String::new(),
            shown: Vec::new(),
        }
    }

    /// Until the next snapshot.
    async fn look(&mut self) -> &Value {
        let before = self.shown.len();
        while self.shown.len() == before {
            let Some((event, rest)) = self.read.split_once("\n\n") else {
                let piece = self.stream.piece().await.expect("the stream goes on");
                self.read += std::str::from_utf8(&piece).expect("it is text");
                continue;
            };
            let snapshot = event.strip_prefix("event: snapshot\ndata: ");
            let snapshot = snapshot.map(|text| serde_json::from_str(text).expect("it is JSON"));
            self.shown.extend::<Option<Value>>(snapshot);
            self.read = rest.to_owned();
        }
        &self.shown[before]
    }

    async fn until_shown_the_same(&mut self, other: &mut Self) {
        while !self.shown.iter().any(|one| other.shown.contains(one)) {
            self.look().await;
            other.look().await;
            assert!(self.shown.len() < 50, "they share nothing of what is sent");
        }
    }
}

#[tokio::test]
async fn slots_and_waiters_are_shown_with_whose_they_are() {
    let weir = Weir::setup().max_concurrent(1).operators().start().await;
    let operator = weir.operator().await;
    let empty = operator.see("/api/queues").await;
    assert_eq!(empty["accounts"][0]["state"], "open");
    assert_eq!(empty["totals"]["in_flight"], 0);
    let held = weir.ask(stream(HELD)).await;
    let waiting = weir.spawn(message("", &json!({})));
    weir.until_waiting(1).await;
    let seen = until_seen(&operator, "both are known", |seen| {
        let account = &seen["accounts"][0];
        account["slots"][0]["model"].is_string() && account["line"][0]["model"].is_string()
    })
    .await;
    let account = &seen["accounts"][0];
    assert_eq!(
        (&account["id"], &account["kind"]),
        (&json!("a1"), &json!("anthropic"))
    );
    assert_eq!(account["state"], "full");
    let id = held.header("x-weir-request-id").expect("it has one");
    for (row, member) in [
        (&account["slots"][0], Some(id)),
        (&account["line"][0], None),
    ] {
        assert_eq!(row["key"], weir.key_id.as_str());
        assert_eq!(row["key_name"], "of a test");
        assert!(member.is_none_or(|member| row["member"] == member));
        let since = row["since_ms"].as_u64().expect("it is a time");
        let now = seen["at_ms"].as_u64().expect("it is a time");
        assert!(since <= now + 1_000 && now < since + 60_000, "{seen}");
    }
    let expected =
        json!([{"id": weir.key_id, "name": "of a test", "in_use": 1, "limit": 0, "waiting": 1}]);
    assert_eq!(seen["keys"], expected);
    assert_eq!(seen["totals"]["waiting"], 1);
    assert_eq!(seen["relays"].as_array().map(Vec::len), Some(1));
    drop(held);
    assert_eq!(waiting.await.expect("it is served").status, 200);
    let seen = until_seen(&operator, "all have left", |seen| {
        slots(seen).is_empty() && line(seen).is_empty()
    })
    .await;
    assert_eq!(seen["callers"][0]["key"], weir.key_id.as_str());
    assert_eq!(seen["callers"][0]["share"], 1.0);
}

#[tokio::test]
async fn the_line_is_shown_in_the_order_of_the_grants() {
    let weir = Weir::setup().max_concurrent(1).operators().start().await;
    let operator = weir.operator().await;
    let held = weir.ask(stream(HELD)).await;
    let another = weir.add_key(0).await;
    let mut waiting = Vec::new();
    for place in 1..=6 {
        let ask = message("latency_ms=20", &json!({}));
        // Four of one key, then two of another, which are not behind all of those.
        let ask = match place {
            1..=4 => weir.with_key(ask),
            _ => ask.header("x-api-key", another.secret.reveal()),
        };
        waiting.push(tokio::spawn(ask.send(weir.addr())));
        weir.until_waiting(place).await;
    }
    let seen = until_seen(&operator, "all wait", |seen| line(seen).len() == 6).await;
    let shown = line(&seen);
    let positions = seen["accounts"][0]["line"]
        .as_array()
        .expect("a list")
        .iter();
    assert!(
        positions
            .map(|row| &row["position"])
            .eq((1..=6).map(|place| json!(place)).collect::<Vec<_>>().iter())
    );
    drop(held);
    for answer in waiting {
        assert_eq!(answer.await.expect("it is served").status, 200);
    }
    let records = weir.records(7).await;
    let served: Vec<String> = records[1..]
        .iter()
        .map(|record| record.field("request").text())
        .collect();
    assert_eq!(shown, served);
}

#[tokio::test]
async fn who_holds_a_slot_and_waits_for_its_turn_is_known() {
    let weir = Weir::setup()
        .account_line("serial_turns = true")
        .operators()
        .start()
        .await;
    let operator = weir.operator().await;
    let first = weir.spawn(message("latency_ms=600000", &json!({})));
    weir.until_upstream_has(1).await;
    let second = weir.spawn(message("", &json!({})));
    let seen = until_seen(&operator, "the second waits for its turn", |seen| {
        let account = &seen["accounts"][0];
        account["turn"]["waiting"] == 1 && account["slots"][1]["model"].is_string()
    })
    .await;
    let account = &seen["accounts"][0];
    let (turn, slots) = (&account["turn"], slots(&seen));
    assert_eq!(turn["holder"]["member"], slots[0].as_str());
    assert_eq!(turn["line"][0]["member"], slots[1].as_str());
    assert_eq!(turn["line"][0]["key_name"], "of a test");
    first.abort();
    assert_eq!(second.await.expect("it is served").status, 200);
}

#[tokio::test]
async fn all_viewers_see_all_relays_and_the_same_snapshots() {
    let weir = Weir::setup().max_concurrent(2).operators().start().await;
    let operator = weir.operator().await;
    let mut other = weir.start_program();
    let here = weir.ask(stream(HELD)).await;
    let there = weir.with_key(stream(HELD)).send(other.addr()).await;
    let waits = tokio::spawn(weir.with_key(message("", &json!({}))).send(other.addr()));
    weir.until_waiting(1).await;
    let mut last = Viewer::start(&operator).await;
    for _ in 0..2 {
        let mut viewer = Viewer::start(&operator).await;
        viewer.until_shown_the_same(&mut last).await;
        last = viewer;
    }
    let seen = last.look().await;
    let mut expected: Vec<_> = [&here, &there]
        .map(|answer| {
            answer
                .header("x-weir-request-id")
                .expect("it has one")
                .to_owned()
        })
        .into();
    expected.sort_unstable();
    let mut held = slots(seen);
    held.sort_unstable();
    assert_eq!(held, expected);
    assert_eq!(
        (line(seen).len(), seen["totals"]["waiting"].clone()),
        (1, json!(1))
    );
    assert_eq!(seen["relays"].as_array().map(Vec::len), Some(2));
    drop((here, there));
    assert_eq!(waits.await.expect("it is served").status, 200);
    assert!(other.terminate().success());
    until_seen(&operator, "one relay is left", |seen| {
        seen["relays"]
            .as_array()
            .is_some_and(|relays| relays.len() == 1)
    })
    .await;
}

#[tokio::test]
async fn a_stream_ends_with_the_relay() {
    let weir = Weir::setup().operators().start().await;
    let operator = weir.operator().await;
    let mut viewer = Viewer::start(&operator).await;
    viewer.look().await;
    let Weir { relay, .. } = weir;
    relay.shutdown().await;
    while viewer.stream.piece().await.is_some() {}
}
