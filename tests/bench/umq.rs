//! Turns: acquire and release beside the two scripts of a `{lock, last}` turn.

use harness::Redis;

use crate::batch::{Batch, Expected};
use crate::draw::Draw;
use crate::race::{Contender, Pace, race};
use crate::report;
use crate::scripts::{TURN_ACQUIRE, TURN_RELEASE};
use crate::stand::Stand;

const TURNS: u64 = 10_000;

pub(crate) fn run(pace: &Pace) {
    report::title("UMQ: turns");
    report::duels();
    let mut stand = Stand::start(Redis::builder());
    pairs(&mut stand, pace, "acquire + release", Some(3.0));
    held(&mut stand, pace);
    let aof = Redis::builder()
        .arg("appendonly", "yes")
        .arg("appendfsync", "everysec");
    let mut stand = Stand::start(aof);
    pairs(&mut stand, pace, "the same with an AOF (everysec)", None);
}

fn pairs(stand: &mut Stand, pace: &Pace, name: &str, must: Option<f64>) {
    let (acquire, release) = (stand.script(TURN_ACQUIRE), stand.script(TURN_RELEASE));
    let (mut weir, mut lua) = (Draw::new(1), Draw::new(1));
    let weir = Contender::new(&["umq.acquire", "umq.release"], |batch| {
        let (key, id) = (format!("turn:{}", weir.below(TURNS)), weir.id());
        weir_acquire(batch, &key, &id, Expected::Int(1));
        batch.push(&["UMQ.RELEASE", &key, &id], Expected::Int(1));
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        let (turn, id) = (lua.below(TURNS), lua.id());
        let (lock, last) = (format!("lock:{turn}"), format!("last:{turn}"));
        lua_acquire(batch, &acquire, [&lock, &last], &id, Expected::Int(1));
        let words = ["EVALSHA", &release, "2", &lock, &last, &id];
        batch.push(&words, Expected::Int(1));
    });
    let costs = race(stand, pace, [weir, lua]);
    report::duel(name, must, costs);
}

/// Somebody else holds the turn.
fn held(stand: &mut Stand, pace: &Pace) {
    const KEYS: [&str; 2] = ["lock:held", "last:held"];
    let acquire = stand.script(TURN_ACQUIRE);
    stand.fill(1, |_, batch| {
        weir_acquire(batch, "turn:held", "holder", Expected::Int(1));
        lua_acquire(batch, &acquire, KEYS, "holder", Expected::Int(1));
    });
    let (mut weir, mut lua) = (Draw::new(2), Draw::new(2));
    let weir = Contender::new(&["umq.acquire"], |batch| {
        weir_acquire(batch, "turn:held", &weir.id(), Expected::Int(0));
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        lua_acquire(batch, &acquire, KEYS, &lua.id(), Expected::Int(0));
    });
    let costs = race(stand, pace, [weir, lua]);
    report::duel("acquire, held by another", None, costs);
}

fn weir_acquire(batch: &mut Batch, key: &str, id: &str, expected: Expected) {
    let words = ["UMQ.ACQUIRE", key, id, "PX", "60000", "DELAY", "0"];
    batch.push(&words, expected);
}

fn lua_acquire(
    batch: &mut Batch,
    script: &str,
    [lock, last]: [&str; 2],
    id: &str,
    expected: Expected,
) {
    let words = ["EVALSHA", script, "2", lock, last, id, "60000", "0"];
    batch.push(&words, expected);
}
