//! Rates: taking and giving back beside the same GCRA in Lua.

use harness::Redis;

use crate::batch::{Batch, Expected};
use crate::draw::Draw;
use crate::race::{Contender, Cost, Pace, race};
use crate::report;
use crate::scripts::{RATE_GIVE, RATE_TAKE};
use crate::stand::{Stand, with_aof};

const RATES: u64 = 10_000;
/// What a take may cost, in microseconds.
const MOST: f64 = 1.5;

/// Burst, rate, milliseconds: no whole number of ns between two tokens, and no end to the burst while it is measured.
const AMPLE: [&str; 3] = ["1000000", "7", "60000"];
/// Nothing flows in while it is measured.
const SHORT: [&str; 3] = ["1", "1", "86400000"];

pub(crate) fn run(pace: &Pace) {
    report::title("RATE: rates");
    report::bounded_duels();
    let mut stand = Stand::start(Redis::builder());
    let [allowed, refused] = [taken(&mut stand, pace), refused(&mut stand, pace)];
    report::bounded_duel("take", Some(MOST), allowed);
    report::bounded_duel("take, refused", Some(MOST), refused);
    report::bounded_duel("take + give", None, given(&mut stand, pace));
    let mut stand = Stand::start(with_aof());
    let with_aof = taken(&mut stand, pace);
    report::bounded_duel("take with an AOF (everysec)", None, with_aof);
}

fn taken(stand: &mut Stand, pace: &Pace) -> [Cost; 2] {
    let script = stand.script(RATE_TAKE);
    let (mut weir, mut lua) = (Draw::new(1), Draw::new(1));
    let weir = Contender::new(&["rate.take"], |batch| {
        let key = format!("rate:{}", weir.below(RATES));
        command(batch, "RATE.TAKE", &key, AMPLE, Expected::Int(1));
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        let key = format!("gcra:{}", lua.below(RATES));
        call(batch, &script, &key, AMPLE, Expected::Int(1));
    });
    race(stand, pace, [weir, lua])
}

fn refused(stand: &mut Stand, pace: &Pace) -> [Cost; 2] {
    let script = stand.script(RATE_TAKE);
    stand.fill(1, |_, batch| {
        command(batch, "RATE.TAKE", "rate:short", SHORT, Expected::Int(1));
        call(batch, &script, "gcra:short", SHORT, Expected::Int(1));
    });
    let weir = Contender::new(&["rate.take"], |batch| {
        command(batch, "RATE.TAKE", "rate:short", SHORT, Expected::Int(0));
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        call(batch, &script, "gcra:short", SHORT, Expected::Int(0));
    });
    race(stand, pace, [weir, lua])
}

/// All that was taken is given back, so that the bucket is full again.
fn given(stand: &mut Stand, pace: &Pace) -> [Cost; 2] {
    let (take, give) = (stand.script(RATE_TAKE), stand.script(RATE_GIVE));
    let (mut weir, mut lua) = (Draw::new(2), Draw::new(2));
    let full = Expected::Int(1);
    let weir = Contender::new(&["rate.take", "rate.give"], |batch| {
        let key = format!("rate:given:{}", weir.below(RATES));
        command(batch, "RATE.TAKE", &key, SHORT, Expected::Int(1));
        command(batch, "RATE.GIVE", &key, SHORT, full);
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        let key = format!("gcra:given:{}", lua.below(RATES));
        call(batch, &take, &key, SHORT, Expected::Int(1));
        call(batch, &give, &key, SHORT, full);
    });
    race(stand, pace, [weir, lua])
}

fn command(batch: &mut Batch, name: &str, key: &str, rate: [&str; 3], expected: Expected) {
    let [burst, rate, per] = rate;
    let words = [
        name, key, "BURST", burst, "RATE", rate, "PER", per, "COST", "1",
    ];
    batch.push(&words, expected);
}

fn call(batch: &mut Batch, script: &str, key: &str, rate: [&str; 3], expected: Expected) {
    let [burst, rate, per] = rate;
    let words = ["EVALSHA", script, "1", key, burst, rate, per, "1"];
    batch.push(&words, expected);
}
