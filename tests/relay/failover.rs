//! What follows when an account does not serve: another one does, as long as nothing of an answer has reached the caller.

use harness::http::End;
use harness::weir::{message, stream};
use harness::{Speech, Weir, eventually_async};
use serde_json::json;
use weir_relay::mock::{Behaviour, MockProvider};

use crate::upstreams::{fresh, fresh_stalling, generations, refusing, seen, text, two, upstream};

#[tokio::test]
async fn another_account_serves_what_one_refuses() {
    for (status, cause) in [
        (401, "credential"),
        (402, "billing"),
        (403, "forbidden"),
        (404, "model"),
        (408, "fault"),
        (429, "rate"),
        (500, "fault"),
        (503, "fault"),
        (529, "overloaded"),
    ] {
        let (weir, other) = two(refusing(status), Behaviour::default()).await;
        let answer = weir.ask(stream("")).await;
        assert_eq!(
            (answer.status, answer.header("x-weir-error")),
            (200, None),
            "{status}"
        );
        assert!(answer.text().await.ends_with("message_stop\"}\n\n"));
        assert_eq!(seen(&weir, &other), (1, 1));
        let record = &weir.records(1).await[0];
        assert_eq!(
            (text(record, "account"), text(record, "failed")),
            ("a2".into(), format!("a1:{cause}"))
        );
        weir.until_nothing_is_held().await;
    }
}

#[tokio::test]
async fn what_is_the_callers_fault_goes_back_as_it_is() {
    for status in [400, 409, 413, 422] {
        let (weir, other) = two(refusing(status), Behaviour::default()).await;
        let answer = weir.ask(message("", &json!({}))).await;
        assert_eq!(
            (answer.status, answer.header("x-weir-error")),
            (status, None)
        );
        assert_eq!(answer.json().await["type"], "error");
        assert_eq!(seen(&weir, &other), (1, 0));
        weir.until_nothing_is_held().await;
    }
}

#[tokio::test]
async fn when_nobody_serves_the_caller_gets_the_last_answer_as_it_is() {
    let last = Behaviour {
        retry_after: Some(7),
        ..refusing(429)
    };
    let (weir, other) = two(refusing(500), last).await;
    let answer = weir.ask(stream("")).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("7"))
    );
    assert_eq!(answer.header("x-weir-error"), None);
    let body = answer.json().await;
    assert_eq!(body["error"]["type"], "rate_limit_error");
    let request = body["request_id"].as_str().expect("it has one");
    assert!(request.starts_with("req_mock_"));
    assert_eq!(seen(&weir, &other), (1, 1));
    let record = &weir.records(1).await[0];
    assert_eq!(text(record, "failed"), "a1:fault a2:rate");
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_stream_that_begins_with_an_error_is_begun_elsewhere() {
    let first = Behaviour {
        error_after: Some(0),
        ..Behaviour::default()
    };
    let (weir, other) = two(first, Behaviour::default()).await;
    let answer = weir.ask(stream("")).await;
    assert_eq!(answer.status, 200);
    let body = answer.text().await;
    assert!(
        body.starts_with("event: message_start") && !body.contains("event: error"),
        "{body}"
    );
    assert_eq!(seen(&weir, &other), (1, 1));
}

#[tokio::test]
async fn an_array_that_begins_with_an_error_or_ends_at_once_is_begun_elsewhere() {
    let error = Behaviour {
        error_after: Some(0),
        ..Behaviour::default()
    };
    let empty = Behaviour {
        close_after: Some(0),
        ..Behaviour::default()
    };
    for behaviour in [error, empty] {
        let other = upstream(Behaviour::default());
        let setup = Weir::setup().kinds(&["gemini"]).behaviour(behaviour);
        let weir = setup.account_at(&other, "priority = 1").start().await;
        for split in ["", "split=1"] {
            let answer = weir.ask(Speech::GeminiArray.stream(split)).await;
            assert_eq!(answer.status, 200);
            let elements = answer.json().await;
            let elements = elements.as_array().expect("it is one array");
            assert_eq!(elements.len(), 8);
            assert!(elements.iter().all(|element| element["error"].is_null()));
        }
        assert_eq!(generations(&other), 2);
        weir.until_nothing_is_held().await;
    }
}

