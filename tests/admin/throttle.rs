//! Passwords are tried slowly, at all relays together, and who tries them out locks nobody out.

use harness::Weir;
use harness::http::{Answer, Call};
use harness::operator::{PASSWORD, sign_in};
use serde_json::json;

/// How many wrong ones are heard.
const TRIES: usize = 10;

async fn weir() -> Weir {
    let setup = Weir::setup().operators();
    setup
        .listen_line("trusted_proxies = [\"127.0.0.1\"]")
        .start()
        .await
}

/// A try from some address.
fn wrong(name: &str, from: &str) -> Call {
    sign_in(name, "not the password").header("x-forwarded-for", from)
}

async fn code(answer: Answer) -> (u16, String) {
    let status = answer.status;
    let code = answer.json().await["error"]["code"].clone();
    (status, code.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn one_address_tries_a_few_passwords_and_is_told_when_to_come_back() {
    let weir = weir().await;
    let ann = weir.operator().await;
    for attempt in 0..TRIES {
        let name = format!("someone{attempt}");
        let refused = wrong(&name, "10.0.0.1").send(ann.addr()).await;
        assert_eq!(code(refused).await, (401, "wrong_password".into()));
    }
    let throttled = sign_in(&ann.name, PASSWORD).header("x-forwarded-for", "10.0.0.1");
    let throttled = throttled.send(ann.addr()).await;
    assert!((1..=60).contains(&throttled.number("retry-after")));
    assert_eq!(
        code(throttled).await,
        (429, "throttled".into()),
        "the right one waits too"
    );
    let elsewhere = sign_in(&ann.name, PASSWORD).header("x-forwarded-for", "10.0.0.2");
    assert_eq!(elsewhere.send(ann.addr()).await.status, 200);
}

#[tokio::test]
async fn one_name_is_tried_a_few_times_from_all_addresses_and_at_all_relays() {
    let weir = weir().await;
    let ann = weir.operator().await;
    let second = weir.another_relay().await;
    let relays = [
        ann.addr(),
        second.operators_addr().expect("it serves operators"),
    ];
    for attempt in 0..TRIES {
        let call = wrong(&ann.name, &format!("10.0.1.{attempt}"));
        assert_eq!(call.send(relays[attempt % 2]).await.status, 401);
    }
    for relay in relays {
        let call = wrong(&ann.name, "10.0.2.1");
        assert_eq!(call.send(relay).await.status, 429);
    }
}

#[tokio::test]
async fn who_has_signed_in_before_is_delayed_by_nobody_elses_tries() {
    let weir = weir().await;
    let ann = weir.operator().await;
    for attempt in 0..=TRIES {
        let call = wrong(&ann.name, &format!("10.0.1.{attempt}"));
        drop(call.send(ann.addr()).await);
    }
    let stranger = sign_in(&ann.name, PASSWORD).header("x-forwarded-for", "10.0.2.1");
    assert_eq!(stranger.send(ann.addr()).await.status, 429);
    let known = sign_in(&ann.name, PASSWORD).header("cookie", ann.cookies());
    assert_eq!(known.send(ann.addr()).await.status, 200);
}

#[tokio::test]
async fn a_browser_that_is_known_tries_a_few_times_too() {
    let weir = weir().await;
    let (ann, bob) = (weir.operator().await, weir.operator().await);
    for _ in 0..TRIES {
        let call = wrong(&ann.name, "10.0.0.1").header("cookie", ann.cookies());
        assert_eq!(call.send(ann.addr()).await.status, 401);
    }
    let call = wrong(&ann.name, "10.0.0.1").header("cookie", ann.cookies());
    assert_eq!(call.send(ann.addr()).await.status, 429);
    // Of somebody else it says nothing.
    for _ in 0..TRIES {
        let call = wrong(&ann.name, "10.0.0.2").header("cookie", bob.cookies());
        assert_eq!(call.send(ann.addr()).await.status, 401);
    }
    let call = wrong(&ann.name, "10.0.0.2").header("cookie", bob.cookies());
    assert_eq!(call.send(ann.addr()).await.status, 429);
}

#[tokio::test]
async fn signing_in_costs_no_try() {
    let weir = weir().await;
    let ann = weir.operator().await;
    for _ in 0..=TRIES {
        assert_eq!(
            sign_in(&ann.name, PASSWORD).send(ann.addr()).await.status,
            200
        );
    }
}

#[tokio::test]
async fn unknown_names_and_wrong_passwords_are_told_the_same() {
    let weir = weir().await;
    let ann = weir.operator().await;
    let answers = [&ann.name, "nobody", "no name/at all", ""].map(|name| wrong(name, "10.0.0.1"));
    for call in answers {
        let answer = call.send(ann.addr()).await;
        assert_eq!(answer.status, 401);
        let expected = json!({"error": {"code": "wrong_password", "field": null,
            "message": "there is nobody with this name and password"}});
        assert_eq!(answer.json().await, expected);
    }
}

#[tokio::test]
async fn what_comes_of_signing_in_is_written_down() {
    let weir = weir().await;
    let ann = weir.operator().await;
    for name in [&ann.name, "my-password-2026"] {
        drop(wrong(name, "10.0.0.9").send(ann.addr()).await);
    }
    let log = format!("{:?}", weir.redis.call("XRANGE weir:{keys}:audit - +"));
    assert!(
        log.contains("fail_to_sign_in") && log.contains("10.0.0.9"),
        "{log}"
    );
    assert!(log.contains("sign_in") && log.contains("create"), "{log}");
    assert!(!log.contains("2026"), "it may have been a password");
}
