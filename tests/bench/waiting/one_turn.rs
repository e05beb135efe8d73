//! Many requests that want the same turn, which each holds for a while: how soon the next one has it.
//! All ways of waiting run at the same time, each on a server of its own.

use std::time::Duration;

use harness::Redis;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::conn::Conn;
use super::request::{Request, scripted_turn, token, turn};
use super::service::{Service, gaps_ms, makespan, overtaken, quantile};
use super::waiter::{Backoff, Waiter};
use super::way::Way;
use crate::draw::Draw;
use crate::race::{Pace, median};
use crate::report;
use crate::stand::Stand;
use crate::umq::Scripts;

/// For how long each has the turn.
const HOLD: Duration = Duration::from_millis(200);
/// Turns that are waited for side by side, so that more hand-offs are seen.
const TURNS: usize = 5;
/// Who comes to a turn comes this much after the one before.
const APART: Duration = Duration::from_millis(1);

pub(super) async fn run(pace: &Pace) {
    let ideal = HOLD.as_secs_f64() * pace.queue as f64;
    let title = format!(
        "{} requests for one turn of {} ms",
        pace.queue,
        HOLD.as_millis()
    );
    report::title(&title);
    println!(
        "{TURNS} turns side by side, {} ms between arrivals. With no time lost the last has given back after {ideal} s.\n",
        APART.as_millis()
    );
    report::table(&[
        "way",
        "all served, s",
        "hand-off p50, ms",
        "p99, ms",
        "commands per request",
        "overtaken by, at most",
    ]);
    let mut contenders = contenders();
    let mut callers = Vec::new();
    for contender in &mut contenders {
        callers.push(contender.callers(pace.queue).await);
    }
    let begin = Instant::now();
    let turns: Vec<_> = callers
        .into_iter()
        .map(|of_one| of_one.into_iter().map(|turn| start(turn, begin)).collect())
        .collect();
    for (contender, turns) in contenders.iter_mut().zip(turns) {
        contender.row(ideal, &served(turns).await);
    }
}

fn contenders() -> Vec<Contender> {
    let script = |first, most, jitter| Form::Script {
        first: Duration::from_millis(first),
        most: Duration::from_millis(most),
        jitter,
    };
    let forms = Way::ALL.into_iter().map(Form::Weir).chain([
        script(50, 500, 0.15),
        script(100, 2_000, 0.2),
        Form::Tokens,
    ]);
    let contender = |form| Contender {
        form,
        stand: Stand::start(Redis::builder()),
    };
    forms.map(contender).collect()
}

/// A way of coming to a turn, and its server.
struct Contender {
    form: Form,
    stand: Stand,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Weir(Way),
    /// Asked again and again, with longer and longer pauses.
    Script {
        first: Duration,
        most: Duration,
        jitter: f64,
    },
    /// One token in a list: it has neither lease, spacing nor flows.
    Tokens,
}

/// Somebody who will wait, and for what.
type Caller = (Waiter, Request);

impl Contender {
    /// Those of each turn.
    async fn callers(&mut self, queue: usize) -> Vec<Vec<Caller>> {
        let scripts = Scripts::load(&mut self.stand);
        let mut waiters = self.waiters(TURNS * queue).await.into_iter();
        let of_turn = |turn: usize| {
            if let Form::Tokens = self.form {
                let token = format!("RPUSH list:{turn} token");
                self.stand.control().call(token);
            }
            let mut draw = Draw::new(turn as u64);
            let with_request = |waiter| (waiter, self.request(&scripts, turn, draw.id()));
            waiters.by_ref().take(queue).map(with_request).collect()
        };
        (0..TURNS).map(of_turn).collect()
    }

    async fn waiters(&self, count: usize) -> Vec<Waiter> {
        let socket = self.stand.socket();
        let conns = (0..count).map(|_| Conn::open(&socket));
        match self.form {
            Form::Weir(way) => way.waiters(&socket, count).await,
            Form::Tokens => conns.map(Waiter::Blocking).collect(),
            Form::Script {
                first,
                most,
                jitter,
            } => {
                let polling = |(seed, conn)| {
                    let backoff = Backoff {
                        first,
                        factor: 1.5,
                        most,
                        jitter,
                        draw: Draw::new(seed),
                    };
                    Waiter::Polling(conn, backoff)
                };
                (0..).zip(conns).map(polling).collect()
            }
        }
    }

    fn request(&self, scripts: &Scripts, number: usize, id: String) -> Request {
        match self.form {
            Form::Weir(way) => turn(&format!("turn:{number}"), id, way.clause()),
            Form::Script { .. } => scripted_turn(scripts, number as u64, id),
            Form::Tokens => token(&format!("list:{number}"), id),
        }
    }

    fn name(&self) -> String {
        match self.form {
            Form::Weir(way) => format!("Weir, {}", way.name()),
            Form::Script { first, most, .. } => {
                let [first, most] = [first, most].map(|pause| pause.as_millis());
                format!("script, polled after {first} to {most} ms")
            }
            Form::Tokens => "list of tokens, BLPOP".into(),
        }
    }

    /// How often a request called the server.
    fn calls(&mut self) -> u64 {
        match self.form {
            Form::Weir(_) => self.stand.calls(&["umq.acquire", "umq.release"]),
            Form::Script { .. } => self.stand.calls(&["evalsha"]),
            Form::Tokens => self.stand.calls(&["blpop", "rpush"]) - TURNS as u64,
        }
    }

    fn row(&mut self, ideal: f64, turns: &[Vec<Service>]) {
        let of = |value: &dyn Fn(&Vec<Service>) -> f64| median(turns.iter().map(value).collect());
        let requests = turns.iter().map(Vec::len).sum::<usize>() as f64;
        let overtaken = turns.iter().map(|turn| overtaken(turn)).max();
        let figures = [
            (of(&|turn| makespan(turn).as_secs_f64()), 1.01 * ideal, 3),
            (of(&|turn| quantile(gaps_ms(turn), 0.5)), 1.0, 2),
            (of(&|turn| quantile(gaps_ms(turn), 0.99)), 1.0, 2),
            (self.calls() as f64 / requests, 2.0, 1),
            (overtaken.unwrap_or(0) as f64, 0.0, 0),
        ];
        let cells = figures.map(|(value, most, decimals)| match self.form {
            Form::Weir(_) => report::at_most(value, most, decimals),
            Form::Script { .. } | Form::Tokens => format!("{value:.decimals$}"),
        });
        report::row(&[&[self.name()], &cells[..]].concat());
    }
}

/// Lets them come one after the other.
fn start(callers: Vec<Caller>, begin: Instant) -> JoinSet<Service> {
    let mut running = JoinSet::new();
    for (at, (mut waiter, request)) in callers.into_iter().enumerate() {
        running.spawn_local(async move {
            sleep_until(begin + APART * at as u32).await;
            waiter.pass(&request, HOLD).await
        });
    }
    running
}

async fn served(turns: Vec<JoinSet<Service>>) -> Vec<Vec<Service>> {
    let mut served = Vec::new();
    for turn in turns {
        served.push(turn.join_all().await);
    }
    served
}
