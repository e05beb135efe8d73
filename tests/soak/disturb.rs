//! What happens to a soak while it runs, and who looks on: threads that each do one thing now and then until the end.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use harness::{Draw, Redis, time};

use crate::check::Absence;
use crate::world::World;

/// How long a relay lives, in milliseconds.
const LIVES_MS: [i64; 2] = [2_000, 12_000];
/// For how long it stays away, in milliseconds; else it comes back at once.
const AWAY_MS: [i64; 2] = [0, 1_500];

/// A write that waits for longer than this may have had a neighbour that waited for as long as relays do.
const LATE: Duration = Duration::from_millis(500);
/// What is written to see that.
const WRITE: &str = "SET weir:{default}:soak 1";

const TICK: Duration = Duration::from_millis(20);
/// A tick that is later than this is none.
const STILL: Duration = Duration::from_millis(300);

/// The end: everybody hears it when the other half is dropped.
#[derive(Debug)]
pub(crate) struct Until(Receiver<()>);

/// Dropping it is the end.
#[derive(Debug, Default)]
pub(crate) struct End {
    told: Vec<Sender<()>>,
}

impl End {
    pub(crate) fn until(&mut self) -> Until {
        let (sender, receiver) = channel();
        self.told.push(sender);
        Until(receiver)
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

/// When this server took a write so late that relays may have given it up. One that takes none is asked in vain.
pub(crate) fn silences(redis: &Redis, until: &Until) -> Vec<[Instant; 2]> {
    let (mut client, mut found) = (redis.connect(), Vec::new());
    while until.goes_on_for(TICK) {
        let asked = time::now();
        let is_taken = client.call(WRITE) == "OK";
        if is_taken && asked.elapsed() > LATE {
            found.push([asked, time::now()]);
        }
    }
    found
}
