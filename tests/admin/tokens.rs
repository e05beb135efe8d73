//! API tokens: what programs are let in by.

use harness::{Operator, Weir};
use serde_json::{Value, json};
use weir_relay::role::Role;

async fn made(admin: &Operator, body: &Value) -> Value {
    let answer = admin.post("/api/tokens", body).await;
    assert_eq!(answer.status, 201);
    answer.json().await
}

fn text(value: &Value) -> &str {
    value.as_str().expect("it is text")
}

#[tokio::test]
async fn a_token_does_what_its_role_may_until_it_is_deleted() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    let token = made(&admin, &json!({"name": "monitor", "role": "viewer"})).await;
    let program = Operator::with_token(admin.addr(), text(&token["token"]));
    assert_eq!(program.get("/api/accounts").await.status, 200);
    assert_eq!(program.get("/api/tokens").await.status, 403);
    let session = program.see("/api/session").await;
    let name = format!("token:{}", text(&token["id"]));
    let expected = json!({"name": name, "role": "viewer", "csrf": null, "expires_ms": null});
    assert_eq!(session, expected);
    let listed = admin.see("/api/tokens").await;
    assert!(listed["items"][0]["used_ms"].is_u64(), "{listed}");
    assert!(
        listed["items"][0].get("token").is_none(),
        "it was shown once"
    );
    let path = format!("/api/tokens/{}", text(&token["id"]));
    assert_eq!(admin.delete(&path).await.status, 204);
    assert_eq!(program.get("/api/accounts").await.status, 401);
    assert_eq!(admin.delete(&path).await.status, 404);
}

#[tokio::test]
async fn a_program_changes_things_without_what_pages_send() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    let token = made(&admin, &json!({"name": "deploy", "role": "admin"})).await;
    let program = Operator::with_token(admin.addr(), text(&token["token"]));
    made(&program, &json!({"name": "child", "role": "viewer"})).await;
    assert_eq!(program.delete("/api/session").await.status, 409);
}

#[tokio::test]
async fn a_token_ends_when_it_was_said_to() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    let now: u64 = weir.redis.call("TIME").items()[0].text().parse().unwrap();
    let expires = (now + 60) * 1000;
    let soon = json!({"name": "soon", "role": "viewer", "expires_ms": expires});
    let token = made(&admin, &soon).await;
    let program = Operator::with_token(admin.addr(), text(&token["token"]));
    assert_eq!(program.get("/api/accounts").await.status, 200);
    let id = text(&token["id"]);
    let kept = weir.redis.call(format!("HGET weir:{{keys}}:tokens {id}"));
    let ended = kept.text().replace(&expires.to_string(), "1000");
    weir.redis.call(["HSET", "weir:{keys}:tokens", id, &ended]);
    assert_eq!(program.get("/api/accounts").await.status, 401);
}

#[tokio::test]
async fn a_token_that_does_not_fit_is_refused_by_its_field() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    for (body, field) in [
        (json!({"name": "", "role": "viewer"}), "name"),
        (json!({"name": "n", "role": "root"}), "role"),
        (
            json!({"name": "n", "role": "viewer", "expires_ms": 5}),
            "expires_ms",
        ),
        (json!({"name": "n"}), "role"),
    ] {
        let refused = admin.post("/api/tokens", &body).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.json().await["error"]["field"], field);
    }
}

#[tokio::test]
async fn only_the_digest_of_a_token_is_kept() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    let token = made(&admin, &json!({"name": "n", "role": "viewer"})).await;
    let text = text(&token["token"]);
    let kept = format!("{:?}", weir.redis.call("HGETALL weir:{keys}:tokens"));
    assert!(kept.contains("digest") && !kept.contains(text), "{kept}");
    let (id, secret) = text.split_at(text.len() - 52);
    let turned: String = secret.chars().rev().collect();
    for forged in [
        &text[..text.len() - 1],
        &format!("{id}{turned}"),
        id,
        "weir_op_",
    ] {
        let program = Operator::with_token(admin.addr(), forged);
        assert_eq!(program.get("/api/accounts").await.status, 401, "{forged}");
    }
}

#[tokio::test]
async fn whoever_shows_a_wrong_token_is_not_let_in_by_a_cookie() {
    let weir = Weir::setup().operators().start().await;
    let _first = weir.operator().await;
    let viewer = weir.operator_who_is(Role::Viewer).await;
    let call = harness::http::Call::get("/api/accounts");
    let call = call.header("authorization", "Bearer weir_op_forged");
    assert_eq!(viewer.send(call).await.status, 401);
}
