//! What happens to a soak while it runs, and who looks on: threads that each do one thing now and then until the end.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use harness::{Client, Draw, Reply, time};

use crate::check::Absence;
use crate::world::World;

/// How long a relay lives, in milliseconds.
const LIVES_MS: [i64; 2] = [2_000, 12_000];
/// For how long it stays away, in milliseconds; else it comes back at once.
const AWAY_MS: [i64; 2] = [0, 1_500];
/// How long Redis lives.
const REDIS_LIVES_MS: [i64; 2] = [3_000, 15_000];

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
    let mut absences = Vec::new();
    while until.goes_on_for(span(&mut draw, LIVES_MS)) {
        let from = time::now();
        world.relay(relay).kill();
        // The end finds it alive.
        until.goes_on_for(span(&mut draw, AWAY_MS));
        // It does not start without Redis.
        let _there = world.redis();
        world.relay(relay).start_again();
        absences.push(Absence {
            relay,
            from,
            until: time::now(),
        });
    }
    absences
}

/// Kills Redis again and again; it comes back at once, with what it has written. How often.
pub(crate) fn crash(world: &World, seed: u64, until: &Until) -> usize {
    let mut draw = Draw::new(seed, 2_000_000);
    let mut crashes = 0;
    while until.goes_on_for(span(&mut draw, REDIS_LIVES_MS)) {
        world.crash();
        crashes += 1;
    }
    crashes
}

fn span(draw: &mut Draw, [least, most]: [i64; 2]) -> Duration {
    Duration::from_millis(draw.between(least, most).unsigned_abs())
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

/// When the server at this socket took a write so late, or none, that relays may have given it up. One that refuses writes is
/// asked in vain.
pub(crate) fn silences(socket: &Path, until: &Until) -> Vec<[Instant; 2]> {
    let (mut client, mut found) = (None, Vec::new());
    // Since the last answer anything may have happened.
    let (mut answered, mut is_lost) = (time::now(), false);
    while until.goes_on_for(TICK) {
        let Ok(is_taken) = write(&mut client, socket) else {
            is_lost = true;
            continue;
        };
        if is_taken && (is_lost || answered.elapsed() > LATE) {
            found.push([answered, time::now()]);
        }
        (answered, is_lost) = (time::now(), false);
    }
    found
}

fn write(client: &mut Option<Client>, socket: &Path) -> io::Result<bool> {
    let mut connected = match client.take() {
        Some(connected) => connected,
        None => Client::connect(socket)?,
    };
    let reply = connected.try_call(WRITE)?;
    *client = Some(connected);
    match reply {
        Reply::Error(why) if why.starts_with("LOADING") => Err(io::Error::other(why)),
        reply => Ok(reply == "OK"),
    }
}
