//! Turns: acquire and release beside the two scripts of a `{lock, last}` turn.

use harness::Redis;

use crate::batch::{Batch, Expected};
use crate::draw::Draw;
use crate::race::{Contender, Pace, race};
use crate::report;
use crate::scripts::{TURN_ACQUIRE, TURN_RELEASE};
use crate::stand::Stand;

const TURNS: u64 = 10_000;
/// The turn that somebody else holds.
const HELD: u64 = TURNS + 1;

pub(crate) fn run(pace: &Pace) {
    report::title("UMQ: turns");
    report::duels();
    let mut stand = Stand::start(Redis::builder());
    pairs(&mut stand, pace, "acquire + release", Some(3.0));
    held(&mut stand, pace);
    let mut stand = Stand::start(crate::stand::with_aof());
    pairs(&mut stand, pace, "the same with an AOF (everysec)", None);
}

fn pairs(stand: &mut Stand, pace: &Pace, name: &str, must: Option<f64>) {
    let scripts = Scripts::load(stand);
    let (mut weir, mut lua) = (Draw::new(1), Draw::new(1));
    let weir = Contender::new(&["umq.acquire", "umq.release"], |batch| {
        let (key, id) = (format!("turn:{}", weir.below(TURNS)), weir.id());
        acquire(batch, &key, &id, 1);
        release(batch, &key, &id);
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        let (turn, id) = (lua.below(TURNS), lua.id());
        scripts.acquire(batch, turn, &id, 1);
        scripts.release(batch, turn, &id);
    });
    let costs = race(stand, pace, [weir, lua]);
    report::duel(name, must, costs);
}

fn held(stand: &mut Stand, pace: &Pace) {
    let scripts = Scripts::load(stand);
    let key = format!("turn:{HELD}");
    stand.fill(1, |_, batch| {
        acquire(batch, &key, "holder", 1);
        scripts.acquire(batch, HELD, "holder", 1);
    });
    let (mut weir, mut lua) = (Draw::new(2), Draw::new(2));
    let weir = Contender::new(&["umq.acquire"], |batch| {
        acquire(batch, &key, &weir.id(), 0);
    });
    let lua = Contender::new(&["evalsha"], |batch| {
        scripts.acquire(batch, HELD, &lua.id(), 0);
    });
    let costs = race(stand, pace, [weir, lua]);
    report::duel("acquire, held by another", None, costs);
}

pub(crate) fn acquire(batch: &mut Batch, key: &str, id: &str, status: i64) {
    let words = ["UMQ.ACQUIRE", key, id, "PX", "60000", "DELAY", "0"];
    batch.push(&words, Expected::Int(status));
}

pub(crate) fn release(batch: &mut Batch, key: &str, id: &str) {
    batch.push(&["UMQ.RELEASE", key, id], Expected::Int(1));
}

/// The two scripts, loaded into a server.
pub(crate) struct Scripts {
    acquire: String,
    release: String,
}

impl Scripts {
    pub(crate) fn load(stand: &mut Stand) -> Self {
        Self {
            acquire: stand.script(TURN_ACQUIRE),
            release: stand.script(TURN_RELEASE),
        }
    }

    pub(crate) fn acquire(&self, batch: &mut Batch, turn: u64, id: &str, status: i64) {
        let [lock, last] = keys(turn);
        let words = [
            "EVALSHA",
            &self.acquire,
            "2",
            &lock,
            &last,
            id,
            "60000",
            "0",
        ];
        batch.push(&words, Expected::Int(status));
    }

    pub(crate) fn release(&self, batch: &mut Batch, turn: u64, id: &str) {
        let [lock, last] = keys(turn);
        let words = ["EVALSHA", &self.release, "2", &lock, &last, id];
        batch.push(&words, Expected::Int(1));
    }
}

fn keys(turn: u64) -> [String; 2] {
    [format!("lock:{turn}"), format!("last:{turn}")]
}
