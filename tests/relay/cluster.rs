//! A relay in a Cluster of three: what requests hold has one slot, the keys of callers have another, and both are found
//! wherever they are.

use harness::weir::stream;
use harness::{Cluster, Redis, Weir, eventually, eventually_async};
use weir_relay::key::NewKey;

/// One name of each slot.
const DOMAIN: &str = "weir:{default}:records";
const KEYS: &str = "weir:{keys}:ids";

async fn start(cluster: &Cluster) -> Weir {
    let reach = format!("cluster = {:?}", cluster.addresses());
    let setup = Weir::setup().max_concurrent(1).reach(&reach);
    setup.start().await
}

/// Waits until as many requests are recorded and nothing is held on the server that has the slot.
async fn until_recorded(redis: &Redis, requests: i64) {
    eventually_async("all are recorded and nothing is held", async || {
        let records = redis.call(["XLEN", DOMAIN]);
        let gates = redis.call("KEYS weir:{default}:gate:*");
        match (records.int(), gates.items()) {
            (seen, []) if seen >= requests => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn a_relay_serves_whichever_servers_have_its_slots() {
    let cluster = Cluster::start();
    let (domain, keys) = (cluster.server_of(DOMAIN), cluster.server_of(KEYS));
    assert_ne!(domain.pid(), keys.pid(), "one server would show less");
    let weir = start(&cluster).await;
    assert_eq!(weir.ask(stream("")).await.status, 200);
    until_recorded(domain, 1).await;
    assert_eq!(keys.call(["SCARD", KEYS]), 1);
    let another = weir.add_key(0).await;
    let call = stream("").header("x-api-key", another.secret.reveal());
    assert_eq!(call.send(weir.addr()).await.status, 200);
    until_recorded(domain, 2).await;
}

#[tokio::test]
async fn slots_that_move_are_followed() {
    let cluster = Cluster::start();
    let weir = start(&cluster).await;
    let mut running = weir.ask(stream("chunks=9;stall_after=4")).await;
    running.until("text_delta").await;
    for key in [DOMAIN, KEYS] {
        let moving = cluster.begin_move(key);
        moving.carry_keys();
        moving.end();
    }
    drop(running);
    weir.until_upstream_has(0).await;
    weir.until_status(200).await;
    until_recorded(cluster.server_of(DOMAIN), 1).await;
    eventually_async("a key is made where the keys are now", async || {
        let new = NewKey {
            name: "another".into(),
            group: "main".into(),
            ..NewKey::default()
        };
        let made = weir.relay.create_key(new).await;
        made.map(drop).map_err(|error| format!("{error:#}"))
    })
    .await;
    assert_eq!(cluster.server_of(KEYS).call(["SCARD", KEYS]), 2);
}

#[tokio::test]
async fn a_replica_that_takes_over_is_followed() {
    let cluster = Cluster::start();
    let weir = start(&cluster).await;
    let mut running = weir.ask(stream("chunks=9;stall_after=4")).await;
    running.until("text_delta").await;
    let replica = cluster.replica_of(DOMAIN);
    assert_eq!(replica.call("CLUSTER FAILOVER"), "OK");
    eventually("the replica has taken over", || {
        match replica.info("role").as_str() {
            "master" => Ok(()),
            role => Err(role.to_owned()),
        }
    });
    drop(running);
    weir.until_upstream_has(0).await;
    weir.until_status(200).await;
    until_recorded(&replica, 2).await;
}
