//! An operator at the command line, beside a relay that runs: makes and changes things, and waits until relays know them.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use harness::eventually::eventually_async;
use harness::http::{Answer, Call};
use harness::program::operate;
use harness::weir::{message, stream};
use harness::{Redis, Weir};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use weir_relay::mock::key_digest;

pub(crate) const SECRET: &str = "sk-ant-stored-0123456789";
const WRITABLE: &str = "the test's directory can be written to";
pub(crate) const OTHER_SECRET: &str = "sk-ant-other-9876543210";

/// A relay with one declared account, `a1`, in the group `main`, and an operator's `weir`.
pub(crate) struct Desk {
    pub(crate) weir: Weir,
    toml: PathBuf,
}

impl Desk {
    pub(crate) async fn start() -> Self {
        Self::start_on(Redis::start()).await
    }

    pub(crate) async fn start_on(redis: Redis) -> Self {
        let master = redis.dir().join("master.key");
        fs::write(&master, format!("{}\n", "01".repeat(32))).expect(WRITABLE);
        let secrets = format!("[secrets]\nmaster_key = \"file:{}\"", master.display());
        let weir = Weir::setup().head(&secrets).start_on(redis).await;
        let toml = weir.write_toml();
        for (name, text) in [("secret", SECRET), ("other", OTHER_SECRET)] {
            fs::write(weir.redis.dir().join(name), text).expect(WRITABLE);
        }
        Self { weir, toml }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.weir.redis.dir().join(name)
    }

    /// What the command tells, or why it fails.
    pub(crate) fn weir(&self, line: &str) -> Result<Value, String> {
        operate(&self.toml, &line.split(' ').collect::<Vec<_>>())
    }

    #[track_caller]
    pub(crate) fn does(&self, line: &str) -> Value {
        self.weir(line)
            .unwrap_or_else(|why| panic!("{line}: {why}"))
    }

    #[track_caller]
    pub(crate) fn refuses(&self, line: &str) -> String {
        self.weir(line).expect_err("it is refused")
    }

    /// A stored account at the simulated upstream; its secret is in the file of this name.
    pub(crate) fn add_account(&self, id: &str, secret: &str, more: &str) {
        let (url, secret) = (self.weir.provider.url(), self.file(secret));
        let secret = secret.display();
        self.does(&format!(
            "account create {id} kind=anthropic base_url={url} api_key=file:{secret}{more}"
        ));
    }

    /// A stored group, and a key of it.
    pub(crate) fn add_group(&self, id: &str, accounts: &str) -> String {
        self.does(&format!("group create {id} --accounts {accounts}"));
        let key = self.does(&format!("key create --name test --group {id}"));
        key["key"].as_str().expect("it is shown").to_owned()
    }

    pub(crate) fn spawn(&self, key: &str, call: Call) -> JoinHandle<Answer> {
        tokio::spawn(call.header("x-api-key", key).send(self.weir.addr()))
    }

    pub(crate) async fn until_waiting(&self, account: &str, count: usize) {
        self.until_in_line(&format!("account:{account}"), count)
            .await;
    }

    /// `gate` says whose it is: `key:<id>`, `user:<id>`, `account:<id>`.
    pub(crate) async fn until_in_line(&self, gate: &str, count: usize) {
        let gate = format!("QGATE.COUNT weir:{{default}}:gate:{gate}");
        eventually_async("requests wait", async || {
            let counts = self.weir.redis.call(gate.as_str());
            let counts = format!("{counts:?}");
            match counts.ends_with(&format!(", {count}]]")) {
                true => Ok(()),
                false => Err(counts),
            }
        })
        .await;
    }

    /// The only slot of the account is held by one request, and another one waits for it.
    pub(crate) async fn hold_up(&self, key: &str, account: &str) -> (Answer, JoinHandle<Answer>) {
        until(self.weir.addr(), key, SERVED).await;
        let held = self.spawn(key, stream("chunks=9;stall_after=2"));
        let mut held = held.await.expect("it is answered");
        held.until("message_start").await;
        let waiting = self.spawn(key, message("", &json!({})));
        self.until_waiting(account, 1).await;
        (held, waiting)
    }

    pub(crate) fn generations(&self, secret: &str) -> u64 {
        let stats = self.weir.provider.stats();
        let keys = stats.keys.get(&key_digest(secret));
        keys.map_or(0, |key| key.generations)
    }
}

/// Until a relay answers so.
pub(crate) async fn until(to: SocketAddr, key: &str, expected: (u16, Option<&str>)) {
    eventually_async("it is answered so", async || {
        let call = message("", &json!({})).header("x-api-key", key);
        let answer = call.send(to).await;
        match (answer.status, answer.header("x-weir-error")) {
            told if told == expected => Ok(()),
            told => Err(format!("{told:?}")),
        }
    })
    .await;
}

pub(crate) const SERVED: (u16, Option<&str>) = (200, None);
