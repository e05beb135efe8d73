//! What operators change while requests wait: who waits is served by the accounts, and under the limits, of now.

use harness::weir::message;
use harness::{Speech, eventually_async};
use serde_json::json;

use crate::desk::{Desk, OTHER_SECRET, SERVED, until};
use crate::upstreams::{fresh, fresh_stalling};

async fn until_in_turns_line(desk: &Desk, account: &str, count: i64) {
    let turn = format!("UMQ.INFO weir:{{default}}:turn:{account}");
    eventually_async("they wait for the turn", async || {
        match desk.weir.redis.call(turn.as_str()).field("waiting").int() {
            seen if seen == count => Ok(()),
            seen => Err(format!("{seen} wait")),
        }
    })
    .await;
}

fn slots(desk: &Desk, account: &str) -> i64 {
    let gate = format!("QGATE.COUNT weir:{{default}}:gate:account:{account}");
    desk.weir.redis.call(gate.as_str()).items()[0].items()[0].int()
}

#[tokio::test]
async fn an_account_that_joins_the_group_serves_who_waits_already() {
    let desk = Desk::start().await;
    desk.add_account("full", "secret", " max_concurrent=1");
    desk.add_account("late", "other", "");
    let key = desk.add_group("team", "full");
    let (held, waiting) = desk.hold_up(&key, "full").await;
    desk.does("group edit team --accounts full,late");
    assert_eq!(waiting.await.unwrap().status, 200);
    assert_eq!(desk.generations(OTHER_SECRET), 1);
    drop(held);
    desk.weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn who_waits_is_put_into_the_words_of_an_account_that_joins() {
    let desk = Desk::start().await;
    desk.add_account("full", "secret", " max_concurrent=1");
    let (url, secret) = (desk.weir.provider.url(), desk.file("other"));
    desk.does(&format!(
        "account create late kind=openai base_url={url}/v1 api_key=file:{} translate=true models={{\"claude-*\"=\"gpt-mock-1\"}}",
        secret.display()
    ));
    let key = desk.add_group("team", "full");
    let (held, waiting) = desk.hold_up(&key, "full").await;
    desk.does("group edit team --accounts full,late");
    let answer = waiting.await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json().await["type"], "message");
    assert_eq!(desk.generations(OTHER_SECRET), 1);
    drop(held);
}

#[tokio::test]
async fn an_account_that_leaves_the_group_is_not_waited_for_any_more() {
    let desk = Desk::start().await;
    desk.add_account("full", "secret", " max_concurrent=1");
    desk.add_account("late", "other", " enabled=false");
    let key = desk.add_group("team", "full,late");
    let (held, waiting) = desk.hold_up(&key, "full").await;
    desk.does("group edit team --accounts late");
    desk.until_waiting("full", 0).await;
    desk.does("account edit late enabled=true");
    assert_eq!(waiting.await.unwrap().status, 200);
    assert_eq!(desk.generations(OTHER_SECRET), 1);
    drop(held);
}

#[tokio::test]
async fn where_all_are_drained_one_that_joins_serves_who_waits() {
    let desk = Desk::start().await;
    desk.add_account("closed", "secret", " max_concurrent=1");
    desk.add_account("late", "other", "");
    let key = desk.add_group("team", "closed");
    let (held, waiting) = desk.hold_up(&key, "closed").await;
    desk.does("account drain closed");
    desk.until_waiting("closed", 0).await;
    desk.does("group edit team --accounts closed,late");
    assert_eq!(waiting.await.unwrap().status, 200);
    assert_eq!(desk.generations(OTHER_SECRET), 1);
    drop(held);
}

#[tokio::test]
async fn a_limit_that_a_user_gets_holds_for_who_waits() {
    let desk = Desk::start().await;
    desk.add_account("full", "secret", " max_concurrent=1");
    desk.add_account("free", "other", "");
    desk.does("user create ann");
    let [key, other] = ["full", "free"].map(|name| {
        desk.does(&format!("group create {name} --accounts {name}"));
        let key = desk.does(&format!("key create --name test --group {name} --user ann"));
        key["key"].as_str().expect("it is shown").to_owned()
    });
    let (held, waiting) = desk.hold_up(&key, "full").await;
    desk.does("user edit ann max_concurrent=1");
    // Who is let in by what came after it knows of it.
    let later = desk.add_group("later", "free");
    until(desk.weir.addr(), &later, SERVED).await;
    let holds_hers = desk.spawn(&other, fresh_stalling());
    desk.weir.until_upstream_has(2).await;
    drop(held);
    desk.until_in_line("user:ann", 1).await;
    holds_hers
        .await
        .expect("it is answered")
        .until("message_start")
        .await;
    assert_eq!(waiting.await.unwrap().status, 200);
    desk.weir.until_nothing_is_held().await;
}

/// Nobody looks for another account by himself.
async fn serial() -> Desk {
    let desk = Desk::start().await;
    desk.does("settings set admission.affinity_patience_ms=600000");
    desk.add_account("serial", "secret", " serial_turns=true");
    desk
}

#[tokio::test]
async fn who_waits_for_the_turn_of_an_account_that_is_drained_goes_to_another() {
    let desk = serial().await;
    desk.add_account("spare", "other", " priority=1");
    let key = desk.add_group("both", "serial,spare");
    until(desk.weir.addr(), &key, SERVED).await;
    let holds = desk.spawn(&key, message("latency_ms=600000", &json!({})));
    desk.weir.until_upstream_has(1).await;
    let waiting = desk.spawn(&key, fresh());
    until_in_turns_line(&desk, "serial", 1).await;
    desk.does("account drain serial");
    assert_eq!(waiting.await.unwrap().status, 200);
    assert_eq!(desk.generations(OTHER_SECRET), 1);
    until_in_turns_line(&desk, "serial", 0).await;
    holds.abort();
    desk.weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn without_another_account_the_turn_is_asked_for_again_when_it_is_open() {
    let desk = serial().await;
    let key = desk.add_group("alone", "serial");
    until(desk.weir.addr(), &key, SERVED).await;
    let holds = desk.spawn(&key, message("latency_ms=600000", &json!({})));
    desk.weir.until_upstream_has(1).await;
    let waiting = desk.spawn(&key, fresh());
    until_in_turns_line(&desk, "serial", 1).await;
    desk.does("account edit serial enabled=false");
    until_in_turns_line(&desk, "serial", 0).await;
    eventually_async("it holds no slot of it", async || {
        match slots(&desk, "serial") {
            1 => Ok(()),
            seen => Err(format!("{seen} slots")),
        }
    })
    .await;
    desk.does("account edit serial enabled=true");
    until_in_turns_line(&desk, "serial", 1).await;
    holds.abort();
    assert_eq!(waiting.await.unwrap().status, 200);
    desk.weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn opened_again_at_once_an_account_serves_who_waits_for_its_turn() {
    let desk = serial().await;
    let key = desk.add_group("alone", "serial");
    until(desk.weir.addr(), &key, SERVED).await;
    let holds = desk.spawn(&key, message("latency_ms=600000", &json!({})));
    desk.weir.until_upstream_has(1).await;
    let waiting: Vec<_> = (0..8)
        .map(|_| desk.spawn(&key, Speech::Messages.message("", &json!({}))))
        .collect();
    until_in_turns_line(&desk, "serial", 8).await;
    for _ in 0..3 {
        desk.does("account drain serial");
        desk.does("account resume serial");
    }
    holds.abort();
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap().status, 200);
    }
    desk.weir.until_nothing_is_held().await;
}
