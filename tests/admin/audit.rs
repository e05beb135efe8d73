//! The log of what operators did: each act stands in it, also one whose end nobody has waited for.

use std::collections::BTreeSet;

use harness::http::Answer;
use harness::operator::{PASSWORD, with_json};
use harness::weir::{Weir, message, stream};
use harness::{Operator, eventually_async};
use hyper::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use weir_relay::mock::Behaviour;

use crate::desk::start_sealing;
use crate::document::routes;
use crate::live::{line, slots, until_seen};

/// Does one thing after the other, and sees each of them in the log.
struct Walk {
    acting: Operator,
    looking: Operator,
    done: BTreeSet<String>,
}

impl Walk {
    /// Sends it to `route`, whose parameters are these, and gives what it is answered.
    async fn act(&mut self, route: &str, of: &[&str], body: Value, expected: &str) -> Value {
        let (method, path) = route.split_once(' ').expect("a route has a method");
        let mut parts = path.split(['{', '}']);
        let mut of = of.iter();
        let mut whole = parts.next().unwrap_or_default().to_owned();
        while let (Some(_), Some(then)) = (parts.next(), parts.next()) {
            whole += of.next().expect("each parameter is given");
            whole += then;
        }
        let method: Method = method.parse().expect("it is a method");
        let answer = self.acting.send(with_json(method, &whole, &body)).await;
        let (status, text) = (answer.status, answer.text().await);
        assert!((200..300).contains(&status), "{route}: {status} {text}");
        self.written(route, expected).await;
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn written(&mut self, route: &str, expected: &str) {
        let newest = newest(&self.looking).await;
        assert_eq!(newest, expected, "{route}");
        self.done.insert(route.to_owned());
    }
}

/// What was done last, and to what.
async fn newest(operator: &Operator) -> String {
    let log = operator.see("/api/audit?limit=1").await;
    let word = |field: &str| {
        let word = log["items"][0][field].as_str();
        word.unwrap_or_default().to_owned()
    };
    format!("{} {}", word("act"), word("what"))
}

async fn set_up(weir: &Weir) -> Walk {
    let addr = weir.operators_addr();
    let token = weir.relay.setup_token().await.expect("Redis is there");
    let token = token.expect("there is nobody yet");
    let body = json!({"token": token.reveal(), "name": "ann", "password": PASSWORD});
    let answer = with_json(Method::POST, "/api/setup", &body)
        .send(addr)
        .await;
    let acting = Operator::of_session(addr, answer).await;
    let log = acting.see("/api/audit").await;
    assert_eq!(log["items"][1]["act"], "set_up", "{log}");
    let mut walk = Walk {
        looking: acting.clone(),
        acting,
        done: BTreeSet::from(["POST /api/setup".to_owned()]),
    };
    walk.acting = Operator::sign_in(addr, "ann").await;
    walk.written("POST /api/session", "sign_in session").await;
    walk.looking = weir.operator().await;
    walk
}

async fn people_and_tokens(walk: &mut Walk) {
    let password = json!({"old": PASSWORD, "new": PASSWORD});
    walk.act(
        "PUT /api/session/password",
        &[],
        password,
        "change_password operator",
    )
    .await;
    let bob = json!({"name": "bob", "role": "viewer", "password": PASSWORD});
    walk.act("POST /api/operators", &[], bob, "create operator")
        .await;
    let role = json!({"role": "operator"});
    walk.act("PATCH /api/operators/{id}", &["bob"], role, "edit operator")
        .await;
    walk.act(
        "DELETE /api/operators/{id}",
        &["bob"],
        json!({}),
        "delete operator",
    )
    .await;
    let token = json!({"name": "t", "role": "viewer"});
    let made = walk
        .act("POST /api/tokens", &[], token, "create token")
        .await;
    let id = made["id"].as_str().expect("it has one");
    walk.act("DELETE /api/tokens/{id}", &[id], json!({}), "delete token")
        .await;
}

async fn accounts(walk: &mut Walk, upstream: &str) {
    let fields = json!({"kind": "anthropic", "base_url": upstream, "allow_private": true});
    let new = json!({"id": "b", "fields": fields, "secrets": {"api_key": "k"}});
    walk.act("POST /api/accounts", &[], new, "create account")
        .await;
    let note = json!({"fields": {"note": "n"}});
    walk.act("PATCH /api/accounts/{id}", &["b"], note, "edit account")
        .await;
    for act in ["test", "pause", "resume", "drain", "clear-cooldown"] {
        let route = format!("POST /api/accounts/{{id}}/{act}");
        let expected = format!("{} account", act.replace('-', "_"));
        walk.act(&route, &["b"], json!({}), &expected).await;
    }
    walk.act(
        "DELETE /api/accounts/{id}",
        &["b"],
        json!({}),
        "delete account",
    )
    .await;
}

async fn owners_and_settings(walk: &mut Walk) {
    for (what, fields) in [
        ("group", json!({"accounts": ["a1"]})),
        ("user", json!({"max_concurrent": 1})),
    ] {
        let routes = [
            "POST /api/{}s",
            "PATCH /api/{}s/{id}",
            "DELETE /api/{}s/{id}",
        ];
        let [make, edit, delete] = routes.map(|route| route.replace("{}", what));
        let new = json!({"id": "c", "fields": fields});
        walk.act(&make, &[], new, &format!("create {what}")).await;
        let fields = json!({"fields": {"max_concurrent": 2}});
        walk.act(&edit, &["c"], fields, &format!("edit {what}"))
            .await;
        walk.act(&delete, &["c"], json!({}), &format!("delete {what}"))
            .await;
    }
    let values = json!({"values": {"failover.max_attempts": 2}});
    walk.act("PATCH /api/settings", &[], values, "edit settings")
        .await;
}

async fn keys(walk: &mut Walk) {
    let new = json!({"name": "k", "group": "main"});
    let made = walk.act("POST /api/keys", &[], new, "create key").await;
    let id = made["id"].as_str().expect("it has one");
    walk.act(
        "PATCH /api/keys/{id}",
        &[id],
        json!({"name": "l"}),
        "edit key",
    )
    .await;
    for act in ["rotate", "disable", "enable"] {
        let route = format!("POST /api/keys/{{id}}/{act}");
        walk.act(&route, &[id], json!({}), &format!("{act} key"))
            .await;
    }
    walk.act("DELETE /api/keys/{id}", &[id], json!({}), "delete key")
        .await;
}

async fn queues(walk: &mut Walk, weir: &Weir) {
    let held = weir.ask(stream("chunks=9;stall_after=4")).await;
    let waits = weir.spawn(message("", &json!({})));
    let both = |seen: &Value| (line(seen).len(), slots(seen).len()) == (1, 1);
    let seen = until_seen(&walk.looking, "one holds, one waits", both).await;
    let (waiter, holder) = (line(&seen).remove(0), slots(&seen).remove(0));
    let [cancel, take_back] = ["waiters", "holders"]
        .map(|those| format!("DELETE /api/queues/{{queue}}/{those}/{{member}}"));
    let of = ["account:a1", &waiter];
    walk.act(&cancel, &of, json!({}), "cancel queue").await;
    let of = ["account:a1", &holder];
    walk.act(&take_back, &of, json!({}), "take_back queue")
        .await;
    drop((held, waits.await));
}

#[tokio::test]
async fn every_act_is_written_down() {
    let weir = start_sealing(Weir::setup().max_concurrent(1).operators()).await;
    let mut walk = set_up(&weir).await;
    people_and_tokens(&mut walk).await;
    accounts(&mut walk, &weir.provider.url()).await;
    owners_and_settings(&mut walk).await;
    keys(&mut walk).await;
    queues(&mut walk, &weir).await;
    let documented = routes(&walk.looking).await;
    let acts = documented.iter().filter(|route| !route.is_read());
    let acts: BTreeSet<String> = acts.map(|route| route.name()).collect();
    walk.act("DELETE /api/session", &[], json!({}), "sign_out session")
        .await;
    assert_eq!(walk.done, acts, "all that can be done was done");
}

/// Which path takes back what the first account's holder has.
async fn of_the_holder(operator: &Operator) -> String {
    let seen = until_seen(operator, "it holds", |seen| slots(seen).len() == 1).await;
    format!("/api/queues/account:a1/holders/{}", slots(&seen)[0])
}

async fn refused(answer: Answer) -> (u16, Value) {
    (answer.status, answer.json().await["error"]["code"].clone())
}

#[tokio::test]
async fn taking_back_is_written_down_though_the_relay_of_the_request_does_nothing() {
    let weir = Weir::setup().max_concurrent(1).operators().start().await;
    let operator = weir.operator().await;
    let mut other = weir.start_program();
    let asked = weir.with_key(stream("chunks=9;stall_after=4"));
    let mut held = asked.send(other.addr()).await;
    held.until("text_delta").await;
    let path = of_the_holder(&operator).await;
    eventually_async("both relays are known", async || {
        let relays = operator.see("/api/about").await["relays"].clone();
        match relays.as_array().map(Vec::len) {
            Some(2) => Ok(()),
            _ => Err(relays.to_string()),
        }
    })
    .await;
    other.stop();
    let answer = refused(operator.delete(&path).await).await;
    other.signal(Signal::CONT);
    assert_eq!(answer, (503, json!("still_held")));
    assert_eq!(newest(&operator).await, "take_back queue");
    assert!(held.text().await.contains("weir_taken_back"));
}

#[tokio::test]
async fn who_hangs_up_has_done_it_all_the_same() {
    let paused = Behaviour {
        pause: true,
        ..Behaviour::default()
    };
    let setup = Weir::setup().behaviour(paused).operators();
    let weir = setup.start().await;
    let operator = weir.operator().await;
    let hasty = operator.clone();
    let asked = tokio::spawn(async move { hasty.post("/api/accounts/a1/test", &json!({})).await });
    weir.until_upstream_has(1).await;
    asked.abort();
    weir.provider.resume();
    eventually_async("it is written down", async || {
        match newest(&operator).await {
            told if told == "test account" => Ok(()),
            other => Err(other),
        }
    })
    .await;
}
