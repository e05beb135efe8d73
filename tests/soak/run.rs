//! One soak: its world, its callers, what happens meanwhile, and what came of it.

use std::sync::mpsc::Receiver;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use harness::weir::Holdings;
use harness::{Draw, eventually, time};
use tokio::task::JoinSet;
use weir_relay::mock::Event;

use crate::books::{Books, counters};
use crate::caller::{Caller, Seen};
use crate::check::{Absence, Story};
use crate::disturb::{End, Until, crash, kill, silences, stand_stills};
use crate::journal::{Journal, Limits};
use crate::memory::Memory;
use crate::plan::{Disturbance, Plan};
use crate::purse::purses;
use crate::report::Report;
use crate::world::{World, serial_account};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What somebody who only looks on has seen.
struct Looks {
    journal: Journal,
    books: Books,
    events: Receiver<Event>,
    /// Of each relay, then of Redis.
    memory: Vec<Memory>,
}

impl Looks {
    fn new(world: &World, plan: &Plan) -> Self {
        let limits = Limits {
            account: plan.limit,
            key: plan.key_limit,
            serial_account: serial_account(plan),
        };
        Self {
            journal: Journal::new(limits),
            books: Books::new(),
            events: world.provider.watch(),
            memory: (0..=world.relays()).map(|_| Memory::new()).collect(),
        }
    }

    fn look(&mut self, world: &World) {
        for event in self.events.try_iter() {
            self.journal.note(event);
        }
        let redis = world.redis();
        self.books.read(&redis);
        let relays = (0..world.relays()).map(|place| world.relay(place).pid());
        let pids = relays.chain([redis.pid()]);
        for (memory, pid) in self.memory.iter_mut().zip(pids) {
            memory.look(pid);
        }
    }
}

/// # Panics
/// When something stays held.
pub(crate) fn run(plan: &Plan) -> Report {
    let world = World::start(plan);
    let mut looks = Looks::new(&world, plan);
    let begun = time::now();
    let happened = happen(&world, &mut looks, plan);
    let took = begun.elapsed();
    until_nothing_is_held(&world);
    let logs = stop_relays(&world);
    looks.look(&world);
    let redis = world.redis();
    let story = Story {
        seen: happened.seen,
        journal: looks.journal,
        records: looks.books.records,
        counters: ["hour", "day"].map(|period| counters(&redis, period)),
        limits: world.limits.clone(),
        purses: purses(&redis),
        callers_per_key: plan.callers_per_key(),
        absences: happened.absences,
        crashes: happened.crashes,
        failover: happened.failover,
        still: happened.still,
        silent: happened.silent,
        renewal: plan.renewal(),
    };
    Report::new(plan, took, story, &looks.memory, logs)
}

/// What became of the callers, and what happened meanwhile.
struct Happened {
    seen: Vec<Seen>,
    still: Vec<[Instant; 2]>,
    silent: Vec<[Instant; 2]>,
    absences: Vec<Absence>,
    crashes: usize,
    failover: Option<[Instant; 2]>,
}

fn happen(world: &World, looks: &mut Looks, plan: &Plan) -> Happened {
    let mut end = End::default();
    let disturbed = match plan.disturbance {
        Disturbance::None => 0,
        Disturbance::Kills | Disturbance::Crashes => world.relays(),
    };
    thread::scope(|scope| {
        let until = end.until();
        let onlooker = scope.spawn(move || {
            while until.goes_on_for(LOOK_EVERY) {
                looks.look(world);
            }
        });
        let until = end.until();
        let ticker = scope.spawn(move || stand_stills(&until));
        let writers = world.writers().into_iter().map(|socket| {
            let until = end.until();
            scope.spawn(move || silences(&socket, &until))
        });
        let writers: Vec<_> = writers.collect();
        let killers = (0..disturbed).map(|relay| {
            let until = end.until();
            scope.spawn(move || kill(world, relay, plan.seed, &until))
        });
        let killers: Vec<_> = killers.collect();
        let until = end.until();
        let crasher = scope.spawn(move || match plan.disturbance {
            Disturbance::Crashes => crash(world, plan.seed, &until),
            Disturbance::None | Disturbance::Kills => 0,
        });
        let until = end.until();
        let failover = scope.spawn(move || fail_over(world, plan, &until));
        let seen = call(world, plan);
        drop(end);
        onlooker.join().expect("the onlooker has seen all");
        Happened {
            seen,
            still: ticker.join().expect("the clock ticks"),
            silent: all(writers),
            absences: all(killers),
            crashes: crasher.join().expect("Redis has come back"),
            failover: failover.join().expect("a server took over"),
        }
    })
}

/// What they have found, all of them.
fn all<T>(threads: Vec<ScopedJoinHandle<'_, Vec<T>>>) -> Vec<T> {
    let found = threads.into_iter();
    let found = found.map(|thread| thread.join().expect("it has not failed"));
    found.flatten().collect()
}

/// In the middle of a run with kills; from its order until the other server has taken over.
fn fail_over(world: &World, plan: &Plan, until: &Until) -> Option<[Instant; 2]> {
    if plan.disturbance != Disturbance::Kills || !until.goes_on_for(plan.span / 2) {
        return None;
    }
    let from = time::now();
    world.fail_over();
    Some([from, time::now()])
}

fn call(world: &World, plan: &Plan) -> Vec<Seen> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("the system gives threads");
    let end = time::now() + plan.span;
    runtime.block_on(async {
        let mut callers = JoinSet::new();
        for number in 0..plan.callers {
            let key = number % plan.keys;
            let caller = Caller {
                number,
                key: (key, world.keys[key as usize].clone()),
                relays: world.addrs.clone(),
                leave_percent: plan.leave_percent,
                draw: Draw::new(plan.seed, u64::from(number)),
            };
            callers.spawn(caller.call_until(end));
        }
        callers.join_all().await.concat()
    })
}

/// No slot, turn, intent, reservation or upstream request is left. What killed relays held ends with its lease.
fn until_nothing_is_held(world: &World) {
    let redis = world.redis();
    let held = Holdings(&redis);
    eventually("nothing is held any more", || {
        let upstream = world.provider.stats().in_flight;
        let reserved: u64 = purses(&redis).iter().map(|purse| purse.reserved).sum();
        let [slots, turns, intents] = [held.slots(), held.turns(), held.intents().len()];
        match (slots, turns, intents, reserved, upstream) {
            (0, 0, 0, 0, 0) => Ok(()),
            seen => Err(format!(
                "slots, turns, intents, micro-dollars, upstream requests: {seen:?}"
            )),
        }
    });
}

/// What they have printed.
fn stop_relays(world: &World) -> Vec<String> {
    let stop = |place| {
        let mut relay = world.relay(place);
        let status = relay.terminate();
        assert!(status.success(), "{status}: {}", relay.log());
        relay.log()
    };
    (0..world.relays()).map(stop).collect()
}
