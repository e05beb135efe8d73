//! The relay as a program of its own, with its Redis and a simulated upstream, and what they use.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use harness::program::create_key;
use harness::{Process, Redis, config, eventually, eventually_async};
use tempfile::TempDir;

use super::caller::{Target, Through, one};
use crate::cpu;

const RELAY_CPU: usize = 0;
/// Load, upstream and Redis.
const OTHER_CPU: usize = 1;
const CREDENTIAL: &str = "sk-ant-simulated-1";

pub(super) struct Scene {
    relay: Process,
    relay_addr: SocketAddr,
    key: String,
    /// Held for as long as the relay needs it.
    _upstream: Process,
    upstream_addr: SocketAddr,
    redis: Redis,
    _dir: TempDir,
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
        let upstream = program(
            &dir,
            "upstream",
            &["mock-provider", "--listen", "127.0.0.1:0"],
        );
        let upstream_addr = announced(&upstream, "mock.url=");
        let path = dir.path().join("weir.toml");
        let toml = toml(&redis.url(), upstream_addr);
        fs::write(&path, toml).expect("the directory can be written to");
        let key = create_key(&path, 0);
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
            key,
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
        Target::new(self.relay_addr, self.key.clone(), Through::Relay)
    }

    pub(super) fn meter(&self) -> Meter {
        let micros = |pid| cpu::time(pid).ran.as_secs_f64() * 1e6;
        let counted = |field| {
            self.redis
                .info(field)
                .parse()
                .expect("a counter is a number")
        };
        Meter {
            relay_us: micros(self.relay.pid()),
            redis_us: micros(self.redis.pid()),
            commands: counted("total_commands_processed"),
            reads: counted("total_reads_processed"),
        }
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
        "[listen]\ncallers = \"127.0.0.1:0\"\noperators = \"off\"\n[redis]\nurl = \"{redis}\"\n\
         [accounts.a1]\nkind = \"anthropic\"\nbase_url = \"http://{upstream}\"\napi_key = \"{CREDENTIAL}\"\n\
         [groups.main]\naccounts = [\"a1\"]\n"
    )
}
