//! Budgets: a cost reserved and settled, beside the same in Lua.

use harness::Redis;

use crate::batch::{Batch, Expected};
use crate::draw::Draw;
use crate::race::{Contender, Cost, Pace, race};
use crate::report;
use crate::scripts::{BUDGET_RESERVE, BUDGET_SETTLE};
use crate::stand::{Stand, with_aof};

/// What a reservation and its settlement may cost in one budget, in microseconds.
const MOST: f64 = 10.0;
const NO_LIMIT: &str = "9007199254740991";
/// Of the reservations that come and go.
const LEASE_MS: &str = "60000";
/// For how long a settlement is remembered, so that the remembered ones do not grow without end while it is measured.
const KEEP_MS: &str = "100";
/// Those that stay end within an hour, from one to the next.
const HOUR_MS: u64 = 3_600_000;

pub(crate) fn run(pace: &Pace) {
    report::title("BUDGET: spending under a limit");
    report::bounded_duels();
    for (live, most) in [(10, Some(MOST)), (1_000, Some(MOST)), (100_000, None)] {
        let mut stand = Stand::start(Redis::builder());
        let cost = settled(&mut stand, pace, &["day"], live);
        let name = format!("reserve + settle, {live} live");
        report::bounded_duel(&name, most, cost);
        let name = format!("reserve, refused, {live} live");
        report::bounded_duel(&name, None, refused(&mut stand, pace));
    }
    let mut stand = Stand::start(Redis::builder());
    let three = settled(&mut stand, pace, &["day", "month", "total"], 1_000);
    report::bounded_duel("the same in three budgets, 1000 live each", None, three);
    let mut stand = Stand::start(with_aof());
    let with_aof = settled(&mut stand, pace, &["day"], 1_000);
    report::bounded_duel("1000 live, with an AOF (everysec)", None, with_aof);
}

/// The scripts, as the server knows them.
#[derive(Debug)]
pub(crate) struct Scripts {
    reserve: String,
    settle: String,
}

impl Scripts {
    pub(crate) fn load(stand: &mut Stand) -> Self {
        Self {
            reserve: stand.script(BUDGET_RESERVE),
            settle: stand.script(BUDGET_SETTLE),
        }
    }
}

fn settled(stand: &mut Stand, pace: &Pace, budgets: &[&str], live: usize) -> [Cost; 2] {
    let scripts = Scripts::load(stand);
    let mut draw = Draw::new(1);
    stand.fill(live, |_, batch| {
        let (id, lease) = (draw.id(), (HOUR_MS + draw.below(HOUR_MS)).to_string());
        reserve(batch, budgets, &id, &lease, NO_LIMIT);
        scripts.reserve(batch, budgets, &id, &lease, NO_LIMIT);
    });
    let (mut weir, mut lua) = (Draw::new(2), Draw::new(2));
    let weir = Contender::new(&["budget.reserve", "budget.settle"], |batch| {
        let id = weir.id();
        reserve(batch, budgets, &id, LEASE_MS, NO_LIMIT);
        settle(batch, budgets, &id, KEEP_MS);
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        let id = lua.id();
        scripts.reserve(batch, budgets, &id, LEASE_MS, NO_LIMIT);
        scripts.settle(batch, budgets, &id, KEEP_MS);
    });
    race(stand, pace, [weir, lua])
}

fn refused(stand: &mut Stand, pace: &Pace) -> [Cost; 2] {
    let scripts = Scripts::load(stand);
    let (mut weir, mut lua) = (Draw::new(3), Draw::new(3));
    let weir = Contender::new(&["budget.reserve"], |batch| {
        reserve(batch, &["day"], &weir.id(), LEASE_MS, "1");
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        scripts.reserve(batch, &["day"], &lua.id(), LEASE_MS, "1");
    });
    race(stand, pace, [weir, lua])
}

/// What a limit answers.
fn expected(limit: &str) -> Expected {
    Expected::Int(i64::from(limit == NO_LIMIT))
}

fn reserve(batch: &mut Batch, budgets: &[&str], id: &str, lease: &str, limit: &str) {
    let keys: Vec<_> = budgets
        .iter()
        .map(|name| format!("budget:{name}"))
        .collect();
    let mut words = vec!["BUDGET.RESERVE", &keys[0], id, "COST", "1234", "PX", lease];
    words.extend(["LIMIT", limit]);
    for key in &keys[1..] {
        words.extend(["AND", key, "LIMIT", limit]);
    }
    batch.push(&words, expected(limit));
}

pub(crate) fn settle(batch: &mut Batch, budgets: &[&str], id: &str, keep: &str) {
    let keys: Vec<_> = budgets
        .iter()
        .map(|name| format!("budget:{name}"))
        .collect();
    let mut words = vec!["BUDGET.SETTLE", &keys[0], id, "987", "KEEP", keep];
    for key in &keys[1..] {
        words.extend(["AND", key]);
    }
    let booked = i64::try_from(budgets.len()).expect("they are few");
    batch.push(&words, Expected::Int(booked));
}

impl Scripts {
    fn reserve(&self, batch: &mut Batch, budgets: &[&str], id: &str, lease: &str, limit: &str) {
        let rest = [id, "1234", lease, limit];
        call(batch, &self.reserve, budgets, &rest, expected(limit));
    }

    pub(crate) fn settle(&self, batch: &mut Batch, budgets: &[&str], id: &str, keep: &str) {
        let booked = i64::try_from(budgets.len()).expect("they are few");
        let rest = [id, "987", keep];
        call(batch, &self.settle, budgets, &rest, Expected::Int(booked));
    }
}

fn call(batch: &mut Batch, script: &str, budgets: &[&str], rest: &[&str], expected: Expected) {
    let keys = budgets
        .iter()
        .flat_map(|name| ["sums", "leases", "settled"].map(|part| format!("lua:{name}:{part}")));
    let keys: Vec<_> = keys.collect();
    let count = keys.len().to_string();
    let mut words = vec!["EVALSHA", script, &count];
    words.extend(keys.iter().map(String::as_str));
    words.extend(rest);
    batch.push(&words, expected);
}
