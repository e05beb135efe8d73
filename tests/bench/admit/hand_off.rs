//! What a hand-off costs the server whose next one wants a slot of its own gate and one of ten accounts': while a
//! thousand wait and while ten thousand do, of one caller and of a thousand. Who has given back asks again at once.

use std::rc::Rc;
use std::time::Duration;

use harness::eventually_async;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::admission::Admission;
use super::group::{Group, Own, account, caller};
use crate::draw::Draw;
use crate::race::{Pace, median};
use crate::report::{self, micros};
use crate::stand::Stand;
use crate::waiting::room;
use crate::waiting::tickets::Tickets;

const ACCOUNTS: usize = 10;
const SLOTS: usize = 1_000;
const HOLD: Duration = Duration::from_millis(50);

/// Who waits.
#[derive(Clone, Copy)]
struct Crowd {
    waiters: usize,
    callers: usize,
    /// How many requests of one caller pass at once.
    limit: &'static str,
}

const CROWDS: [Crowd; 5] = [
    Crowd::ample(1_000, 1),
    Crowd::ample(10_000, 1),
    Crowd::ample(1_000, 1_000),
    Crowd::ample(10_000, 1_000),
    Crowd {
        waiters: 10_000,
        callers: 1_000,
        limit: "1",
    },
];

/// What one round showed.
struct Seen {
    per_second: f64,
    /// Of the server, per hand-off, in microseconds.
    cpu: f64,
    /// The commands' own part of it.
    own: f64,
}

impl Crowd {
    /// No caller is ever at its limit.
    const fn ample(waiters: usize, callers: usize) -> Self {
        Self {
            waiters,
            callers,
            limit: "100000",
        }
    }
}

pub(super) async fn run(pace: &Pace) {
    report::title("Server CPU per hand-off of an admission");
    println!(
        "{SLOTS} slots of {} ms in {ACCOUNTS} accounts; NOTIFY, 1 ALL + {ACCOUNTS} ANY, a flow and a gate per caller.\n",
        HOLD.as_millis()
    );
    report::table(&[
        "waiters",
        "callers",
        "limit of a caller",
        "hand-offs/s",
        "server CPU µs",
        "commands' own µs",
        "of the CPU of the first row",
    ]);
    let mut seen = CROWDS.map(|crowd| (crowd, Vec::new()));
    for _ in 0..pace.rounds.div_ceil(3) {
        for (crowd, seen) in &mut seen {
            seen.push(round(*crowd, pace.window * 5).await);
        }
    }
    let cpu = |seen: &[Seen]| median(seen.iter().map(|seen| seen.cpu).collect());
    let base = cpu(&seen[0].1);
    for (crowd, seen) in seen {
        let of = |value: fn(&Seen) -> f64| median(seen.iter().map(value).collect());
        report::row(&[
            crowd.waiters.to_string(),
            crowd.callers.to_string(),
            crowd.limit.into(),
            format!("{:.0}", of(|seen| seen.per_second)),
            micros(cpu(&seen)),
            micros(of(|seen| seen.own)),
            format!("{:.2}", cpu(&seen) / base),
        ]);
    }
}

async fn round(crowd: Crowd, window: Duration) -> Seen {
    let mut stand = room::stand();
    let tickets = Tickets::open(&stand.socket()).await;
    let group = Rc::new(Group::new(0..ACCOUNTS, SLOTS / ACCOUNTS));
    let mut draw = Draw::new(1);
    let mut running: JoinSet<()> = JoinSet::new();
    for at in 0..SLOTS + crowd.waiters {
        let own = Own {
            key: &caller(at % crowd.callers),
            limit: crowd.limit,
        };
        let admission = Admission::new(draw.id(), own, &group);
        let tickets = Rc::clone(&tickets);
        running.spawn_local(async move {
            loop {
                admission.pass(&tickets, HOLD).await;
            }
        });
    }
    until_they_wait(&mut stand, crowd.waiters).await;
    let (begun, before, cpu) = (Instant::now(), hand_offs(&mut stand), stand.cpu());
    stand.reset_spent();
    sleep_until(begun + window).await;
    let cpu = stand.cpu().since(cpu).ran.as_secs_f64();
    // The server's own account goes on while another program has the CPU.
    let own = (stand.spent(&["qgate.admit", "qgate.leave"]) as f64).min(cpu * 1e6);
    let count = hand_offs(&mut stand) - before;
    let lasted = begun.elapsed().as_secs_f64();
    running.shutdown().await;
    Seen {
        per_second: count / lasted,
        cpu: cpu * 1e6 / count,
        own: own / count,
    }
}

/// Some have just been served and have not asked again.
async fn until_they_wait(stand: &mut Stand, waiters: usize) {
    let most = i64::try_from(waiters).expect("they are few enough");
    eventually_async("all wait", async || {
        let counted = stand.control().call(format!("QGATE.COUNT {}", account(0)));
        let waiting = counted.items()[0].items()[1].int();
        let nearly_all = waiting * 10 >= most * 9;
        nearly_all.then_some(()).ok_or(format!("{waiting} wait"))
    })
    .await;
}

fn hand_offs(stand: &mut Stand) -> f64 {
    let counted = stand.control().info("weir_qgate_hand_offs");
    counted.parse().expect("a counter is a number")
}