#[tokio::test]
async fn after_the_first_event_nothing_is_begun_again() {
    let with_error = Behaviour {
        error_after: Some(1),
        ..Behaviour::default()
    };
    let cut = Behaviour {
        close_after: Some(1),
        ..Behaviour::default()
    };
    for behaviour in [with_error, cut] {
        let (weir, other) = two(behaviour, Behaviour::default()).await;
        let body = weir.ask(stream("")).await.whole().await;
        assert_eq!(body.end, End::Clean);
        let text = String::from_utf8_lossy(&body.bytes);
        assert!(text.contains("event: error"), "{text}");
        assert_eq!(seen(&weir, &other), (1, 0));
        weir.until_nothing_is_held().await;
    }
}

#[tokio::test]
async fn an_upstream_that_hangs_up_or_says_nothing_is_passed_over() {
    let reset = Behaviour {
        reset_after: Some(0),
        ..Behaviour::default()
    };
    let empty = Behaviour {
        close_after: Some(0),
        ..Behaviour::default()
    };
    let late = Behaviour {
        latency_ms: 600_000,
        ..Behaviour::default()
    };
    for behaviour in [reset, empty, late] {
        let other = upstream(Behaviour::default());
        let setup = Weir::setup().behaviour(behaviour.clone());
        let setup = setup
            .account_line("timeouts = { first_byte_stream_ms = 1000 }")
            .account_at(&other, "priority = 1");
        let weir = setup.start().await;
        let answer = weir.ask(stream("")).await;
        assert_eq!(answer.status, 200, "{behaviour:?}");
        assert!(answer.text().await.ends_with("message_stop\"}\n\n"));
        assert_eq!(generations(&other), 1);
    }
}

#[tokio::test]
async fn an_upstream_that_cannot_be_reached_is_passed_over() {
    let gone = upstream(Behaviour::default());
    let setup = Weir::setup()
        .account_line("priority = 1")
        .account_at(&gone, "");
    gone.shutdown().await;
    let weir = setup.start().await;
    weir.ask(stream("")).await.text().await;
    let record = &weir.records(1).await[0];
    assert_eq!(
        (text(record, "failed"), text(record, "outcome")),
        ("a2:unreachable".into(), "done".into())
    );
}

#[tokio::test]
async fn a_caller_that_leaves_while_the_next_account_is_waited_for_leaves_nothing_behind() {
    let other = upstream(Behaviour::default());
    let setup = Weir::setup().behaviour(refusing(529));
    let setup = setup.account_at(&other, "priority = 1\nmax_concurrent = 1");
    let weir = setup.start().await;
    let held = weir.ask(fresh_stalling()).await;
    assert_eq!(weir.account_slots(2).len(), 1);
    let waiting = weir.spawn(fresh());
    eventually_async("it waits for the second account", async || {
        match (weir.waiting(2), weir.key_slots(&weir.key_id).len()) {
            (1, 2) => Ok(()),
            seen => Err(format!("waiters, slots of the key: {seen:?}")),
        }
    })
    .await;
    waiting.abort();
    eventually_async("its slot of the key is free", async || {
        match (weir.waiting(2), weir.key_slots(&weir.key_id).len()) {
            (0, 1) => Ok(()),
            seen => Err(format!("waiters, slots of the key: {seen:?}")),
        }
    })
    .await;
    drop(held);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn no_more_accounts_see_a_request_than_may() {
    let others: Vec<MockProvider> = (0..3).map(|_| upstream(refusing(529))).collect();
    for (may, lines) in [
        (3, ""),
        (2, "[failover]\nmax_attempts = 2"),
        (1, "[failover]\nmax_attempts = 1"),
    ] {
        let setup = Weir::setup().behaviour(refusing(529)).head(lines);
        let setup = others
            .iter()
            .fold(setup, |setup, other| setup.account_at(other, ""));
        let weir = setup.start().await;
        let before: u64 = others.iter().map(generations).sum();
        assert_eq!(weir.ask(stream("")).await.status, 529);
        let after: u64 = others.iter().map(generations).sum();
        assert_eq!(after - before + generations(&weir.provider), may);
    }
}

#[tokio::test]
async fn retries_are_a_fifth_of_the_requests_beyond_the_first_ten() {
    let (weir, other) = two(refusing(529), refusing(529)).await;
    for _ in 0..50 {
        assert_eq!(weir.ask(message("", &json!({}))).await.status, 529);
    }
    assert_eq!(seen(&weir, &other), (50, 10 + 10));
}
