//! What happens to a soak while it runs, and who looks on: threads that each do one thing now and then until the end.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use harness::{Draw, time};

use crate::check::Absence;
use crate::world::World;

/// How long a relay lives, in milliseconds.
const LIVES_MS: [i64; 2] = [2_000, 12_000];
/// For how long it stays away, in milliseconds; else it comes back at once.
const AWAY_MS: [i64; 2] = [0, 1_500];

const TICK: Duration = Duration::from_millis(20);
/// A tick that is later than this is none.
const STILL: Duration = Duration::from_millis(300);

/// The end: everybody hears it when the other half is dropped.
#[derive(Debug)]
pub(crate) struct Until(Receiver<()>);

/// Dropping it is the end.
#[derive(Debug)]
pub(crate) struct End {
    _told: Vec<Sender<()>>,
}

impl End {
    pub(crate) fn new<const N: usize>() -> (Self, [Until; N]) {
        let mut told = Vec::new();
        let untils = std::array::from_fn(|_| {
            let (sender, receiver) = channel();
            told.push(sender);
            Until(receiver)
        });
        (Self { _told: told }, untils)
    }
}

impl Until {
    /// Waits for so long: whether the end has not come meanwhile.
    pub(crate) fn goes_on_for(&self, span: Duration) -> bool {
        self.0.recv_timeout(span) == Err(RecvTimeoutError::Timeout)
    }
}

/// Kills a relay again and again; when it was away.
pub(crate) fn kill(world: &World, relay: usize, seed: u64, until: &Until) -> Vec<Absence> {
    let mut draw = Draw::new(seed, relay as u64 + 1_000_000);
    let mut span =
        |[least, most]: [i64; 2]| Duration::from_millis(draw.between(least, most).unsigned_abs());
    let mut absences = Vec::new();
    while until.goes_on_for(span(LIVES_MS)) {
        let from = time::now();
        world.relay(relay).kill();
        // The end finds it alive.
        until.goes_on_for(span(AWAY_MS));
        world.relay(relay).start_again();
        absences.push(Absence {
            relay,
            from,
            until: time::now(),
        });
    }
    absences
}

/// When the machine stood still, or this program did: nobody who ran on it could keep a time then.
pub(crate) fn stand_stills(until: &Until) -> Vec<[Instant; 2]> {
    let (mut last, mut found) = (time::now(), Vec::new());
    while until.goes_on_for(TICK) {
        let now = time::now();
        if now - last > STILL {
            found.push([last, now]);
        }
        last = now;
    }
    found
}
