//! Accounts and groups that operators make, change and delete while relays run, and what becomes of requests meanwhile.

use std::fs;

use harness::eventually::eventually_async;
use harness::weir::{message, stream};
use harness::{Redis, Reply};
use serde_json::json;

use crate::desk::{Desk, OTHER_SECRET, SECRET, SERVED, until};

#[tokio::test]
async fn what_is_made_serves_on_all_relays_at_once() {
    let desk = Desk::start().await;
    let another = desk.weir.another_relay().await;
    desk.add_account("late", "secret", " max_concurrent=5");
    let key = desk.add_group("late", "late");
    for addr in [desk.weir.addr(), another.addr()] {
        until(addr, &key, SERVED).await;
    }
    assert_eq!(desk.generations(SECRET), 2);
    desk.does(&format!(
        "account edit late api_key=file:{}",
        desk.file("other").display()
    ));
    for addr in [desk.weir.addr(), another.addr()] {
        let before = desk.generations(OTHER_SECRET);
        eventually_async("the new secret is used", async || {
            until(addr, &key, SERVED).await;
            match desk.generations(OTHER_SECRET) > before {
                true => Ok(()),
                false => Err("it is not".into()),
            }
        })
        .await;
    }
    another.shutdown().await;
}

#[tokio::test]
async fn models_that_a_stored_account_names_are_counted_under_their_names() {
    let desk = Desk::start().await;
    desk.add_account("named", "secret", r#" models={"*"="claude-ours"}"#);
    let key = desk.add_group("named", "named");
    until(desk.weir.addr(), &key, SERVED).await;
    let counted = || {
        let redis = &desk.weir.redis;
        let all = redis.call("KEYS weir:{default}:usage:hour:*:*");
        let fields = all
            .items()
            .iter()
            .map(|key| redis.call(["HKEYS".to_owned(), key.text()]));
        let fields: Vec<Reply> = fields.collect();
        let names = fields
            .iter()
            .flat_map(|fields| fields.items())
            .map(Reply::text);
        names
            .filter(|name| name.starts_with("requests:"))
            .collect::<Vec<_>>()
    };
    eventually_async("the request is counted", async || {
        match counted().as_slice() {
            [one] if one == "requests:named:named:claude-ours" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn a_raised_limit_moves_the_line() {
    let desk = Desk::start().await;
    desk.add_account("one", "secret", " max_concurrent=1");
    let key = desk.add_group("one", "one");
    let (held, waiting) = desk.hold_up(&key, "one").await;
    assert_eq!(desk.does("account edit one max_concurrent=2")["version"], 2);
    assert_eq!(waiting.await.unwrap().status, 200);
    drop(held);
    desk.weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn waiters_turn_to_whoever_is_open() {
    let desk = Desk::start().await;
    desk.add_account("full", "secret", " max_concurrent=1");
    desk.add_account("spare", "other", " enabled=false");
    let key = desk.add_group("both", "full,spare");
    let (held, waiting) = desk.hold_up(&key, "full").await;
    desk.does("account edit spare enabled=true");
    assert_eq!(waiting.await.unwrap().status, 200);
    assert_eq!(desk.generations(OTHER_SECRET), 1);
    drop(held);
    desk.weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_drained_account_is_waited_for_and_a_running_request_ends_well() {
    let desk = Desk::start().await;
    let running = desk.weir.spawn(stream("chunks=20;pause_after=4"));
    let mut running = running.await.unwrap();
    running.until("message_start").await;
    desk.does("account drain a1");
    assert_eq!(desk.does("account show a1")["drained"], true);
    let impatient = desk.weir.add_key_without_queue().await;
    let impatient = impatient.secret.reveal();
    until(
        desk.weir.addr(),
        impatient,
        (503, Some("weir_accounts_closed")),
    )
    .await;
    let waiting = desk.weir.spawn(message("", &json!({})));
    desk.weir.provider.resume();
    assert!(running.text().await.contains("message_stop"));
    desk.does("account resume a1");
    assert_eq!(waiting.await.unwrap().status, 200);
}

#[tokio::test]
async fn an_account_is_deleted_when_no_group_names_it() {
    let desk = Desk::start().await;
    desk.add_account("gone", "secret", "");
    desk.add_account("stays", "other", "");
    let key = desk.add_group("both", "gone,stays");
    assert!(desk.refuses("account delete gone").contains("group `both`"));
    desk.does("group edit both --accounts stays");
    desk.does("account delete gone");
    until(desk.weir.addr(), &key, SERVED).await;
    assert!(
        desk.refuses("account show gone")
            .contains("there is no account `gone`")
    );
    assert!(desk.refuses("group delete both").contains("used by key"));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_its_field() {
    let desk = Desk::start().await;
    desk.add_account("late", "secret", "");
    let secret = desk.file("secret");
    let secret = format!("api_key=file:{}", secret.display());
    for (line, why) in [
        (
            "account create a1 kind=anthropic".to_owned(),
            "there is an account `a1` already",
        ),
        (
            "account edit a1 max_concurrent=1".into(),
            "declared in weir.toml",
        ),
        ("account delete a1".into(), "declared in weir.toml"),
        (
            "group edit main --accounts a1".into(),
            "declared in weir.toml",
        ),
        (
            format!("account create b kind=anthropic max_concurrent=-1 {secret}"),
            "max_concurrent: must be 0 to",
        ),
        ("account create b kind=anthropic".into(), "api_key"),
        (
            "account edit late nonsense=1".into(),
            "nonsense: unknown field",
        ),
        ("account edit late kind=openai".into(), "kind: stays"),
        (
            "account edit late max_concurrent=1 --version 7".into(),
            "version 7 was seen, 1 is there now",
        ),
        (
            "account edit late base_url=https://evil.example.com".into(),
            "api_key: must be given again",
        ),
        (
            "group create g --accounts nobody".into(),
            "accounts: there is no account `nobody`",
        ),
        (
            "account create c kind=anthropic api_key=sk-in-clear".into(),
            "say where it is",
        ),
    ] {
        let told = desk.refuses(&line);
        assert!(told.contains(why), "{line}: {told}");
    }
    assert_eq!(desk.does("account show late")["version"], 1);
}

#[tokio::test]
async fn secrets_are_written_down_sealed_and_never_shown() {
    let redis = Redis::builder()
        .arg("appendonly", "yes")
        .arg("appendfsync", "always")
        .arg("aof-use-rdb-preamble", "no");
    let desk = Desk::start_on(redis.start()).await;
    let program = desk.weir.start_talkative_program();
    desk.add_account("late", "secret", "");
    let key = desk.add_group("late", "late");
    until(program.addr(), &key, SERVED).await;
    desk.does("secrets rotate");
    let shown = desk.does("account show late");
    assert_eq!(shown["secrets"]["api_key"], "6789");
    let files = fs::read_dir(desk.file("appendonlydir")).unwrap();
    let texts = files.map(|file| fs::read(file.unwrap().path()).unwrap());
    let written = String::from_utf8_lossy(&texts.collect::<Vec<_>>().concat()).into_owned();
    assert!(written.contains("secret:api_key"), "{written}");
    let told = shown.to_string() + &desk.does("account list").to_string();
    for (place, text) in [
        ("log", program.log()),
        ("Redis", written),
        ("answers", told),
    ] {
        assert!(!text.contains(SECRET), "the secret stands in the {place}");
    }
}

#[tokio::test]
async fn with_a_wrong_master_key_only_stored_accounts_are_out() {
    let desk = Desk::start().await;
    desk.add_account("late", "secret", "");
    let key = desk.add_group("late", "late");
    until(desk.weir.addr(), &key, SERVED).await;
    fs::write(desk.file("master.key"), "02".repeat(32)).unwrap();
    let program = desk.weir.start_program();
    let declared = desk.weir.key.clone();
    until(program.addr(), &declared, SERVED).await;
    until(program.addr(), &key, (403, Some("weir_no_account"))).await;
    assert!(
        program.log().contains("is sealed with the master key"),
        "{}",
        program.log()
    );
    let trouble = desk.does("account show late")["trouble"].clone();
    assert!(
        trouble
            .as_str()
            .is_some_and(|why| why.contains("is not given")),
        "{trouble}"
    );
    until(desk.weir.addr(), &key, SERVED).await;
}

#[tokio::test]
async fn the_master_key_is_rotated_while_relays_run() {
    let desk = Desk::start().await;
    desk.add_account("late", "secret", "");
    let key = desk.add_group("late", "late");
    until(desk.weir.addr(), &key, SERVED).await;
    let rotated = desk.does("secrets rotate");
    assert_eq!(
        (&rotated["made"], &rotated["sealed_anew"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(rotated["left"], json!([]));
    // Begun elsewhere: the new key is there, and nothing is sealed with it yet.
    let keys = fs::read_to_string(desk.file("master.key")).unwrap();
    let begun = format!("{}\n{keys}", "03".repeat(32));
    fs::write(desk.file("master.key"), &begun).unwrap();
    let rotated = desk.does("secrets rotate");
    assert_eq!(
        (&rotated["made"], &rotated["sealed_anew"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(fs::read_to_string(desk.file("master.key")).unwrap(), begun);
    until(desk.weir.addr(), &key, SERVED).await;
    // The older keys are not needed any more.
    fs::write(desk.file("master.key"), "03".repeat(32)).unwrap();
    let program = desk.weir.start_program();
    until(program.addr(), &key, SERVED).await;
}
