//! A relay before which many stand in line, and nobody moves: accounts whose slots are all held, keys, and callers of each who
//! wait. How the accounts are shared out is the shape.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;

use harness::program::operate;
use harness::{Operator, Process, Program, Redis, eventually_async, operator};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::caller::{Target, Through, hold};
use super::scene::{CREDENTIAL, Meter, OTHER_CPU, RELAY_CPU, upstream};
use crate::cpu;

pub(super) const ACCOUNTS: usize = 50;
pub(super) const KEYS: usize = 500;
/// Of each key.
const WAITERS: usize = 4;
/// Of each account.
const SLOTS: usize = 4;
pub(super) const ALL_WAITERS: usize = KEYS * WAITERS;
pub(super) const ALL_SLOTS: usize = ACCOUNTS * SLOTS;
/// Its first events, and no more of it.
const STALLED: &str = "/v1/messages?mock=chunks=9;stall_after=4";
/// What ends waits, streams and leases, or says that they go on, comes after the bench.
const LASTING: &str = "[waiting]\nmax_stream_ms = 86400000\ngrace_ms = 0\nheartbeat_ms = 86400000\nsilence_ms = 86400000\n\
     [admission]\nlease_ms = 3600000\n[prices.\"claude-mock-*\"]\ninput = 3\noutput = 15\n";

/// Fields are dropped in this order: nobody loses what it stands on.
pub(super) struct Crowd {
    /// Of those who hold and of those who wait.
    streams: Vec<JoinSet<()>>,
    pub(super) operator: Operator,
    relay: Program,
    _upstream: Process,
    redis: Redis,
    _dir: TempDir,
}

impl Crowd {
    /// Each group has so many of the accounts, and its share of the keys.
    pub(super) async fn gather(accounts_each: usize) -> Self {
        let dir = tempfile::tempdir().expect("there is room for files");
        let redis = Redis::start();
        let (upstream, upstream_addr) = upstream(&dir);
        let path = dir.path().join("weir.toml");
        fs::write(&path, toml(&redis.url(), upstream_addr, accounts_each))
            .expect("the directory can be written to");
        // It counts the CPUs that it may use when it starts.
        cpu::pin(std::process::id(), RELAY_CPU);
        let relay = Program::start_with_operators(&path, &dir.path().join("relay"));
        for pid in [redis.pid(), upstream.pid(), std::process::id()] {
            cpu::pin(pid, OTHER_CPU);
        }
        let made = operate(&path, &["operator", "create", "bench"]).expect("nobody is called so");
        let password = made["password"].as_str().expect("it is told");
        let answer = operator::sign_in("bench", password).send(relay.operators_addr());
        let operator = Operator::of_session(relay.operators_addr(), answer.await).await;
        let mut crowd = Self {
            streams: Vec::new(),
            operator,
            relay,
            _upstream: upstream,
            redis,
            _dir: dir,
        };
        crowd.fill(ACCOUNTS / accounts_each).await;
        crowd
    }

    pub(super) fn meter(&self) -> Meter {
        Meter::read(self.relay.pid(), &self.redis)
    }

    async fn fill(&mut self, groups: usize) {
        for group in 0..groups {
            let mut keys = Vec::new();
            for _ in 0..KEYS / groups {
                keys.push(self.create_key(group).await);
            }
            let holding = hold(&self.target(&keys[0]), ALL_SLOTS / groups).await;
            self.streams.push(holding);
            for key in &keys {
                let waiting = hold(&self.target(key), WAITERS).await;
                self.streams.push(waiting);
            }
        }
        let expected = [ALL_SLOTS, ALL_WAITERS].map(|count| Some(count as u64));
        eventually_async("all stand where they belong", async || {
            let totals = &self.operator.see("/api/queues").await["totals"];
            match ["in_flight", "waiting"].map(|what| totals[what].as_u64()) {
                seen if seen == expected => Ok(()),
                _ => Err(totals.to_string()),
            }
        })
        .await;
    }

    async fn create_key(&self, group: usize) -> String {
        let new = json!({"name": format!("caller of g{group}"), "group": format!("g{group}")});
        let made = self.operator.post("/api/keys", &new).await.json().await;
        made["key"].as_str().expect("it is told once").to_owned()
    }

    fn target(&self, key: &str) -> Target {
        Target::new(self.relay.addr(), key.into(), Through::Relay).path(STALLED)
    }
}

fn toml(redis: &str, upstream: SocketAddr, accounts_each: usize) -> String {
    let mut toml = format!("{LASTING}[redis]\nurl = \"{redis}\"\n");
    for account in 0..ACCOUNTS {
        write!(
            toml,
            "[accounts.a{account}]\nkind = \"anthropic\"\nbase_url = \"http://{upstream}\"\napi_key = \"{CREDENTIAL}\"\n\
             max_concurrent = {SLOTS}\ntimeouts.idle_ms = 3600000\n"
        )
        .expect("text takes text");
    }
    for group in 0..ACCOUNTS / accounts_each {
        let first = group * accounts_each;
        let named: Vec<String> = (first..first + accounts_each)
            .map(|account| format!("\"a{account}\""))
            .collect();
        write!(
            toml,
            "[groups.g{group}]\naccounts = [{}]\n",
            named.join(", ")
        )
        .expect("text takes text");
    }
    toml
}
