//! Prefix memory: the longest stored prefix beside the script that strips one segment after the other.

use harness::Redis;

use crate::batch::{Batch, Expected};
use crate::draw::Draw;
use crate::race::{Contender, Pace, race};
use crate::report;
use crate::scripts::{PREFIX_FIND, PREFIX_SAVE};
use crate::stand::Stand;

/// What a relay remembers: the gate of the account that has the conversation's prompt cache.
pub(crate) const VALUE: &str = "weir:{main}:gate:account:a-17";

const MANY: usize = 100_000;
/// Still one flat list in the server, which every look-up scans.
const FEW: usize = 400;
/// Chains that are asked for in turn.
const ASKED: usize = 256;
/// New chains go to another key when one has this many.
const SAVED_PER_KEY: u64 = 20_000;

pub(crate) fn run(pace: &Pace) {
    report::title("TRIE: prefix memory");
    report::duels();
    let mut stand = Stand::start(Redis::builder());
    let scripts = Scripts::load(&mut stand);
    remember(&mut stand, &scripts, MANY);
    missed(&mut stand, pace, &scripts, 64, [Some(30.0), Some(30.0)]);
    missed(&mut stand, pace, &scripts, 256, [Some(150.0), Some(150.0)]);
    hit(&mut stand, pace, &scripts, 64);
    hit(&mut stand, pace, &scripts, 256);
    saved(&mut stand, pace, &scripts, 64);
    saved(&mut stand, pace, &scripts, 256);
    let mut stand = Stand::start(Redis::builder());
    let scripts = Scripts::load(&mut stand);
    remember(&mut stand, &scripts, FEW);
    missed(&mut stand, pace, &scripts, 64, [None; 2]);
    missed(&mut stand, pace, &scripts, 256, [None; 2]);
    hit(&mut stand, pace, &scripts, 64);
}

/// `musts`: of FIND and of FIND_RO.
fn missed(
    stand: &mut Stand,
    pace: &Pace,
    scripts: &Scripts,
    segments: usize,
    musts: [Option<f64>; 2],
) {
    let chains = chains(3, ASKED, segments);
    let (mut find, mut find_ro, mut lua) = (each(&chains), each(&chains), each(&chains));
    let find = Contender::new(&["trie.find"], |batch| {
        let words = ["TRIE.FIND", "trie", find(), "EX", "3600"];
        batch.push(&words, Expected::Nil);
    });
    let find_ro = Contender::new(&["trie.find_ro"], |batch| {
        batch.push(&["TRIE.FIND_RO", "trie", find_ro()], Expected::Nil);
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        scripts.find(batch, lua(), Expected::Nil);
    });
    let [find, find_ro, lua] = race(stand, pace, [find, find_ro, lua]);
    let entries = entries(stand);
    let name = |command| format!("{command}, {entries} entries, miss, {segments} segments");
    report::duel(&name("FIND"), musts[0], [find, lua]);
    report::duel(&name("FIND_RO"), musts[1], [find_ro, lua]);
}

/// The whole chain is stored.
fn hit(stand: &mut Stand, pace: &Pace, scripts: &Scripts, segments: usize) {
    let entries = entries(stand);
    let chains = chains(4 + segments as u64, ASKED.min(entries / 10), segments);
    stand.fill(chains.len(), |at, batch| {
        save(batch, "trie", &chains[at]);
        scripts.save(batch, "hash", &chains[at]);
    });
    let (mut weir, mut lua) = (each(&chains), each(&chains));
    let weir = Contender::new(&["trie.find"], |batch| {
        let words = ["TRIE.FIND", "trie", weir(), "EX", "3600"];
        batch.push(&words, Expected::Text);
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        scripts.find(batch, lua(), Expected::Text);
    });
    let costs = race(stand, pace, [weir, lua]);
    let name = format!("FIND, {entries} entries, hit, {segments} segments");
    report::duel(&name, None, costs);
}

fn saved(stand: &mut Stand, pace: &Pace, scripts: &Scripts, segments: usize) {
    let (mut weir, mut lua) = (Draw::new(5), Draw::new(5));
    let (mut weirs, mut luas) = (0, 0);
    let weir = Contender::new(&["trie.save"], |batch| {
        let key = format!("trie:{segments}:{}", weirs / SAVED_PER_KEY);
        save(batch, &key, &chain(&mut weir, segments));
        weirs += 1;
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        let key = format!("hash:{segments}:{}", luas / SAVED_PER_KEY);
        scripts.save(batch, &key, &chain(&mut lua, segments));
        luas += 1;
    });
    let costs = race(stand, pace, [weir, lua]);
    let name = format!("SAVE, a new chain, {segments} segments");
    report::duel(&name, None, costs);
}

/// Conversations of 2 to 32 segments, in both forms.
fn remember(stand: &mut Stand, scripts: &Scripts, entries: usize) {
    let mut draw = Draw::new(6);
    stand.fill(entries, |_, batch| {
        let segments = 2 + draw.below(31) as usize;
        let chain = chain(&mut draw, segments);
        save(batch, "trie", &chain);
        scripts.save(batch, "hash", &chain);
    });
}

fn entries(stand: &mut Stand) -> usize {
    let entries = stand.control().call("HLEN hash").int();
    usize::try_from(entries).expect("a length is positive")
}

pub(crate) fn save(batch: &mut Batch, key: &str, chain: &str) {
    let words = ["TRIE.SAVE", key, chain, VALUE, "EX", "3600"];
    batch.push(&words, Expected::Text);
}

/// A conversation as relays write it: a role and a digest per segment.
pub(crate) fn chain(draw: &mut Draw, segments: usize) -> String {
    let role = |at| match at {
        0 => 's',
        at if at % 2 == 1 => 'u',
        _ => 'm',
    };
    let segment = |at| format!("{}:{:013}", role(at), base36(draw.next()));
    (0..segments).map(segment).collect::<Vec<_>>().join("-")
}

fn chains(seed: u64, count: usize, segments: usize) -> Vec<String> {
    let mut draw = Draw::new(seed);
    (0..count).map(|_| chain(&mut draw, segments)).collect()
}

/// One after the other, and again from the first.
fn each<'a>(chains: &'a [String]) -> impl FnMut() -> &'a str {
    let mut next = chains.iter().cycle();
    move || next.next().expect("there are chains")
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    while number > 0 || digits.is_empty() {
        let digit = char::from_digit((number % 36) as u32, 36);
        digits.push(digit.expect("below 36"));
        number /= 36;
    }
    digits.iter().rev().collect()
}

/// The two scripts, loaded into a server.
pub(crate) struct Scripts {
    find: String,
    save: String,
}

impl Scripts {
    pub(crate) fn load(stand: &mut Stand) -> Self {
        Self {
            find: stand.script(PREFIX_FIND),
            save: stand.script(PREFIX_SAVE),
        }
    }

    fn find(&self, batch: &mut Batch, chain: &str, expected: Expected) {
        let words = ["EVALSHA", &self.find, "1", "hash", chain, "3600"];
        batch.push(&words, expected);
    }

    pub(crate) fn save(&self, batch: &mut Batch, key: &str, chain: &str) {
        let words = ["EVALSHA", &self.save, "1", key, chain, VALUE, "3600"];
        batch.push(&words, Expected::Text);
    }
}
