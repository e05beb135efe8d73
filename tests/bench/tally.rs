//! Counters: a request booked by the hour and by the day, once, beside the same in Lua; and written of, in the same command
//! or by another one.

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
/// About so many records are kept.
const MOST_RECORDS: &str = "100000";
/// What is written of a request.
const RECORD: [&str; 16] = [
    "request",
    "req_0123456789abcdef0123",
    "key",
    "key-17",
    "account",
    "a1",
    "at_ms",
    "1795183272163",
    "outcome",
    "done",
    "duration_ms",
    "1234",
    "model",
    "claude-mock-1",
    "input",
    "1234",
];

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
    let appended = counted(&mut stand, pace, MANY);
    report::bounded_duel("two large hashes, AOF (everysec)", None, appended);
    report::title("TALLY: counters and a record");
    report::table(&[
        "AOF",
        "TALLY.ADD … RECORD µs",
        "TALLY.ADD, XADD µs",
        "server CPU µs: one command",
        "two",
    ]);
    for (aof, server) in [("none", Redis::builder()), ("everysec", with_aof())] {
        let [one, two] = recorded(&mut Stand::start(server), pace);
        let micros = [one.own, two.own, one.cpu, two.cpu].map(report::micros);
        report::row(&[&[aof.to_owned()], &micros[..]].concat());
    }
}

/// Six increments and a record of a request, in one command or in two.
fn recorded(stand: &mut Stand, pace: &Pace) -> [Cost; 2] {
    let (mut first, mut second) = (Draw::new(1), Draw::new(2));
    let one = Contender::new(&["tally.add"], |batch| {
        let (id, caller) = (first.id(), first.below(MANY));
        let increments = fields(caller);
        let mut words = counting(&id, KEEP_MS, &increments);
        words.extend(["RECORD", "tally:log", "MAXLEN", MOST_RECORDS]);
        words.extend(RECORD);
        batch.push(&words, Expected::Int(1));
    });
    let two = Contender::new(&["tally.add", "xadd"], |batch| {
        let (id, caller) = (second.id(), second.below(MANY));
        let increments = fields(caller);
        let words = counting(&id, KEEP_MS, &increments);
        batch.push(&words, Expected::Int(1));
        let mut words = vec!["XADD", "tally:log", "MAXLEN", "~", MOST_RECORDS, "*"];
        words.extend(RECORD);
        batch.push(&words, Expected::Text);
    });
    race(stand, pace, [one, two])
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
    batch.push(&counting(id, keep, &fields(caller)), expected);
}

/// By the hour and by the day.
fn counting<'a>(id: &'a str, keep: &'a str, fields: &'a [(String, &str)]) -> Vec<&'a str> {
    let mut words = vec!["TALLY.ADD", "tally:ids", id, "PX", keep, "6"];
    for hash in ["tally:hour", "tally:day"] {
        for (field, by) in fields {
            words.extend([hash, field, by]);
        }
    }
    words
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
