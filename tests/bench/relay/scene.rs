//! The relay as a program of its own, with its Redis and a simulated upstream, and what they use.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use harness::program::operate;
use harness::{Process, Redis, config, eventually, eventually_async};
use tempfile::TempDir;

use super::caller::{Target, Through, one};
use crate::cpu;

pub(super) const RELAY_CPU: usize = 0;
/// Load, upstream and Redis.
pub(super) const OTHER_CPU: usize = 1;
pub(super) const CREDENTIAL: &str = "sk-ant-simulated-1";

pub(super) struct Scene {
    relay: Process,
    relay_addr: SocketAddr,
    /// By what their requests may use.
    keys: [String; 3],
    /// Held for as long as the relay needs it.
    _upstream: Process,
    upstream_addr: SocketAddr,
    redis: Redis,
    _dir: TempDir,
}

/// What a key's requests may use. Nobody ever comes near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum May {
    Anything,
    /// So many at once, and per minute.
    Limited,
    /// And spend so much, per day and in total.
    SpendSoMuch,
}

/// Counters that only grow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    pub(super) relay_us: f64,
    pub(super) redis_us: f64,
    pub(super) commands: f64,
    /// How often Redis found something to read on a connection: at most one per round trip.
    pub(super) reads: f64,
}

impl Meter {
    pub(super) fn read(relay: u32, redis: &Redis) -> Self {
        let micros = |pid| cpu::time(pid).ran.as_secs_f64() * 1e6;
        let counted = |field| redis.info(field).parse().expect("a counter is a number");
        Self {
            relay_us: micros(relay),
            redis_us: micros(redis.pid()),
            commands: counted("total_commands_processed"),
            reads: counted("total_reads_processed"),
        }
    }

    pub(super) fn since(&self, earlier: &Self) -> Self {
        Self {
            relay_us: self.relay_us - earlier.relay_us,
            redis_us: self.redis_us - earlier.redis_us,
            commands: self.commands - earlier.commands,
            reads: self.reads - earlier.reads,
        }
    }
}

impl Scene {
    pub(super) fn start() -> Self {
        let dir = tempfile::tempdir().expect("there is room for files");
        let redis = Redis::start();
        let (upstream, upstream_addr) = upstream(&dir);
        let path = dir.path().join("weir.toml");
        let toml = toml(&redis.url(), upstream_addr);
        fs::write(&path, toml).expect("the directory can be written to");
        let keys = May::ALL.map(|may| create_key(&path, may));
        let path = path.to_str().expect("the path is text");
        // It counts the CPUs that it may use when it starts.
        cpu::pin(std::process::id(), RELAY_CPU);
        let relay = program(&dir, "relay", &["serve", "--config", path]);
        let relay_addr = announced(&relay, "listen.callers=");
        for pid in [redis.pid(), upstream.pid(), std::process::id()] {
            cpu::pin(pid, OTHER_CPU);
        }
        Self {
            relay,
            relay_addr,
            keys,
            _upstream: upstream,
            upstream_addr,
            redis,
            _dir: dir,
        }
    }

    pub(super) fn direct(&self) -> Target {
        Target::new(self.upstream_addr, CREDENTIAL.into(), Through::Upstream)
    }

    pub(super) fn relay(&self) -> Target {
        self.relay_for(May::Anything)
    }

    /// With a key that may use so much.
    pub(super) fn relay_for(&self, may: May) -> Target {
        let key = self.keys[may as usize].clone();
        Target::new(self.relay_addr, key, Through::Relay)
    }

    pub(super) fn meter(&self) -> Meter {
        Meter::read(self.relay.pid(), &self.redis)
    }

    /// What a request leaves to be done after its answer is done too: no slot is held any more.
    pub(super) async fn until_quiet(&self) {
        eventually_async("nothing is held any more", async || {
            let gates = self.redis.call("KEYS *:gate:*");
            match gates.items().len() {
                0 => Ok(()),
                held => Err(format!("{held} gates")),
            }
        })
        .await;
    }

    /// Which commands Redis gets for one request.
    pub(super) async fn commands_of_one(&self, target: &Target) -> String {
        one(target).await;
        self.until_quiet().await;
        self.redis.call("CONFIG RESETSTAT");
        one(target).await;
        self.until_quiet().await;
        let stats = self.redis.call("INFO commandstats").text();
        let of_line = |line: &str| {
            let (name, stats) = line.strip_prefix("cmdstat_")?.split_once(':')?;
            let calls = stats.split(',').next()?.strip_prefix("calls=")?;
            let ours = matches!(name, "keys" | "info" | "config|resetstat");
            (!ours).then(|| format!("{calls} × `{name}`"))
        };
        stats
            .lines()
            .filter_map(of_line)
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(super) fn resident_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.relay.pid()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok())
            .unwrap_or(0)
    }
}

impl May {
    pub(super) const ALL: [Self; 3] = [Self::Anything, Self::Limited, Self::SpendSoMuch];

    /// How `weir key create` is told.
    fn rules(self) -> &'static str {
        match self {
            Self::Anything => "",
            Self::Limited => {
                "--max-concurrent 1000 --requests-per-minute 1000000000 --tokens-per-minute 60000000000"
            }
            Self::SpendSoMuch => {
                "--max-concurrent 1000 --requests-per-minute 1000000000 --tokens-per-minute 60000000000 \
                 --spend-per-day 1000000 --spend-total 1000000"
            }
        }
    }
}

fn create_key(toml: &Path, may: May) -> String {
    let mut words = vec!["key", "create", "--name", "bench", "--group", "main"];
    words.extend(may.rules().split_ascii_whitespace());
    let created = operate(toml, &words).expect("the key is made");
    created["key"].as_str().expect("it is told").to_owned()
}

/// A simulated one, and where it listens.
pub(super) fn upstream(dir: &TempDir) -> (Process, SocketAddr) {
    let words = ["mock-provider", "--listen", "127.0.0.1:0"];
    let upstream = program(dir, "upstream", &words);
    let addr = announced(&upstream, "mock.url=");
    (upstream, addr)
}

fn program(dir: &TempDir, name: &str, args: &[&str]) -> Process {
    let mut command = Command::new(config::program());
    command.args(args);
    Process::start(command, &dir.path().join(name)).expect("the program starts")
}

/// The address that a program logs when it listens.
fn announced(process: &Process, field: &str) -> SocketAddr {
    eventually("the program listens", || {
        let log = process.log();
        let after = log.split(field).nth(1);
        let word = after.and_then(|after| after.split_ascii_whitespace().next());
        let word = word.map(|word| word.trim_matches('"').trim_start_matches("http://"));
        let addr = word.and_then(|word| word.parse().ok());
        addr.ok_or(log)
    })
}

fn toml(redis: &str, upstream: SocketAddr) -> String {
    format!(
        "[prices.\"claude-mock-*\"]\ninput = 3\noutput = 15\n[listen]\ncallers = \"127.0.0.1:0\"\noperators = \"off\"\n[redis]\nurl = \"{redis}\"\n\
         [accounts.a1]\nkind = \"anthropic\"\nbase_url = \"http://{upstream}\"\napi_key = \"{CREDENTIAL}\"\n\
         [groups.main]\naccounts = [\"a1\"]\n"
    )
}
