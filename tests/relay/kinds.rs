//! Groups with accounts of several kinds that serve the same callers: who comes first, and that a conversation stays where
//! it has begun.

use std::sync::atomic::{AtomicU32, Ordering};

use harness::{Speech, Weir, eventually_async};
use serde_json::{Value, json};
use weir_relay::mock::{Behaviour, MockProvider};

use crate::translate::lines;
use crate::upstreams::{generations, refusing, text, upstream};

/// Account 1 speaks Messages, account 2 serves them translated; whatever their priorities say.
async fn mixed(first: Behaviour) -> (Weir, MockProvider) {
    let other = upstream(Behaviour::default());
    let setup = Weir::setup()
        .kinds(&["anthropic", "openai"])
        .account_line("priority = 5")
        .behaviour(first)
        .account_at(&other, lines(Speech::Messages));
    (setup.start().await, other)
}

/// The messages of a conversation with so many answers.
fn conversation(name: &str, answers: usize) -> Value {
    let mut messages = vec![json!({"role": "user", "content": format!("{name} begins")})];
    for answer in 0..answers {
        messages.push(json!({"role": "assistant", "content": format!("answer {answer}")}));
        messages.push(json!({"role": "user", "content": format!("and then {answer}")}));
    }
    json!({"messages": messages})
}

/// Which account has served.
async fn served(weir: &Weir, count: usize) -> String {
    let records = weir.records(count).await;
    text(records.last().expect("there is one"), "account")
}

#[tokio::test]
async fn accounts_that_need_no_translation_come_first() {
    let (weir, other) = mixed(Behaviour::default()).await;
    for turn in 0..3 {
        let answer = weir
            .ask(Speech::Messages.message("", &conversation("a", turn)))
            .await;
        assert_eq!(answer.status, 200);
        answer.text().await;
        assert_eq!(served(&weir, turn + 1).await, "a1");
    }
    assert_eq!(generations(&other), 0);
}

#[tokio::test]
async fn what_begins_goes_to_the_other_kind_when_the_first_fails_and_stays_there() {
    let (weir, _other) = mixed(refusing(500)).await;
    let ask = async |name: &str, turn| {
        let answer = weir
            .ask(Speech::Messages.message("", &conversation(name, turn)))
            .await;
        let status = answer.status;
        answer.text().await;
        status
    };
    assert_eq!(ask("a", 0).await, 200);
    assert_eq!(served(&weir, 1).await, "a2");
    weir.provider.set_behaviour(Behaviour::default());
    let tries = AtomicU32::new(0);
    eventually_async("the first account is asked again", async || {
        let another = tries.fetch_add(1, Ordering::Relaxed);
        ask(&format!("another {another}"), 0).await;
        let records = weir.redis.call("XRANGE weir:{default}:records - +");
        let last = records
            .items()
            .last()
            .map(|entry| text(&entry.items()[1], "account"));
        if last.as_deref() == Some("a1") {
            Ok(())
        } else {
            Err(format!("{last:?}"))
        }
    })
    .await;
    let before = generations(&weir.provider);
    for turn in 1..4 {
        assert_eq!(ask("a", turn).await, 200);
    }
    assert_eq!(
        generations(&weir.provider),
        before,
        "it did not change its kind"
    );
}

#[tokio::test]
async fn what_has_begun_does_not_change_its_kind_when_that_fails() {
    let (weir, other) = mixed(Behaviour::default()).await;
    weir.ask(Speech::Messages.message("", &conversation("a", 0)))
        .await
        .text()
        .await;
    weir.provider.set_behaviour(refusing(529));
    let answer = weir
        .ask(Speech::Messages.message("", &conversation("a", 1)))
        .await;
    assert_eq!(answer.status, 529);
    // Nor does one that nobody remembers.
    let answer = weir
        .ask(Speech::Messages.message("", &conversation("b", 2)))
        .await;
    assert_ne!(answer.status, 200);
    assert_eq!(generations(&other), 0);
}

#[tokio::test]
async fn what_is_signed_goes_back_to_its_kind_though_another_began_alike_elsewhere() {
    let (weir, other) = mixed(Behaviour::default()).await;
    let ask = async |messages: &Value| {
        let answer = weir.ask(Speech::Messages.message("", messages)).await;
        assert_eq!(answer.status, 200);
        answer.text().await;
    };
    ask(&conversation("a", 0)).await;
    weir.provider.set_behaviour(refusing(500));
    ask(&conversation("a", 0)).await;
    assert_eq!(served(&weir, 2).await, "a2");
    weir.provider.set_behaviour(Behaviour::default());
    let mut goes_on = conversation("a", 1);
    goes_on["messages"][1]["content"] = json!([
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "text", "text": "answer 0"},
    ]);
    ask(&goes_on).await;
    assert_eq!(served(&weir, 3).await, "a1");
    assert_eq!(generations(&other), 1);
}

#[tokio::test]
async fn a_session_stays_with_its_kind_also_where_it_begins_anew() {
    let (weir, other) = mixed(refusing(500)).await;
    let session = || {
        let call = Speech::Messages.message("", &conversation("a", 0));
        call.header(
            "x-claude-code-session-id",
            "00000000-0000-4000-8000-000000000001",
        )
    };
    assert_eq!(weir.ask(session()).await.status, 200);
    weir.until_nothing_is_held().await;
    weir.provider.set_behaviour(Behaviour::default());
    let before = generations(&weir.provider);
    for _ in 0..3 {
        assert_eq!(weir.ask(session()).await.status, 200);
    }
    assert_eq!(
        (generations(&weir.provider), generations(&other)),
        (before, 4)
    );
}

#[tokio::test]
async fn what_cannot_be_translated_is_served_by_who_needs_no_translation() {
    let (weir, other) = mixed(Behaviour::default()).await;
    let answer = weir
        .ask(Speech::Messages.message("", &json!({"top_k": 5})))
        .await;
    assert_eq!(answer.status, 200);
    weir.provider.set_behaviour(refusing(500));
    let answer = weir
        .ask(Speech::Messages.message("", &json!({"top_k": 6})))
        .await;
    assert_eq!(answer.status, 500, "it is not asked in other words");
    assert_eq!(generations(&other), 0);
}

#[tokio::test]
async fn a_full_account_sends_what_begins_to_the_other_kind() {
    let other = upstream(Behaviour::default());
    let setup = Weir::setup()
        .kinds(&["anthropic", "openai"])
        .max_concurrent(1)
        .account_at(&other, lines(Speech::Messages));
    let weir = setup.start().await;
    let held = weir.ask(Speech::Messages.stream("stall_after=2")).await;
    let answer = weir
        .ask(Speech::Messages.message("", &conversation("a", 0)))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(generations(&other), 1);
    drop(held);
}
