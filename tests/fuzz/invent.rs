//! Draws the next step: mostly one that makes sense as things stand, now and then one that does not.

mod admit;
mod budgets;
mod gates;
mod names;
mod others;
mod rates;
mod spoil;
mod tallies;
mod tries;
mod turns;

use crate::grammar::gates::Qgate;
use crate::grammar::waiting::Patience;
use crate::grammar::{self, Ask};
use crate::model::{LISTENED, Manner, World};
use crate::op::{Op, Protocol};
use crate::stage::CONNECTIONS;
use harness::Draw;

/// The words of a command.
pub(crate) type Line = Vec<Vec<u8>>;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Turn,
    Gate,
    Admit,
    Trie,
    Rate,
    Budget,
    Tally,
    Others,
    Pass,
    Leap,
    Reconnect,
    Check,
    Reload,
}

const KINDS: [(i64, Kind); 13] = [
    (20, Kind::Turn),
    (26, Kind::Gate),
    (26, Kind::Admit),
    (10, Kind::Trie),
    (8, Kind::Rate),
    (8, Kind::Budget),
    (6, Kind::Tally),
    (5, Kind::Others),
    (14, Kind::Pass),
    (1, Kind::Leap),
    (1, Kind::Reconnect),
    (2, Kind::Check),
    (1, Kind::Reload),
];

/// What most steps are about for a while, so that enough comes together: lines grow, and tries and buckets fill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mood(Kind);

impl Mood {
    pub(crate) fn new(draw: &mut Draw) -> Self {
        let families = [
            Kind::Turn,
            Kind::Gate,
            Kind::Admit,
            Kind::Trie,
            Kind::Rate,
            Kind::Budget,
            Kind::Tally,
        ];
        Self(draw.one_of(&families))
    }
}

/// How long passes, in ms.
const PASSES: [i64; 14] = [0, 0, 1, 1, 1, 2, 2, 5, 5, 10, 40, 100, 150, 1_000];
const LEAPS: [i64; 5] = [7_000, 61_000, 3_600_000, 86_400_000, 40 * 86_400_000];

pub(crate) fn next(draw: &mut Draw, world: &World, mood: Mood) -> Op {
    let connection = asker(draw);
    let kind = draw.weighted(&KINDS);
    let kind = if draw.percent(60) { mood.0 } else { kind };
    let line = match kind {
        Kind::Turn => turns::line(draw, world),
        Kind::Gate => gates::line(draw, world),
        Kind::Admit => admit::line(draw, world),
        Kind::Trie => tries::line(draw),
        Kind::Rate => rates::line(draw),
        Kind::Budget => budgets::line(draw, world),
        Kind::Tally => tallies::line(draw),
        Kind::Others => return others::step(draw, world, connection),
        Kind::Pass => {
            return Op::Pass {
                ms: draw.one_of(&PASSES),
            };
        }
        Kind::Leap => {
            return Op::Leap {
                ms: draw.one_of(&LEAPS),
            };
        }
        Kind::Reconnect => {
            let protocol = draw.one_of(&[Protocol::Resp2, Protocol::Resp3]);
            return Op::Reconnect {
                connection,
                protocol,
            };
        }
        Kind::Check => return Op::Check,
        Kind::Reload => return Op::Reload,
    };
    let line = if draw.percent(6) {
        spoiled(draw, line)
    } else {
        line
    };
    let plain = line[0].starts_with(b"UMQ") || line[0].starts_with(b"BUDGET");
    let manner = match draw.between(1, 20) {
        1 => Manner::Transaction,
        // A script's numbers are not exact where tokens are made up, or sums are large.
        2 if !plain => Manner::Script,
        _ => Manner::Plain,
    };
    Op::Send {
        connection,
        manner,
        words: line,
    }
}

/// Nobody waits unheard where the order of those who wait is not known.
fn spoiled(draw: &mut Draw, line: Line) -> Line {
    let spoiled = spoil::line(draw, line.clone());
    let name = grammar::ours(&spoiled).unwrap_or_default();
    let (key, clause) = match grammar::read(&name, &spoiled) {
        Ok(Ask::Gate(key, Qgate::Acquire(ask))) => (key, ask.clause),
        Ok(Ask::Admit(admit)) => (Vec::new(), admit.clause),
        _ => return spoiled,
    };
    let unheard = match clause.patience {
        Some(Patience::Notify { channel, .. }) => {
            !LISTENED.iter().any(|name| name.as_bytes() == channel)
        }
        Some(Patience::Block) | None => false,
    };
    let is_known = key == names::UNHEARD.as_bytes();
    if unheard && !is_known { line } else { spoiled }
}

/// Most come over one connection.
fn asker(draw: &mut Draw) -> usize {
    if draw.percent(70) {
        return 0;
    }
    let last = i64::try_from(CONNECTIONS - 1).expect("they are few");
    usize::try_from(draw.between(0, last)).expect("drawn from 0 up")
}

/// A line from words.
fn words<W: AsRef<[u8]>>(words: impl IntoIterator<Item = W>) -> Line {
    words
        .into_iter()
        .map(|word| word.as_ref().to_vec())
        .collect()
}
