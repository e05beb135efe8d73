//! The people who sign in: made, changed and deleted by each other.

use harness::operator::PASSWORD;
use harness::{Operator, Weir};
use serde_json::json;
use weir_relay::role::Role;

#[tokio::test]
async fn an_operator_is_made_changed_and_deleted() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    let new = json!({"name": "bob", "role": "viewer", "password": PASSWORD});
    let made = admin.post("/api/operators", &new).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.json().await["version"], 1);
    assert_eq!(admin.post("/api/operators", &new).await.status, 409);
    let bob = Operator::sign_in(admin.addr(), "bob").await;
    assert_eq!(bob.get("/api/operators").await.status, 403);
    let edited = admin
        .patch(
            "/api/operators/bob",
            &json!({"role": "admin", "version": 1}),
        )
        .await;
    assert_eq!(edited.json().await["role"], "admin");
    assert_eq!(
        bob.get("/api/operators").await.status,
        200,
        "it counts at once"
    );
    let stale = admin
        .patch(
            "/api/operators/bob",
            &json!({"role": "viewer", "version": 1}),
        )
        .await;
    assert_eq!(
        (stale.status, stale.json().await["error"]["code"].clone()),
        (409, json!("conflict"))
    );
    assert_eq!(
        admin.delete("/api/operators/bob?version=1").await.status,
        409
    );
    assert_eq!(admin.delete("/api/operators/bob").await.status, 204);
    assert_eq!(
        bob.get("/api/session").await.status,
        401,
        "his session has ended"
    );
    assert_eq!(admin.delete("/api/operators/bob").await.status, 404);
}

#[tokio::test]
async fn whoever_is_made_anew_has_none_of_the_sessions_before() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    let new = json!({"name": "bob", "role": "viewer", "password": PASSWORD});
    assert_eq!(admin.post("/api/operators", &new).await.status, 201);
    let bob = Operator::sign_in(admin.addr(), "bob").await;
    assert_eq!(admin.delete("/api/operators/bob").await.status, 204);
    assert_eq!(admin.post("/api/operators", &new).await.status, 201);
    assert_eq!(bob.get("/api/session").await.status, 401);
}

#[tokio::test]
async fn another_password_by_an_admin_ends_all_sessions() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    let bob = weir.operator_who_is(Role::Operator).await;
    let path = format!("/api/operators/{}", bob.name);
    let weak = admin.patch(&path, &json!({"password": "short"})).await;
    assert_eq!(weak.status, 422);
    assert_eq!(bob.get("/api/session").await.status, 200);
    let strong = json!({"password": "another horse battery"});
    assert_eq!(admin.patch(&path, &strong).await.status, 200);
    assert_eq!(bob.get("/api/session").await.status, 401);
}

#[tokio::test]
async fn there_is_always_somebody_who_may_do_everything() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    weir.operator_who_is(Role::Operator).await;
    let path = format!("/api/operators/{}", admin.name);
    let demoted = admin.patch(&path, &json!({"role": "viewer"})).await;
    let deleted = admin.delete(&path).await;
    for refused in [demoted, deleted] {
        assert_eq!(refused.status, 409);
        assert_eq!(refused.json().await["error"]["code"], "last_admin");
    }
    weir.operator().await;
    assert_eq!(admin.delete(&path).await.status, 204);
}

#[tokio::test]
async fn an_operator_that_does_not_fit_is_refused_by_its_field() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    for (body, field) in [
        (
            json!({"name": "a/b", "role": "viewer", "password": PASSWORD}),
            "name",
        ),
        (
            json!({"name": "bob", "role": "root", "password": PASSWORD}),
            "role",
        ),
        (
            json!({"name": "bob", "role": "viewer", "password": "x".repeat(300)}),
            "password",
        ),
        (json!({"name": "bob", "role": "viewer"}), "password"),
    ] {
        let refused = admin.post("/api/operators", &body).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.json().await["error"]["field"], field);
    }
}
