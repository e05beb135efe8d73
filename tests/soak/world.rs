//! What a soak runs on: relays as processes of their own, their Redis, a simulated upstream behind every account, keys.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use harness::program::operate;
use harness::weir::Setup;
use harness::{Cluster, Program, Redis, Weir, eventually, time};
use tempfile::TempDir;
use weir_relay::mock::{MockProvider, Options};

use crate::plan::{Disturbance, Plan};
use crate::purse::{self, Limit};

const RELAYS: usize = 2;
/// A server that could not take over within five seconds gives up, and has to be told again.
const TAKES_OVER_WITHIN: Duration = Duration::from_secs(6);
/// A key in the slot of all that requests hold and owe.
const DOMAIN: &str = "weir:{default}:records";

/// Fields are dropped in this order: nobody loses what it stands on.
pub(crate) struct World {
    relays: Vec<Mutex<Program>>,
    pub(crate) addrs: Vec<SocketAddr>,
    pub(crate) keys: Vec<String>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) provider: MockProvider,
    servers: Servers,
    _dir: TempDir,
}

struct Servers {
    /// The one there is; or one that follows the server of a Cluster with what requests hold and owe, until it takes its
    /// place.
    redis: RwLock<Redis>,
    cluster: Option<Cluster>,
}

impl World {
    pub(crate) fn start(plan: &Plan) -> Self {
        let options = Options {
            limit: Some(u64::from(plan.limit)),
            ..Options::default()
        };
        let provider = MockProvider::start(options).expect("a loopback port is free");
        let limit = plan.limit;
        let serial = format!("max_concurrent = {limit}\nserial_turns = true");
        let setup = Weir::setup()
            .accounts(plan.accounts - 1)
            .max_concurrent(limit)
            .head(purse::PRICES)
            .head(&purse::users(plan.scarce_micro_usd()))
            .group_line(purse::GROUP)
            .account_at(&provider, &serial)
            .lease_ms(u32::try_from(plan.lease.as_millis()).expect("a lease is short"));
        let (servers, setup) = Servers::start(plan.disturbance, setup);
        let dir = tempfile::tempdir().expect("there is room for files");
        let toml = dir.path().join("weir.toml");
        let text = setup.toml(&servers.redis().url(), &provider);
        std::fs::write(&toml, text).expect("the directory can be written to");
        let keys = (0..plan.keys).map(|place| create_key(&toml, plan.key_limit, place));
        let (ids, keys): (Vec<_>, _) = keys.unzip();
        let relays: Vec<_> = (1..=RELAYS)
            .map(|number| start_relay(dir.path(), &toml, number))
            .collect();
        Self {
            addrs: relays.iter().map(Program::addr).collect(),
            relays: relays.into_iter().map(Mutex::new).collect(),
            keys,
            limits: purse::limits(&ids, plan.scarce_micro_usd()),
            provider,
            servers,
            _dir: dir,
        }
    }

    /// A relay, counted from 0.
    pub(crate) fn relay(&self, place: usize) -> MutexGuard<'_, Program> {
        let relay = self.relays[place].lock();
        relay.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn relays(&self) -> usize {
        self.relays.len()
    }

    /// The server whose data may be read now, and who has the last word in the end.
    pub(crate) fn redis(&self) -> RwLockReadGuard<'_, Redis> {
        self.servers.redis()
    }

    /// The sockets of those that take what relays write, one after the other.
    pub(crate) fn writers(&self) -> Vec<PathBuf> {
        let first = self.servers.cluster.iter();
        let first = first.map(|cluster| cluster.server_of(DOMAIN).socket());
        first.chain([self.redis().socket()]).collect()
    }

    /// Kills Redis, and starts it again with what it has written.
    pub(crate) fn crash(&self) {
        let mut redis = self
            .servers
            .redis
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        redis.kill();
        redis.start_again();
    }

    /// Has the follower take over; nothing if there is none.
    pub(crate) fn fail_over(&self) {
        if self.servers.cluster.is_none() {
            return;
        }
        let follower = self.redis();
        let mut told: Option<Instant> = None;
        eventually("the follower has taken over", || {
            if told.is_none_or(|told| told.elapsed() > TAKES_OVER_WITHIN) {
                assert_eq!(follower.call("CLUSTER FAILOVER"), "OK");
                told = Some(time::now());
            }
            match follower.info("role").as_str() {
                "master" => Ok(()),
                role => Err(role.to_owned()),
            }
        });
    }
}

impl Servers {
    fn start(disturbance: Disturbance, setup: Setup) -> (Self, Setup) {
        match disturbance {
            Disturbance::None => (Self::lone(Redis::start()), setup),
            Disturbance::Crashes => {
                // What was written is short, so that it is soon loaded again.
                let redis = Redis::builder()
                    .arg("appendonly", "yes")
                    .arg("appendfsync", "always")
                    .arg("auto-aof-rewrite-min-size", "2mb");
                (Self::lone(redis.start()), setup)
            }
            Disturbance::Kills => {
                let cluster = Cluster::start();
                let follower = cluster.replica_of(DOMAIN);
                cluster.servers().chain([&follower]).for_each(write_all);
                follower.call("READONLY");
                let reach = format!("cluster = {:?}", cluster.addresses());
                let servers = Self {
                    redis: RwLock::new(follower),
                    cluster: Some(cluster),
                };
                (servers, setup.reach(&reach))
            }
        }
    }

    fn lone(redis: Redis) -> Self {
        Self {
            redis: RwLock::new(redis),
            cluster: None,
        }
    }

    fn redis(&self) -> RwLockReadGuard<'_, Redis> {
        self.redis.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From now on it has written what it has answered.
fn write_all(redis: &Redis) {
    for setting in ["appendfsync always", "appendonly yes"] {
        assert_eq!(redis.call(format!("CONFIG SET {setting}")), "OK");
    }
}

/// Its id, and the key.
fn create_key(toml: &Path, max_concurrent: u32, place: u32) -> (String, String) {
    let limit = max_concurrent.to_string();
    let mut words = vec!["key", "create", "--name", "soak", "--group", "main"];
    words.extend(["--max-concurrent", &limit]);
    words.extend(purse::rules(place));
    let created = operate(toml, &words).expect("the key is made");
    let text = |field: &str| created[field].as_str().expect("it is told").to_owned();
    (text("id"), text("key"))
}

fn start_relay(dir: &Path, toml: &Path, number: usize) -> Program {
    Program::start(toml, &dir.join(format!("relay-{number}.log")))
}

/// How the simulated upstream calls the account that takes turns, the last one.
pub(crate) fn serial_account(plan: &Plan) -> String {
    Weir::account_digest(plan.accounts)
}
