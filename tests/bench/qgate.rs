//! Slots: acquire and release beside the scripts of a sorted-set gate, refusals, and the view over many gates.

use harness::{Redis, time};

use crate::batch::{Batch, Expected};
use crate::draw::Draw;
use crate::race::{Contender, Pace, race};
use crate::report;
use crate::scripts::{GATE_ACQUIRE, GATE_RELEASE, LOADS};
use crate::stand::Stand;

const GATES: u64 = 1_000;
/// Accounts whose load is asked for at once.
const ACCOUNTS: u64 = 100;
/// The lease of a slot, and of those that stand in the gate all the while.
const LEASE_MS: i64 = 600_000;

pub(crate) fn run(pace: &Pace) {
    report::title("QGATE: slots");
    report::duels();
    let mut stand = Stand::start(Redis::builder());
    pairs(
        &mut stand,
        pace,
        10,
        "acquire + release, 10 live",
        Some(2.5),
    );
    refused(&mut stand, pace);
    counted(&mut stand, pace);
    let mut stand = Stand::start(Redis::builder());
    pairs(
        &mut stand,
        pace,
        100,
        "acquire + release, 100 live",
        Some(1.5),
    );
    let mut stand = Stand::start(crate::stand::with_aof());
    pairs(
        &mut stand,
        pace,
        10,
        "10 live, with an AOF (everysec)",
        None,
    );
}

fn pairs(stand: &mut Stand, pace: &Pace, live: u64, name: &str, must: Option<f64>) {
    let scripts = Scripts::load(stand);
    occupy(stand, &scripts, live);
    let (mut weir, mut lua) = (Draw::new(1), Draw::new(1));
    let weir = Contender::new(&["qgate.acquire", "qgate.release"], |batch| {
        let (key, member) = (format!("gate:{}", weir.below(GATES)), weir.id());
        acquire(batch, &key, &member, "1000", 1);
        batch.push(&["QGATE.RELEASE", &key, &member], Expected::Int(1));
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        let (key, member) = (format!("zset:{}", lua.below(GATES)), lua.id());
        scripts.acquire(batch, &key, &member, "1000", 1);
        scripts.release(batch, &key, &member);
    });
    let costs = race(stand, pace, [weir, lua]);
    report::duel(name, must, costs);
}

fn refused(stand: &mut Stand, pace: &Pace) {
    let scripts = Scripts::load(stand);
    let (mut weir, mut lua) = (Draw::new(2), Draw::new(2));
    let weir = Contender::new(&["qgate.acquire"], |batch| {
        let (key, member) = (format!("gate:{}", weir.below(GATES)), weir.id());
        acquire(batch, &key, &member, "10", 0);
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        let (key, member) = (format!("zset:{}", lua.below(GATES)), lua.id());
        scripts.acquire(batch, &key, &member, "10", 0);
    });
    let costs = race(stand, pace, [weir, lua]);
    report::duel("acquire, refused at a limit of 10", Some(8.0), costs);
}

/// The load of 100 accounts, which a relay looks at before it picks one.
fn counted(stand: &mut Stand, pace: &Pace) {
    let script = stand.script(LOADS);
    let now = time::unix_ms().to_string();
    stand.fill((ACCOUNTS * 10) as usize, |at, batch| {
        let at = at as u64;
        let key = format!("slots:{}", at % ACCOUNTS);
        let words = ["ZADD", &key, &now, &format!("live-{at}")];
        batch.push(&words, Expected::Int(1));
    });
    let gates: Vec<String> = (0..ACCOUNTS).map(|at| format!("gate:{at}")).collect();
    let count: Vec<&str> = std::iter::once("QGATE.COUNT")
        .chain(gates.iter().map(String::as_str))
        .collect();
    let ttl = LEASE_MS.to_string();
    let ids: Vec<String> = (0..ACCOUNTS).map(|at| at.to_string()).collect();
    let loads: Vec<&str> = ["EVALSHA", &script, "0", &ttl]
        .into_iter()
        .chain(ids.iter().flat_map(|id| [id.as_str(), "10"]))
        .collect();
    let all = ACCOUNTS as usize;
    let weir = Contender::new(&["qgate.count"], |batch| {
        batch.push(&count, Expected::Items(all));
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        batch.push(&loads, Expected::Items(4 * all));
    });
    let costs = race(stand, pace, [weir, lua]);
    report::duel("load of 100 accounts, 10 live each", None, costs);
}

/// Fills every gate of both forms with members that stay.
fn occupy(stand: &mut Stand, scripts: &Scripts, live: u64) {
    stand.fill((GATES * live) as usize, |at, batch| {
        let at = at as u64;
        let (gate, member) = (at % GATES, format!("req-{at:012}-standing"));
        let (weir, lua) = (format!("gate:{gate}"), format!("zset:{gate}"));
        acquire(batch, &weir, &member, "1000", 1);
        scripts.acquire(batch, &lua, &member, "1000", 1);
    });
}

pub(crate) fn acquire(batch: &mut Batch, key: &str, member: &str, limit: &str, status: i64) {
    let lease = LEASE_MS.to_string();
    let words = ["QGATE.ACQUIRE", key, member, "LIMIT", limit, "PX", &lease];
    batch.push(&words, Expected::Int(status));
}

/// The two scripts of a gate, loaded into a server.
pub(crate) struct Scripts {
    acquire: String,
    release: String,
}

impl Scripts {
    pub(crate) fn load(stand: &mut Stand) -> Self {
        Self {
            acquire: stand.script(GATE_ACQUIRE),
            release: stand.script(GATE_RELEASE),
        }
    }

    /// The caller's clock decides: that is what the scripts do.
    pub(crate) fn acquire(
        &self,
        batch: &mut Batch,
        key: &str,
        member: &str,
        limit: &str,
        status: i64,
    ) {
        let now = time::unix_ms();
        let (end, now) = ((now + LEASE_MS).to_string(), now.to_string());
        let ttl = (LEASE_MS / 1_000).to_string();
        let words = [
            "EVALSHA",
            &self.acquire,
            "1",
            key,
            &now,
            limit,
            &end,
            member,
            &ttl,
        ];
        batch.push(&words, Expected::Int(status));
    }

    fn release(&self, batch: &mut Batch, key: &str, member: &str) {
        let words = ["EVALSHA", &self.release, "1", key, member];
        batch.push(&words, Expected::Int(1));
    }
}
