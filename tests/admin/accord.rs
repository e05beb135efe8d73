//! Relays that were told different things: those whose declaration does not count say that they are not ready.

use std::fs;
use std::net::SocketAddr;

use harness::http::Call;
use harness::{Program, Weir, eventually_async};
use rustix::process::Signal;

/// For so long a relay may declare something else than what counts.
const LEASE_MS: u32 = 3_000;
const READY: (u16, &str) = (200, "ready");
const APART: (u16, &str) = (503, r#"{"ready":false,"reasons":["declares_otherwise"]}"#);

async fn told(addr: SocketAddr) -> (u16, String) {
    let answer = Call::get("/readyz").send(addr).await;
    (answer.status, answer.text().await)
}

async fn until_told(addr: SocketAddr, (status, text): (u16, &str)) {
    let expected = (status, text.to_owned());
    eventually_async("it is told whether it is ready", async || {
        match told(addr).await {
            told if told == expected => Ok(()),
            (status, text) => Err(format!("{status} {text}")),
        }
    })
    .await;
}

#[tokio::test]
async fn of_relays_that_declare_differently_only_those_are_ready_whose_declaration_counts() {
    let weir = Weir::setup().lease_ms(LEASE_MS).operators().start().await;
    let own = weir.operators_addr();
    let place = |name: &str| weir.redis.dir().join(name);
    let (same, other) = (weir.write_toml(), place("other.toml"));
    let lines = fs::read_to_string(&same).expect("it was just written");
    let lines = lines + "[failover]\nmax_attempts = 2\n";
    fs::write(&other, lines).expect("the test's directory can be written to");
    let mut newer = Program::start_with_operators(&other, &place("newer.log"));
    until_told(own, APART).await;
    // Of two, the newer one's counts.
    until_told(newer.operators_addr(), READY).await;

    let third = Program::start_with_operators(&same, &place("third.log"));
    until_told(newer.operators_addr(), APART).await;
    until_told(own, READY).await;
    until_told(third.operators_addr(), READY).await;

    fs::copy(&same, &other).expect("the test's directory can be written to");
    newer.signal(Signal::HUP);
    until_told(newer.operators_addr(), READY).await;
}
