//! What the live stream of the queues costs the relay and Redis: the same callers stand in line while some watch and while
//! nobody does, in turns; what two such windows differ by is the stream's.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep, sleep_until};

use super::crowd::{ACCOUNTS, ALL_SLOTS, ALL_WAITERS, Crowd, KEYS};
use super::scene::Meter;
use super::viewer::{Seen, Viewer};
use crate::race::{Pace, median};
use crate::{report, room};

const VIEWERS: usize = 5;
/// How many accounts each group has: who waits stands in the line of each of them.
const SHAPES: [usize; 2] = [1, 5];
/// Of an account's line as much is shown.
const SHOWN: usize = 100;
/// A snapshot is made each second: so many in a window.
const EVERY: Duration = Duration::from_secs(1);
const SNAPSHOTS: u32 = 4;
/// Of a core, in percent.
const MOST_RELAY: f64 = 2.0;
const MOST_REDIS: f64 = 1.0;
const WINDOW: Duration = EVERY.saturating_mul(SNAPSHOTS);

pub(crate) fn run(pace: &Pace) {
    report::title("The queues live");
    if !room::make() {
        return println!(
            "Not measured: the system does not let a process have so many connections."
        );
    }
    let rounds = pace.rounds.div_ceil(3);
    println!(
        "{ACCOUNTS} accounts with all of their {ALL_SLOTS} slots held, {KEYS} keys, {ALL_WAITERS} callers in line; {VIEWERS} viewers of \
         `GET /api/live`. CPU time per second, windows of {SNAPSHOTS} s with viewers and without in turns; medians of {rounds} \
         differences.\n"
    );
    report::table(&[
        "each waits for",
        "waiters shown",
        "KB a snapshot",
        "snapshots a second, each viewer",
        "relay, % of a core",
        "Redis, % of a core",
        "Redis commands a snapshot",
        "the standing crowd: relay %",
        "Redis %",
    ]);
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    for accounts_each in SHAPES {
        LocalSet::new().block_on(&runtime, measure(accounts_each, rounds));
    }
}

async fn measure(accounts_each: usize, rounds: usize) {
    let crowd = Crowd::gather(accounts_each).await;
    let (mut watched, mut alone, mut fewest) = (Vec::new(), Vec::new(), usize::MAX);
    let mut newest = Seen::default();
    for _ in 0..rounds {
        let (meter, seen) = watched_window(&crowd).await;
        for seen in seen {
            check(&seen, accounts_each);
            fewest = fewest.min(seen.snapshots);
            newest = seen;
        }
        watched.push(meter);
        alone.push(window_alone(&crowd).await);
    }
    let name = match accounts_each {
        1 => "one account".into(),
        many => format!("any of {many} accounts"),
    };
    let rate = fewest as f64 / WINDOW.as_secs_f64();
    let more = |value: fn(&Meter) -> f64| {
        let rounds = watched.iter().zip(&alone);
        let differences = rounds.map(|(with, without)| value(with) - value(without));
        median(differences.collect())
    };
    let standing = |value: fn(&Meter) -> f64| median(alone.iter().map(value).collect());
    report::row(&[
        name,
        rows(&newest.snapshot()).len().to_string(),
        format!("{:.0}", newest.newest.len() as f64 / 1e3),
        report::at_least(rate, 1.0, 2),
        report::at_most(of_core(more(|meter| meter.relay_us)), MOST_RELAY, 2),
        report::at_most(of_core(more(|meter| meter.redis_us)), MOST_REDIS, 2),
        format!("{:.0}", more(|meter| meter.commands) / f64::from(SNAPSHOTS)),
        format!("{:.2}", of_core(standing(|meter| meter.relay_us))),
        format!("{:.2}", of_core(standing(|meter| meter.redis_us))),
    ]);
}

/// In percent, of so many microseconds in a window.
fn of_core(us: f64) -> f64 {
    us / WINDOW.as_micros() as f64 * 100.0
}

/// The relay knows whom it shows when the window begins: it asked when it first saw them.
async fn watched_window(crowd: &Crowd) -> (Meter, Vec<Seen>) {
    let mut opening = JoinSet::new();
    for _ in 0..VIEWERS {
        let operator = crowd.operator.clone();
        opening.spawn_local(async move { Viewer::open(&operator, 2).await });
    }
    let viewers = opening.join_all().await;
    // Snapshots come in the middle of each second of the window, none at an edge of it.
    sleep(EVERY / 2).await;
    let (before, until) = (crowd.meter(), Instant::now() + WINDOW);
    let mut watching = JoinSet::new();
    for viewer in viewers {
        watching.spawn_local(viewer.watch(until));
    }
    let seen = watching.join_all().await;
    (crowd.meter().since(&before), seen)
}

async fn window_alone(crowd: &Crowd) -> Meter {
    // Until the relay has seen that they are gone, and rests.
    sleep(EVERY * 2).await;
    let (before, until) = (crowd.meter(), Instant::now() + WINDOW);
    sleep_until(until).await;
    let meter = crowd.meter().since(&before);
    assert!(
        meter.commands < KEYS as f64,
        "the relay looks at the queues while nobody does: {meter:?}"
    );
    meter
}

/// Each second a snapshot has come, and it shows who holds and who waits.
fn check(seen: &Seen, accounts_each: usize) {
    let snapshots = seen.snapshots;
    assert!(
        snapshots + 1 >= SNAPSHOTS as usize,
        "{snapshots} of {SNAPSHOTS} snapshots have come"
    );
    let snapshot = seen.snapshot();
    let totals = &snapshot["totals"];
    assert_eq!(totals["in_flight"], ALL_SLOTS, "{totals}");
    assert_eq!(totals["waiting"], ALL_WAITERS, "{totals}");
    let count = |rows: &Value| rows.as_array().map(Vec::len);
    assert_eq!(count(&snapshot["accounts"]), Some(ACCOUNTS));
    assert_eq!(count(&snapshot["keys"]), Some(KEYS));
    let each = SHOWN.min(ALL_WAITERS * accounts_each / ACCOUNTS);
    let rows = rows(&snapshot);
    assert_eq!(rows.len(), ACCOUNTS * each);
    let named = |row: &&Value| row["key_name"].is_string() && row["model"].is_string();
    assert!(
        rows.iter().all(named),
        "it is not known of all who they are"
    );
    let members: HashSet<&str> = rows
        .iter()
        .filter_map(|row| row["member"].as_str())
        .collect();
    assert!(members.len() >= rows.len() / accounts_each);
}

/// All waiters that are shown.
fn rows(snapshot: &Value) -> Vec<&Value> {
    let accounts = snapshot["accounts"].as_array().into_iter().flatten();
    let lines = accounts.filter_map(|account| account["line"].as_array());
    lines.flatten().collect()
}
