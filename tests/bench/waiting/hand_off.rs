//! What a hand-off costs the server while a thousand wait, and while ten thousand do. Who has given back asks
//! again at once, so that as many wait all the time.

use std::time::Duration;

use harness::eventually_async;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::request::slot;
use super::way::Way;
use crate::draw::Draw;
use crate::race::{Pace, median};
use crate::report::{self, micros};
use crate::room;
use crate::stand::Stand;

const FEW: usize = 1_000;
const MANY: usize = 10_000;
const SLOTS: usize = 1_000;
const HOLD: Duration = Duration::from_millis(50);

/// What hand-offs cost meanwhile.
pub(crate) struct Seen {
    pub(crate) per_second: f64,
    /// Of the server, per hand-off, in microseconds.
    pub(crate) cpu: f64,
    /// The commands' own part of it.
    pub(crate) own: f64,
}

pub(super) async fn run(pace: &Pace) {
    report::title("Server CPU per hand-off");
    println!(
        "{SLOTS} slots of {} ms; a hand-off is one release, one grant and one asking again, with all their \
         socket work.\n",
        HOLD.as_millis()
    );
    report::table(&[
        "way",
        "waiters",
        "hand-offs/s",
        "server CPU µs",
        "commands' own µs",
        "of the CPU with fewer",
    ]);
    let mut seen = Way::ALL.map(|way| (way, [Vec::new(), Vec::new()]));
    for _ in 0..pace.rounds.div_ceil(3) {
        for (way, [few, many]) in &mut seen {
            few.push(round(*way, FEW, pace.window * 5).await);
            many.push(round(*way, MANY, pace.window * 5).await);
        }
    }
    for (way, [few, many]) in seen {
        let base = row(way, FEW, &few, None);
        row(way, MANY, &many, Some(base));
    }
}

/// Gives the CPU time of a hand-off; `base`: that with fewer waiters.
fn row(way: Way, waiters: usize, seen: &[Seen], base: Option<f64>) -> f64 {
    let of = |value: fn(&Seen) -> f64| median(seen.iter().map(value).collect());
    let cpu = of(|seen| seen.cpu);
    let most = match way {
        Way::Block => 35.0,
        Way::Notify => 20.0,
    };
    report::row(&[
        way.name().into(),
        waiters.to_string(),
        format!("{:.0}", of(|seen| seen.per_second)),
        report::at_most(cpu, most, 1),
        micros(of(|seen| seen.own)),
        base.map_or_else(|| "–".into(), |base| report::at_most(cpu / base, 1.5, 2)),
    ]);
    cpu
}

async fn round(way: Way, waiters: usize, window: Duration) -> Seen {
    let mut stand = room::stand();
    let mut draw = Draw::new(1);
    let mut running: JoinSet<()> = JoinSet::new();
    for mut waiter in way.waiters(&stand.socket(), SLOTS + waiters).await {
        let request = slot("gate", SLOTS, draw.id(), way.clause());
        running.spawn_local(async move {
            loop {
                waiter.pass(&request, HOLD).await;
            }
        });
    }
    until_they_wait(&mut stand, "gate", waiters).await;
    let seen = look(&mut stand, &["qgate.acquire", "qgate.release"], window).await;
    running.shutdown().await;
    seen
}

/// Looks for a while at a server on which hand-offs go on by these commands.
pub(crate) async fn look(stand: &mut Stand, commands: &[&str], window: Duration) -> Seen {
    let (begun, before, cpu) = (Instant::now(), hand_offs(stand), stand.cpu());
    stand.reset_spent();
    sleep_until(begun + window).await;
    let cpu = stand.cpu().since(cpu).ran.as_secs_f64();
    // The server's own account goes on while another program has the CPU.
    let own = (stand.spent(commands) as f64).min(cpu * 1e6);
    let count = hand_offs(stand) - before;
    let lasted = begun.elapsed().as_secs_f64();
    Seen {
        per_second: count / lasted,
        cpu: cpu * 1e6 / count,
        own: own / count,
    }
}

/// Some have just been served and have not asked again.
pub(crate) async fn until_they_wait(stand: &mut Stand, gate: &str, waiters: usize) {
    let most = i64::try_from(waiters).expect("they are few enough");
    eventually_async("all wait", async || {
        let counted = stand.control().call(["QGATE.COUNT", gate]);
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
