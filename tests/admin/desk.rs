//! Keys, users, groups and accounts over HTTP: what is made, changed and deleted there, and the log of it.

use harness::eventually::eventually_async;
use harness::http::Answer;
use harness::weir::{Setup, message};
use harness::{Operator, Weir};
use serde_json::{Value, json};
use weir_relay::mock::{Behaviour, MockProvider, Options};

const SECRET: &str = "sk-ant-stored-0123456789";

/// With a master key, so that secrets can be kept.
pub(crate) async fn start_sealing(setup: Setup) -> Weir {
    let redis = harness::Redis::start();
    let master = redis.dir().join("master.key");
    std::fs::write(&master, "01".repeat(32)).expect("the test's directory can be written to");
    let secrets = format!("[secrets]\nmaster_key = \"file:{}\"", master.display());
    setup.head(&secrets).start_on(redis).await
}

async fn start() -> (Weir, Operator) {
    let weir = start_sealing(Weir::setup().operators()).await;
    let operator = weir.operator().await;
    (weir, operator)
}

async fn told(answer: Answer) -> (u16, Value) {
    let status = answer.status;
    match status {
        204 => (status, Value::Null),
        _ => (status, answer.json().await),
    }
}

/// Until a request with this key is answered so.
async fn until(weir: &Weir, key: &str, expected: u16) {
    eventually_async("it is answered so", async || {
        let priced = json!({"model": "claude-haiku-4-5"});
        let call = message("", &priced).header("x-api-key", key);
        match call.send(weir.addr()).await.status {
            status if status == expected => Ok(()),
            status => Err(status.to_string()),
        }
    })
    .await;
}

fn word<'a>(told: &'a Value, field: &str) -> &'a str {
    told[field].as_str().expect("it is told")
}

#[tokio::test]
async fn a_key_is_made_changed_rotated_disabled_and_deleted() {
    let (weir, operator) = start().await;
    let new = json!({
        "name": "of Ann", "group": "main", "max_concurrent": 2, "tags": ["laptop"],
        "rules": {"spend_per_day": "2.50", "models": ["claude-*"]},
    });
    let (status, made) = told(operator.post("/api/keys", &new).await).await;
    assert_eq!(status, 201, "{made}");
    let (id, text) = (word(&made, "id"), word(&made, "key"));
    until(&weir, text, 200).await;
    let path = format!("/api/keys/{id}");
    let shown = operator.see(&path).await;
    assert_eq!(
        shown["rules"],
        json!({"spend_per_day": "2.50", "models": ["claude-*"]})
    );
    let day = &shown["spent"]["day"];
    assert_eq!(day["limit_micro_usd"], 2_500_000);
    assert!(
        day["until_ms"].is_u64() && shown["spent"]["month"].is_null(),
        "{shown}"
    );
    assert!(shown.get("key").is_none());

    let edit = json!({"version": 1, "name": "of Bob", "rules": {"models": null}});
    let (status, edited) = told(operator.patch(&path, &edit).await).await;
    assert_eq!(
        (status, &edited["version"], &edited["name"]),
        (200, &json!(2), &json!("of Bob"))
    );
    assert_eq!(edited["rules"], json!({"spend_per_day": "2.50"}));
    let (status, refused) = told(operator.patch(&path, &edit).await).await;
    assert_eq!((status, word(&refused["error"], "code")), (409, "conflict"));

    let (_, rotated) = told(operator.post(&format!("{path}/rotate"), &json!({})).await).await;
    until(&weir, word(&rotated, "key"), 200).await;
    until(&weir, text, 401).await;
    for (act, status) in [("disable", 401), ("enable", 200)] {
        let (done, _) = told(operator.post(&format!("{path}/{act}"), &json!({})).await).await;
        assert_eq!(done, 204);
        until(&weir, word(&rotated, "key"), status).await;
    }
    let (status, _) = told(operator.delete(&format!("{path}?version=9")).await).await;
    assert_eq!(status, 409);
    let (status, _) = told(operator.delete(&path).await).await;
    assert_eq!(status, 204);
    until(&weir, word(&rotated, "key"), 401).await;
    let (status, gone) = told(operator.get(&path).await).await;
    assert_eq!((status, word(&gone["error"], "code")), (404, "unknown"));
}

