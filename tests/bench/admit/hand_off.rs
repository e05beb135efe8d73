//! What a hand-off costs the server whose next one wants a slot of its own gate and one of ten accounts': while a
//! thousand wait and while ten thousand do, of one caller and of a thousand. Who has given back asks again at once.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::admission::Admission;
use super::group::{Group, Own, account, caller};
use crate::draw::Draw;
use crate::race::{Pace, median};
use crate::report::{self, micros};
use crate::room;
use crate::waiting::hand_off::{Seen, look, until_they_wait};
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
    until_they_wait(&mut stand, &account(0), crowd.waiters).await;
    let seen = look(&mut stand, &["qgate.admit", "qgate.leave"], window).await;
    running.shutdown().await;
    seen
}
