//! What is asked for beyond all bounds is refused by its field, and what callers choose stays a text.

use harness::eventually_async;
use harness::weir::{Weir, message};
use serde_json::json;

const NAME: &str = "=HYPERLINK(A1,A2)";

#[tokio::test]
async fn times_and_places_that_cannot_be_are_refused_by_their_field() {
    let weir = Weir::setup().operators().start().await;
    let operator = weir.operator().await;
    let most = u64::MAX;
    for (path, field) in [
        (format!("usage?from_ms={most}&to_ms={most}"), "from_ms"),
        (format!("usage?from_ms=1&to_ms={most}"), "to_ms"),
        ("usage?from_ms=5&to_ms=5".into(), "from_ms"),
        ("usage?to_ms=0".into(), "to_ms"),
        ("usage?from_ms=-1".into(), "from_ms"),
        ("usage?format=xml".into(), "format"),
        ("records?from_ms=7&to_ms=6".into(), "from_ms"),
        ("records?to_ms=0".into(), "to_ms"),
        (format!("records?from_ms={most}"), "from_ms"),
        ("records?cursor=0-0".into(), "cursor"),
        ("records?cursor=%2B5-0".into(), "cursor"),
        ("records?cursor=5".into(), "cursor"),
        ("audit?cursor=0-0".into(), "cursor"),
        ("audit?cursor=x".into(), "cursor"),
    ] {
        let refused = operator.get(&format!("/api/{path}")).await;
        assert_eq!(refused.status, 422, "{path}");
        let error = refused.json().await;
        assert_eq!(error["error"]["field"], field, "{path}: {error}");
    }
    for id in ["0-0", "+5-0", "5", "x"] {
        assert_eq!(
            operator.get(&format!("/api/records/{id}")).await.status,
            404
        );
    }
}

#[tokio::test]
async fn a_name_that_is_no_text_is_refused_in_the_form_of_all_errors() {
    let weir = Weir::setup().operators().start().await;
    let operator = weir.operator().await;
    let long = "x".repeat(600);
    for (path, status, code) in [
        ("queues/account:a1/waiters/%FF".to_owned(), 404, "unknown"),
        ("queues/%FF/holders/x".into(), 404, "unknown"),
        (format!("queues/account:a1/holders/{long}"), 422, "invalid"),
        (format!("queues/account:{long}/holders/x"), 422, "invalid"),
    ] {
        let refused = operator.delete(&format!("/api/{path}")).await;
        assert_eq!(refused.status, status, "{path}");
        assert_eq!(refused.json().await["error"]["code"], code, "{path}");
    }
    for id in ["%FF", &long] {
        for act in ["pause", "drain", "resume", "clear-cooldown", "test"] {
            let path = format!("/api/accounts/{id}/{act}");
            let refused = operator.post(&path, &json!({})).await;
            assert_eq!(refused.status, 404, "{path}");
            assert_eq!(refused.json().await["error"]["code"], "unknown", "{path}");
        }
    }
}

#[tokio::test]
async fn a_table_holds_no_formula_that_somebody_chose_as_a_name() {
    let price = format!("[prices.'{NAME}']\ninput = 3\noutput = 15");
    let weir = Weir::setup().head(&price).operators().start().await;
    let operator = weir.operator().await;
    let asked = message("", &json!({"model": NAME}));
    weir.ask(asked).await.text().await;
    let table = eventually_async("it is counted", async || {
        let table = operator.get("/api/usage?by=model&format=csv").await;
        let table = table.text().await;
        match table.contains("HYPERLINK") {
            true => Ok(table),
            false => Err(table),
        }
    })
    .await;
    let row = table.lines().nth(1).expect("a row");
    let inert = format!("\"'{NAME}\",1,");
    assert!(row.starts_with(&inert), "{row}");
    let usage = operator.see("/api/usage?by=model").await;
    assert_eq!(usage["rows"][0]["model"], NAME, "JSON says it as it is");
}

#[tokio::test]
async fn many_who_look_through_much_are_served_in_turn() {
    let weir = Weir::setup().operators().start().await;
    let operator = weir.operator().await;
    let looks = (0..32).map(|place| {
        let operator = operator.clone();
        let path = ["/api/usage?by=key,hour", "/api/records"][place % 2];
        tokio::spawn(async move { operator.get(path).await.status })
    });
    for look in looks.collect::<Vec<_>>() {
        assert_eq!(look.await.expect("it is answered"), 200);
    }
}
