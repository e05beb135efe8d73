//! Keys and users that operators make, change and delete while relays run, and the log of what they did.

use harness::eventually::eventually_async;
use harness::http::Answer;
use harness::weir::{message, stream};
use serde_json::{Value, json};

use crate::desk::{Desk, SECRET, SERVED, until};

const INVALID: (u16, Option<&str>) = (401, Some("weir_invalid_key"));

/// The id of a new key, and its text.
fn add_key(desk: &Desk, more: &str) -> (String, String) {
    let made = desk.does(&format!("key create --name test --group main{more}"));
    (word(&made, "id"), word(&made, "key"))
}

fn word(told: &Value, field: &str) -> String {
    told[field].as_str().expect("it is told").to_owned()
}

/// A request that is being served.
async fn served(desk: &Desk, key: &str) -> Answer {
    let held = desk.spawn(key, stream("chunks=9;stall_after=2"));
    let mut held = held.await.expect("it is answered");
    held.until("message_start").await;
    held
}

#[tokio::test]
async fn a_raised_limit_moves_the_line_of_a_key_and_of_a_user_on_all_relays() {
    let desk = Desk::start().await;
    let another = desk.weir.another_relay().await;
    desk.does("user create ann max_concurrent=1");
    let of_key = add_key(&desk, " --max-concurrent 1");
    let of_user = add_key(&desk, " --user ann");
    let key_edit = format!("key edit {} max_concurrent=3", of_key.0);
    for (gate, key, edit) in [
        (format!("key:{}", of_key.0), of_key.1, key_edit),
        (
            "user:ann".into(),
            of_user.1,
            "user edit ann max_concurrent=0".into(),
        ),
    ] {
        let relays = [desk.weir.addr(), another.addr()];
        for addr in relays {
            until(addr, &key, SERVED).await;
        }
        let held = served(&desk, &key).await;
        let waiting = relays.map(|addr| {
            let call = message("", &json!({})).header("x-api-key", &key);
            tokio::spawn(call.send(addr))
        });
        desk.until_in_line(&gate, 2).await;
        desk.does(&edit);
        for waiting in waiting {
            assert_eq!(waiting.await.expect("it is answered").status, 200, "{gate}");
        }
        drop(held);
    }
}

#[tokio::test]
async fn a_rotated_key_has_a_new_text_and_the_old_one_is_good_as_long_as_is_said() {
    let desk = Desk::start().await;
    let (id, first) = add_key(&desk, "");
    until(desk.weir.addr(), &first, SERVED).await;
    let second = word(&desk.does(&format!("key rotate {id}")), "key");
    until(desk.weir.addr(), &second, SERVED).await;
    until(desk.weir.addr(), &first, INVALID).await;
    let third = word(
        &desk.does(&format!("key rotate {id} --overlap-s 3600")),
        "key",
    );
    until(desk.weir.addr(), &third, SERVED).await;
    until(desk.weir.addr(), &second, SERVED).await;
    let fourth = word(&desk.does(&format!("key rotate {id} --overlap-s 1")), "key");
    until(desk.weir.addr(), &fourth, SERVED).await;
    until(desk.weir.addr(), &third, INVALID).await;
    until(desk.weir.addr(), &second, INVALID).await;
    let shown = desk.does(&format!("key show {id}"));
    assert_eq!(shown["version"], json!(4));
    assert!(shown["overlap_until_ms"].is_u64(), "{shown}");
}

#[tokio::test]
async fn a_key_is_disabled_enabled_and_deleted() {
    let desk = Desk::start().await;
    let (id, key) = add_key(&desk, "");
    until(desk.weir.addr(), &key, SERVED).await;
    for (act, expected) in [
        ("disable", INVALID),
        ("enable", SERVED),
        ("delete", INVALID),
    ] {
        desk.does(&format!("key {act} {id}"));
        until(desk.weir.addr(), &key, expected).await;
    }
    let why = desk.refuses(&format!("key show {id}"));
    assert!(why.contains("there is no key"), "{why}");
}