#[tokio::test]
async fn keys_are_listed_the_oldest_first_in_pieces() {
    let (weir, operator) = start().await;
    let mut ids = vec![weir.key_id.clone()];
    for name in ["a", "b"] {
        let new = json!({"name": name, "group": "main"});
        let (_, made) = told(operator.post("/api/keys", &new).await).await;
        ids.push(word(&made, "id").to_owned());
    }
    let mut seen = Vec::new();
    let mut path = "/api/keys?limit=1".to_owned();
    loop {
        let list = operator.see(&path).await;
        seen.push(word(&list["items"][0], "id").to_owned());
        match list["next"].as_str() {
            Some(next) => path = format!("/api/keys?limit=1&cursor={next}"),
            None => break,
        }
    }
    seen.sort_unstable();
    ids.sort_unstable();
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn users_and_groups_are_made_changed_and_deleted() {
    let (_weir, operator) = start().await;
    for (kind, fields) in [
        (
            "users",
            json!({"max_concurrent": 3, "spend_per_month": "100"}),
        ),
        (
            "groups",
            json!({"accounts": ["a1"], "requests_per_minute": 60}),
        ),
    ] {
        let new = json!({"id": "team", "fields": fields});
        let (status, made) = told(operator.post(&format!("/api/{kind}"), &new).await).await;
        let expected = json!({"id": "team", "version": 1, "declared": false, "fields": fields});
        assert_eq!((status, made), (201, expected));
        let path = format!("/api/{kind}/team");
        let edit = json!({"fields": {"max_concurrent": 5, "spend_per_month": null}});
        let (_, edited) = told(operator.patch(&path, &edit).await).await;
        assert_eq!(edited["fields"]["max_concurrent"], 5);
        assert_eq!(
            (&edited["version"], edited["fields"].get("spend_per_month")),
            (&json!(2), None)
        );
        assert_eq!(operator.see(&path).await, edited);
        let listed = operator.see(&format!("/api/{kind}")).await;
        assert!(
            listed["items"]
                .as_array()
                .expect("a list")
                .contains(&edited)
        );
        assert_eq!(operator.delete(&path).await.status, 204);
        assert_eq!(operator.get(&path).await.status, 404);
    }
    let declared = operator.see("/api/groups/main").await;
    assert_eq!(
        (&declared["declared"], &declared["version"]),
        (&json!(true), &Value::Null)
    );
    let edit = json!({"fields": {"max_concurrent": 1}});
    let (status, refused) = told(operator.patch("/api/groups/main", &edit).await).await;
    assert_eq!((status, word(&refused["error"], "code")), (409, "declared"));
}

#[tokio::test]
async fn an_account_is_made_changed_and_deleted_and_its_secret_is_shown_nowhere() {
    let (weir, operator) = start().await;
    let new = json!({
        "id": "late",
        "fields": {"kind": "anthropic", "base_url": weir.provider.url(), "allow_http": true},
        "secrets": {"api_key": SECRET},
    });
    let (status, made) = told(operator.post("/api/accounts", &new).await).await;
    assert_eq!(
        (status, &made["secrets"]),
        (201, &json!({"api_key": "6789"})),
        "{made}"
    );
    let edit = json!({"version": 1, "fields": {"max_concurrent": 4}});
    let (_, edited) = told(operator.patch("/api/accounts/late", &edit).await).await;
    assert_eq!(
        (&edited["version"], &edited["fields"]["max_concurrent"]),
        (&json!(2), &json!(4))
    );
    let key = json!({"secrets": {"api_key": "sk-ant-other-9876543210"}});
    let (_, edited) = told(operator.patch("/api/accounts/late", &key).await).await;
    assert_eq!(edited["secrets"]["api_key"], "3210");
    let group = json!({"id": "g", "fields": {"accounts": ["late"]}});
    assert_eq!(operator.post("/api/groups", &group).await.status, 201);
    let (status, refused) = told(operator.delete("/api/accounts/late").await).await;
    assert_eq!((status, word(&refused["error"], "code")), (409, "in_use"));
    let mut said = String::new();
    for path in [
        "accounts",
        "accounts/late",
        "groups",
        "keys",
        "users",
        "audit",
    ] {
        said += &operator.see(&format!("/api/{path}")).await.to_string();
    }
    for secret in [SECRET, "sk-ant-other", &weir.key, &"01".repeat(32)] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_its_field_and_changes_nothing() {
    let (_weir, operator) = start().await;
    let user = json!({"id": "ann", "fields": {}});
    assert_eq!(operator.post("/api/users", &user).await.status, 201);
    for (path, body, field) in [
        ("keys", json!({"group": "main"}), "name"),
        ("keys", json!({"name": "n", "group": "none"}), "group"),
        (
            "keys",
            json!({"name": "n", "group": "main", "user": "eve"}),
            "user",
        ),
        (
            "keys",
            json!({"name": "n", "group": "main", "max_concurrent": -1}),
            "max_concurrent",
        ),
        (
            "keys",
            json!({"name": "n", "group": "main", "rules": {"ips": ["x"]}}),
            "rules.ips",
        ),
        ("users", json!({"id": "a b"}), "id"),
        (
            "users",
            json!({"id": "b", "fields": {"spend_total": -1}}),
            "spend_total",
        ),
        (
            "groups",
            json!({"id": "g", "fields": {"accounts": ["none"]}}),
            "accounts",
        ),
        (
            "accounts",
            json!({"id": "b", "fields": {"kind": "anthropic", "max_concurrent": -1}, "secrets": {"api_key": "x"}}),
            "max_concurrent",
        ),
        (
            "accounts",
            json!({"id": "b", "fields": {"kind": "anthropic", "api_key": "x"}}),
            "api_key",
        ),
    ] {
        let (seen, refused) = told(operator.post(&format!("/api/{path}"), &body).await).await;
        let error = &refused["error"];
        let about = error["field"].as_str();
        assert_eq!(
            (seen, word(error, "code"), about),
            (422, "invalid", Some(field)),
            "{body}: {error}"
        );
    }
    let (seen, refused) = told(operator.post("/api/users", &json!({"id": "ann"})).await).await;
    assert_eq!((seen, word(&refused["error"], "code")), (409, "exists"));
    let users = operator.see("/api/users").await;
    assert_eq!(users["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn the_log_tells_who_did_what_the_newest_first_in_pieces() {
    let (_weir, operator) = start().await;
    for id in ["a", "b", "c"] {
        let user = json!({"id": id, "fields": {"max_concurrent": 1}});
        assert_eq!(operator.post("/api/users", &user).await.status, 201);
    }
    let first = operator.see("/api/audit?limit=2").await;
    let entry = &first["items"][0];
    assert_eq!(
        (
            word(entry, "act"),
            word(entry, "what"),
            word(entry, "id_of")
        ),
        ("create", "user", "c")
    );
    assert_eq!(word(entry, "from"), "127.0.0.1");
    assert_eq!(word(entry, "role"), "admin");
    assert_eq!(
        entry["changes"],
        json!([{"field": "max_concurrent", "from": null, "to": 1}])
    );
    let next = word(&first, "next");
    let rest = operator
        .see(&format!("/api/audit?limit=2&cursor={next}"))
        .await;
    assert_eq!(word(&rest["items"][0], "id_of"), "a");
    assert_eq!(operator.get("/api/audit?cursor=nonsense").await.status, 422);
}

#[tokio::test]
async fn an_account_is_tested_with_its_own_credential_and_counts_nowhere() {
    let (weir, operator) = start().await;
    let refusing = Behaviour {
        status: Some(401),
        ..Behaviour::default()
    };
    let refusing = Options {
        behaviour: refusing,
        ..Options::default()
    };
    let refusing = MockProvider::start(refusing).expect("a loopback port is free");
    let gone = "http://127.0.0.1:9";
    for (id, url) in [("refused", refusing.url()), ("gone", gone.to_owned())] {
        let new = json!({
            "id": id, "fields": {"kind": "anthropic", "base_url": url},
            "secrets": {"api_key": SECRET},
        });
        assert_eq!(operator.post("/api/accounts", &new).await.status, 201);
    }
    for (id, ok, status) in [
        ("a1", true, json!(200)),
        ("refused", false, json!(401)),
        ("gone", false, Value::Null),
    ] {
        let path = format!("/api/accounts/{id}/test");
        let trial = operator.post(&path, &json!({})).await.json().await;
        assert_eq!(
            (&trial["ok"], &trial["status"]),
            (&json!(ok), &status),
            "{trial}"
        );
        assert!(!word(&trial, "message").is_empty() && trial["latency_ms"].is_u64());
        assert!(!trial.to_string().contains(SECRET), "{trial}");
    }
    let stats = weir.provider.stats();
    let generations: u64 = stats.keys.values().map(|key| key.generations).sum();
    assert_eq!(generations, 1);
    weir.until_nothing_is_held().await;
    let usage = operator.see("/api/usage").await;
    assert_eq!(usage["totals"]["requests"], 0);
    let entry = &operator.see("/api/audit?limit=1").await["items"][0];
    assert_eq!((word(entry, "act"), word(entry, "id_of")), ("test", "gone"));
    let bad = operator
        .post("/api/accounts/a1/test", &json!({"model": "a b"}))
        .await;
    assert_eq!(bad.status, 422);
    let unknown = operator.post("/api/accounts/none/test", &json!({})).await;
    assert_eq!(unknown.status, 404);
}
