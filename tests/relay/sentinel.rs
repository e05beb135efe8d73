//! A relay that knows sentinels instead of a server: it uses the master that they name, and the next one after it.

use harness::weir::stream;
use harness::{Redis, Sentinel, Weir, eventually_async, sentinel::MASTER};

/// A sentinel that is not there comes first.
fn reach(sentinel: &Sentinel) -> String {
    let sentinels = ["127.0.0.1:1".to_owned(), sentinel.server()];
    format!("sentinels = {sentinels:?}\nmaster = \"{MASTER}\"")
}

#[tokio::test]
async fn a_failover_is_followed() {
    let (mut master, mut replica) = (Redis::start(), Redis::start());
    // It tells the master its port when it begins to follow, and sentinels have it from there.
    replica.port();
    replica.call(format!("REPLICAOF 127.0.0.1 {}", master.port()));
    master.wait_in_sync(&replica);
    let sentinel = Sentinel::start(master.port(), "");
    let setup = Weir::setup().max_concurrent(1).reach(&reach(&sentinel));
    let mut weir = setup.start_on(master).await;
    let mut running = weir.ask(stream("chunks=9;stall_after=4")).await;
    running.until("text_delta").await;

    sentinel.fail_over();
    eventually_async("the relay is at the new master", async || {
        match replica.connect().try_call("CLIENT LIST") {
            Ok(clients) if clients.text().contains("name=weir") => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    })
    .await;
    replica.reconnect();
    let _former = std::mem::replace(&mut weir.redis, replica);
    drop(running);
    weir.until_upstream_has(0).await;
    weir.until_status(200).await;
    weir.until_nothing_is_held().await;
    let outcomes = weir.records(2).await;
    assert_eq!(*outcomes[0].field("outcome"), "caller_gone");
}

#[tokio::test]
async fn sentinels_and_servers_let_in_by_different_passwords() {
    let mut master = Redis::start();
    let port = master.port();
    master.call("CONFIG SET requirepass of-servers");
    let lines = format!("requirepass of-sentinels\nsentinel auth-pass {MASTER} of-servers");
    let sentinel = Sentinel::start(port, &lines);
    let passwords = "password = \"of-servers\"\nsentinel_password = \"of-sentinels\"";
    let reach = format!("{}\n{passwords}", reach(&sentinel));
    let weir = Weir::setup().reach(&reach).start_on(master).await;
    weir.until_status(200).await;
    weir.until_nothing_is_held().await;
}
