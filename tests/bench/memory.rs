//! What a turn, a gate, an entry of a trie and a settled member of a budget take in the server's memory, beside the same in the scripts' form.

use harness::Redis;

use crate::draw::Draw;
use crate::report;
use crate::stand::Stand;
use crate::{budget, qgate, trie, umq};

const ENTRIES: usize = 20_000;

pub(crate) fn run() {
    report::title("Memory (`MEMORY USAGE`)");
    report::table(&["one", "Weir, bytes", "scripts, bytes"]);
    let mut stand = Stand::start(Redis::builder());
    turn(&mut stand);
    gate(&mut stand, 1);
    gate(&mut stand, 10);
    for segments in [8, 64, 256] {
        entry(&mut stand, segments);
    }
    settled(&mut stand);
}

/// Held, and given back once before.
fn turn(stand: &mut Stand) {
    let scripts = umq::Scripts::load(stand);
    let mut draw = Draw::new(1);
    let (first, second) = (draw.id(), draw.id());
    stand.fill(1, |_, batch| {
        umq::acquire(batch, "turn:1", &first, 1);
        umq::release(batch, "turn:1", &first);
        umq::acquire(batch, "turn:1", &second, 1);
        scripts.acquire(batch, 1, &first, 1);
        scripts.release(batch, 1, &first);
        scripts.acquire(batch, 1, &second, 1);
    });
    let weir = usage(stand, "turn:1");
    let lua = usage(stand, "lock:1") + usage(stand, "last:1");
    row("turn", [weir, lua]);
}

fn gate(stand: &mut Stand, members: usize) {
    let scripts = qgate::Scripts::load(stand);
    let (weir, lua) = (format!("gate:{members}"), format!("zset:{members}"));
    let mut draw = Draw::new(2);
    stand.fill(members, |_, batch| {
        let member = draw.id();
        qgate::acquire(batch, &weir, &member, "1000", 1);
        scripts.acquire(batch, &lua, &member, "1000", 1);
    });
    let name = format!("gate of {members}");
    row(&name, [usage(stand, &weir), usage(stand, &lua)]);
}

fn entry(stand: &mut Stand, segments: usize) {
    let scripts = trie::Scripts::load(stand);
    let (weir, lua) = (format!("trie:{segments}"), format!("hash:{segments}"));
    let mut draw = Draw::new(3);
    stand.fill(ENTRIES, |_, batch| {
        let chain = trie::chain(&mut draw, segments);
        trie::save(batch, &weir, &chain);
        scripts.save(batch, &lua, &chain);
    });
    let each = |bytes| bytes / ENTRIES as i64;
    let costs = [usage(stand, &weir), usage(stand, &lua)].map(each);
    row(&format!("trie entry, {segments} segments"), costs);
}

/// What is remembered of it for a day.
fn settled(stand: &mut Stand) {
    const DAY_MS: &str = "86400000";
    let scripts = budget::Scripts::load(stand);
    let mut draw = Draw::new(4);
    stand.fill(ENTRIES, |_, batch| {
        let id = draw.id();
        budget::settle(batch, &["day"], &id, DAY_MS);
        scripts.settle(batch, &["day"], &id, DAY_MS);
    });
    let weir = usage(stand, "budget:day");
    let lua = usage(stand, "lua:day:sums") + usage(stand, "lua:day:settled");
    let each = |bytes| bytes / ENTRIES as i64;
    row("settled member of a budget", [weir, lua].map(each));
}

fn usage(stand: &mut Stand, key: &str) -> i64 {
    stand
        .control()
        .call(format!("MEMORY USAGE {key} SAMPLES 0"))
        .int()
}

fn row(name: &str, [weir, lua]: [i64; 2]) {
    report::row(&[name.into(), weir.to_string(), lua.to_string()]);
}