#[tokio::test]
async fn what_no_account_of_a_group_can_serve_its_fallback_group_serves() {
    let desk = Desk::start().await;
    desk.add_account("spare", "secret", "");
    desk.does("group create spares --accounts spare");
    let (_, key) = add_key(&desk, " --fallback-group spares");
    until(desk.weir.addr(), &key, SERVED).await;
    assert_eq!(desk.generations(SECRET), 0, "its own group comes first");
    desk.does("account drain a1");
    eventually_async("the fallback group serves", async || {
        until(desk.weir.addr(), &key, SERVED).await;
        match desk.generations(SECRET) {
            1 => Ok(()),
            count => Err(format!("{count} were served")),
        }
    })
    .await;
    desk.does("account resume a1");
    until(desk.weir.addr(), &desk.weir.key, SERVED).await;
    until(desk.weir.addr(), &key, SERVED).await;
    assert_eq!(desk.generations(SECRET), 1);
    let why = desk.refuses("group delete spares");
    assert!(why.contains("it is used by key"), "{why}");
}

#[tokio::test]
async fn what_does_not_fit_a_key_or_a_user_is_refused_by_its_field() {
    let desk = Desk::start().await;
    let (id, _) = add_key(&desk, "");
    desk.does("user create ann spend_per_day=2.5");
    desk.does(&format!("key edit {id} user=ann"));
    for (line, why) in [
        (
            "key create --name n --group none",
            "group: there is no group `none`; there are: main",
        ),
        (
            "key create --name n --group main --fallback-group main",
            "fallback_group: is the group itself",
        ),
        (
            "key create --name n --group main --user eve",
            "user: there is no user `eve`",
        ),
        (
            "key edit KEY max_concurrent=-1",
            "max_concurrent: must be 0 to 1000000",
        ),
        (
            "key edit KEY routes=[\"nothing\"]",
            "rules.routes: is one of",
        ),
        ("key edit KEY nonsense=1", "rules.nonsense: unknown field"),
        (
            "key edit KEY name=b --version 1",
            "version 1 was seen, 2 is there now",
        ),
        ("key edit key_none name=b", "there is no key `key_none`"),
        ("user create ann", "there is an user `ann` already"),
        (
            "user create eve max_concurrent=x",
            "max_concurrent: invalid type",
        ),
        ("user edit ann spend_total=-1", "spend_total: "),
        ("user delete ann", "it is used by key"),
        ("user delete eve", "there is no user `eve`"),
    ] {
        let refusal = desk.refuses(&line.replace("KEY", &id));
        assert!(refusal.contains(why), "{line}: {refusal}");
    }
    let key = desk.does(&format!("key show {id}"));
    assert_eq!((&key["user"], &key["version"]), (&json!("ann"), &json!(2)));
}

#[tokio::test]
async fn each_act_is_written_down_with_who_did_it_and_without_any_secret() {
    let desk = Desk::start().await;
    desk.add_account("late", "secret", "");
    let (id, text) = add_key(&desk, " --max-concurrent 1");
    desk.does(&format!(
        "key edit {id} max_concurrent=2 models=[\"claude-*\"]"
    ));
    let rotated = word(&desk.does(&format!("key rotate {id}")), "key");
    for line in [
        "key disable KEY",
        "key enable KEY",
        "user create ann requests_per_minute=5",
        "user edit ann requests_per_minute=",
        "user delete ann",
        "group create g --accounts late",
        "group edit g max_concurrent=4",
        "group delete g",
        "account edit late priority=3",
        "account delete late",
        "key delete KEY",
        "secrets rotate",
    ] {
        desk.does(&line.replace("KEY", &id));
    }
    let log = desk.does("audit");
    let entries = log.as_array().expect("a list");
    let told = |entry: &Value| format!("{} {}", word(entry, "act"), word(entry, "what"));
    let acts: Vec<String> = entries.iter().map(told).collect();
    let expected = "create key, create account, create key, edit key, rotate key, disable key, enable key, \
        create user, edit user, delete user, create group, edit group, delete group, edit account, \
        delete account, delete key, rotate master_key";
    assert_eq!(acts.join(", "), expected);
    let edited = &entries[3];
    let changes = json!([
        {"field": "max_concurrent", "from": 1, "to": 2},
        {"field": "rules.models", "from": null, "to": ["claude-*"]},
    ]);
    assert_eq!((&edited["changes"], word(edited, "id_of")), (&changes, id));
    assert!(word(edited, "who").starts_with("cli:"), "{edited}");
    let written = log.to_string();
    for secret in [&text, &rotated, &desk.weir.key, SECRET] {
        assert!(!written.contains(secret), "{written}");
    }
}
