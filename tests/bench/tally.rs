//! Counters: a request booked by the hour and by the day, once, beside the same in Lua.

use harness::Redis;

use crate::batch::{Batch, Expected};
use crate::draw::Draw;
use crate::race::{Contender, Cost, Pace, race};
use crate::report;
use crate::scripts::TALLY_ADD;
use crate::stand::{Stand, with_aof};

/// What a booking of six increments may cost, in microseconds.
const MOST: f64 = 6.0;
/// For how long an id is known, so that the known ones do not grow without end while it is measured: some are swept.
const KEEP_MS: &str = "100";
/// Whose requests are counted: so few that the server keeps their counters in a list, and so many that it keeps a table.
const FEW: u64 = 3;
const MANY: u64 = 1_000;

pub(crate) fn run(pace: &Pace) {
    report::title("TALLY: counters");
    report::bounded_duels();
    for (operation, callers) in [
        ("six increments in two large hashes", MANY),
        ("six increments in two small ones", FEW),
    ] {
        let mut stand = Stand::start(Redis::builder());
        report::bounded_duel(operation, Some(MOST), counted(&mut stand, pace, callers));
    }
    let mut stand = Stand::start(Redis::builder());
    report::bounded_duel("known already", None, repeated(&mut stand, pace));
    let mut stand = Stand::start(with_aof());
    let with_aof = counted(&mut stand, pace, MANY);
    report::bounded_duel("two large hashes, AOF (everysec)", None, with_aof);
}

fn counted(stand: &mut Stand, pace: &Pace, callers: u64) -> [Cost; 2] {
    let script = stand.script(TALLY_ADD);
    let count = usize::try_from(callers).expect("they are few");
    stand.fill(count, |at, batch| {
        let (id, caller) = (format!("first-{at}"), at as u64);
        command(batch, &id, caller, KEEP_MS, Expected::Int(1));
        call(batch, &script, &id, caller, KEEP_MS, Expected::Int(1));
    });
    let (mut weir, mut lua) = (Draw::new(1), Draw::new(1));
    let weir = Contender::new(&["tally.add"], |batch| {
        let (id, caller) = (weir.id(), weir.below(callers));
        command(batch, &id, caller, KEEP_MS, Expected::Int(1));
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        let (id, caller) = (lua.id(), lua.below(callers));
        call(batch, &script, &id, caller, KEEP_MS, Expected::Int(1));
    });
    race(stand, pace, [weir, lua])
}

fn repeated(stand: &mut Stand, pace: &Pace) -> [Cost; 2] {
    const LONG: &str = "3600000";
    let script = stand.script(TALLY_ADD);
    stand.fill(1, |_, batch| {
        command(batch, "known", 0, LONG, Expected::Int(1));
        call(batch, &script, "known", 0, LONG, Expected::Int(1));
    });
    let weir = Contender::new(&["tally.add"], |batch| {
        command(batch, "known", 0, LONG, Expected::Int(0));
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        call(batch, &script, "known", 0, LONG, Expected::Int(0));
    });
    race(stand, pace, [weir, lua])
}

fn fields(caller: u64) -> [(String, &'static str); 3] {
    [("requests", "1"), ("input", "1234"), ("output", "567")]
        .map(|(what, by)| (format!("key-{caller}:{what}"), by))
}

fn command(batch: &mut Batch, id: &str, caller: u64, keep: &str, expected: Expected) {
    let mut words = vec!["TALLY.ADD", "tally:ids", id, "PX", keep, "6"];
    let fields = fields(caller);
    for hash in ["tally:hour", "tally:day"] {
        for (field, by) in &fields {
            words.extend([hash, field, by]);
        }
    }
    batch.push(&words, expected);
}

fn call(batch: &mut Batch, script: &str, id: &str, caller: u64, keep: &str, expected: Expected) {
    let (ids, hour, day) = ("lua:ids", "lua:hour", "lua:day");
    let mut words = vec!["EVALSHA", script, "3", ids, hour, day, id, keep];
    let fields = fields(caller);
    for (field, by) in &fields {
        words.extend([field.as_str(), by]);
    }
    batch.push(&words, expected);
}
