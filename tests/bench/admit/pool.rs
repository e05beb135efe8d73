//! A thousand requests of a hundred callers for twenty accounts in groups that overlap, one of which closes and opens
//! again: whether a slot is ever idle that somebody is entitled to, and how evenly the callers are served.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use harness::Redis;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::admission::Admission;
use super::group::{Group, Own, account, caller};
use super::watch::{Seen, watch};
use super::world::{ACCOUNTS, CALLER_LIMIT, CALLERS, CLOSING, GROUPS, SLOTS, WAITERS, group};
use crate::batch::{Batch, Expected};
use crate::draw::Draw;
use crate::race::Pace;
use crate::report;
use crate::stand::Stand;
use crate::waiting::conn::Conn;
use crate::waiting::service::{Service, quantile};
use crate::waiting::share::{jain, within};
use crate::waiting::tickets::Tickets;

/// A service takes this long, give or take a quarter.
const HOLD: Duration = Duration::from_millis(20);
/// The account closes so often, for half of it.
const CLOSES_EVERY: Duration = Duration::from_secs(1);
const CLOSED_MS: &str = "500";
/// Until all stand in line.
const WARM_UP: Duration = Duration::from_secs(1);

pub(super) async fn run(pace: &Pace) {
    let waiters = CALLERS / WAITERS.len() * WAITERS.iter().sum::<usize>();
    report::title(&format!(
        "{waiters} requests of {CALLERS} callers for {ACCOUNTS} accounts"
    ));
    println!(
        "For {} s: accounts of {SLOTS} slots in the groups {GROUPS:?}, callers with {WAITERS:?} requests and a limit of \
         {CALLER_LIMIT}, services of {} ms ± 25 %; who has given back asks again at once. Account {CLOSING} closes every \
         {} s for {CLOSED_MS} ms.\n",
        pace.shared.as_secs(),
        HOLD.as_millis(),
        CLOSES_EVERY.as_secs(),
    );
    let stand = Stand::start(Redis::builder());
    let socket = stand.socket();
    let begin = Instant::now() + WARM_UP;
    let end = begin + pace.shared;
    let callers = start(&socket, end).await;
    sleep_until(begin).await;
    let mut closing = JoinSet::new();
    closing.spawn_local(close_again_and_again(Conn::open(&socket)));
    let seen = watch(&socket, end).await;
    closing.shutdown().await;
    let mut services = Vec::new();
    for running in callers {
        services.push(running.join_all().await.concat());
    }
    idleness(&seen);
    fairness(&services, begin, end);
}

/// Lets all requests go on until then, those of each caller together.
async fn start(socket: &Path, until: Instant) -> Vec<JoinSet<Vec<Service>>> {
    let tickets = Tickets::open(socket).await;
    let groups = GROUPS.map(|accounts| Rc::new(Group::new(accounts, SLOTS)));
    let limit = CALLER_LIMIT.to_string();
    let of_caller = |number: usize| {
        let mut running = JoinSet::new();
        for request in 0..WAITERS[number % WAITERS.len()] {
            let own = Own {
                key: &caller(number),
                limit: &limit,
            };
            let member = format!("req-{number:03}-{request:03}");
            let admission = Admission::new(member, own, &groups[group(number)]);
            let (tickets, mut draw) = (
                Rc::clone(&tickets),
                Draw::new((number * 100 + request) as u64),
            );
            running.spawn_local(async move {
                let mut services = Vec::new();
                while Instant::now() < until {
                    let hold = HOLD.mul_f64(0.75 + 0.5 * draw.part());
                    services.push(admission.pass(&tickets, hold).await);
                }
                services
            });
        }
        running
    };
    (0..CALLERS).map(of_caller).collect()
}

/// It opens by itself: nothing but the server's timer tells those who wait.
async fn close_again_and_again(mut conn: Conn) {
    let close = ["QGATE.CLOSE", &account(CLOSING), "PX", CLOSED_MS];
    let close = Batch::one(&close, Expected::Text);
    loop {
        let next = Instant::now() + CLOSES_EVERY;
        conn.call(&close).await;
        sleep_until(next).await;
    }
}

fn idleness(seen: &Seen) {
    report::table(&[
        "looks",
        "apart p50, ms",
        "longest",
        "with an idle slot",
        "idle for at most, p50, ms",
        "longest",
        "open slots in use",
        "callers held up by their own limit",
    ]);
    let each = |sum: usize| sum as f64 / seen.looks as f64;
    let idle = match &seen.idle_times[..] {
        [] => 0.0,
        times => quantile(times.to_vec(), 0.5),
    };
    report::row(&[
        seen.looks.to_string(),
        format!("{:.2}", quantile(seen.apart.clone(), 0.5)),
        format!("{:.2}", longest(&seen.apart)),
        seen.idle.to_string(),
        report::at_most(idle, 1.0, 2),
        format!("{:.2}", longest(&seen.idle_times)),
        format!("{:.2} %", 100.0 * seen.used as f64 / seen.open as f64),
        format!("{:.1}", each(seen.held_up)),
    ]);
}

fn fairness(services: &[Vec<Service>], begin: Instant, end: Instant) {
    println!();
    report::table(&[
        "admissions/s",
        "wait p50, ms",
        "longest, ms",
        "least of a caller's slot time, s",
        "most",
        "Jain index",
    ]);
    let slot_time = |services: &Vec<Service>| {
        let held = services.iter().map(|service| within(service, begin, end));
        held.sum::<Duration>().as_secs_f64()
    };
    let times: Vec<f64> = services.iter().map(slot_time).collect();
    let all = services.iter().flatten();
    let waits: Vec<f64> = all
        .filter(|service| service.granted > begin)
        .map(|service| (service.granted - service.asked).as_secs_f64() * 1e3)
        .collect();
    let longest_wait = longest(&waits);
    report::row(&[
        format!("{:.0}", waits.len() as f64 / (end - begin).as_secs_f64()),
        format!("{:.0}", quantile(waits, 0.5)),
        format!("{longest_wait:.0}"),
        format!("{:.1}", times.iter().copied().fold(f64::INFINITY, f64::min)),
        format!("{:.1}", longest(&times)),
        report::at_least(jain(&times), 0.95, 4),
    ]);
}

/// 0 when there is none.
fn longest(times: &[f64]) -> f64 {
    times.iter().copied().fold(0.0, f64::max)
}
