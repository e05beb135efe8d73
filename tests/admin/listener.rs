//! The listener of operators: what it serves without a session, and that it ends with the relay.

use harness::http::Call;
use harness::{Weir, eventually_async};

#[tokio::test]
async fn a_relay_that_serves_is_ready() {
    let weir = Weir::setup().operators().start().await;
    let ready = Call::get("/readyz").send(weir.operators_addr()).await;
    assert_eq!((ready.status, ready.text().await.as_str()), (200, "ready"));
}

#[tokio::test]
async fn a_relay_without_its_redis_says_why_it_is_not_ready() {
    let mut weir = Weir::setup().operators().start().await;
    let addr = weir.operators_addr();
    weir.redis.kill();
    let told = eventually_async("the outage is told", async || {
        let ready = Call::get("/readyz").send(addr).await;
        let (status, text) = (ready.status, ready.text().await);
        match status {
            503 => Ok(text),
            status => Err(format!("{status} {text}")),
        }
    });
    let expected = r#"{"ready":false,"reasons":["redis_down"]}"#;
    assert_eq!(told.await, expected);
}

#[tokio::test]
async fn every_address_that_is_no_file_is_a_place_in_the_pages() {
    let weir = Weir::setup().operators().start().await;
    let addr = weir.operators_addr();
    for path in ["/", "/queues", "/accounts/a1"] {
        let page = Call::get(path).send(addr).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(page.text().await.contains("<title>Weir"), "{path}");
    }
    let missing = Call::get("/assets/none.js").send(addr).await;
    let posted = Call::post("/", "").send(addr).await;
    assert_eq!((missing.status, posted.status), (404, 405));
}

#[tokio::test]
async fn nobody_is_served_where_operators_are_off() {
    let weir = Weir::start().await;
    assert_eq!(weir.relay.operators_addr(), None);
}

#[tokio::test]
async fn the_listener_ends_with_the_relay() {
    let weir = Weir::setup().operators().start().await;
    let addr = weir.operators_addr();
    let Weir { relay, .. } = weir;
    relay.shutdown().await;
    let gone = Call::get("/readyz").try_send(addr).await;
    assert!(gone.is_err());
}
