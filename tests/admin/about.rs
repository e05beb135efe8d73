//! What serves, and that whoever watches stops when they may not any more.

use harness::{Weir, eventually_async};
use serde_json::json;
use weir_relay::role::Role;

#[tokio::test]
async fn the_relays_on_a_redis_are_told_with_their_versions() {
    let weir = Weir::setup().operators().start().await;
    let operator = weir.operator().await;
    let _other = weir.start_program();
    let about = eventually_async("both are there", async || {
        let about = operator.see("/api/about").await;
        match about["relays"].as_array().map(Vec::len) {
            Some(2) => Ok(about),
            _ => Err(about.to_string()),
        }
    });
    let about = about.await;
    assert_eq!(about["callers_url"], weir.relay.url());
    assert_eq!(about["redis"]["module_version"], about["version"]);
    let expected = (&json!("standalone"), &json!(false));
    assert_eq!(
        (&about["redis"]["mode"], &about["redis"]["embedded"]),
        expected
    );
    let [one, other] = [0, 1].map(|place| &about["relays"][place]);
    assert_ne!(one["process"], other["process"]);
    assert_eq!(
        one["digest"], other["digest"],
        "their weir.toml is the same"
    );
    assert_eq!(about["differing"], false);
}

#[tokio::test]
async fn whoever_watches_stops_when_they_are_shut_out() {
    let weir = Weir::setup().operators().start().await;
    let admin = weir.operator().await;
    let viewer = weir.operator_who_is(Role::Viewer).await;
    let mut theirs = viewer.get("/api/live").await;
    let mut own = admin.get("/api/live").await;
    theirs.until("event: snapshot").await;
    let path = format!("/api/operators/{}", viewer.name);
    assert_eq!(admin.delete(&path).await.status, 204);
    while theirs.piece().await.is_some() {}
    own.until("event: snapshot").await;
}
