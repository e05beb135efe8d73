//! `make soak`: many callers that do as they are told, few slots, for a while. The simulated upstream counts what
//! each account has at once; at the end nothing may be held. Exits with 1 when an account was ever over its limit,
//! an answer was not whole, or something stayed held.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use harness::Weir;
use harness::http::{Answer, End};
use harness::weir::stream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use weir_relay::mock::{Behaviour, Stats};
use weir_relay::server::Relay;

#[derive(Debug, Clone, Parser)]
struct Args {
    /// How long callers go on.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    #[arg(long, default_value_t = 200)]
    callers: u32,
    /// Relays that share one Redis; callers are spread over them.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    relays: u32,
    #[arg(long, default_value_t = 4)]
    accounts: u32,
    /// Slots of each account.
    #[arg(long, default_value_t = 5)]
    limit: u32,
    /// One answer in so many is left in the middle; 0 = none.
    #[arg(long, default_value_t = 20)]
    leave_every: u32,
}

/// What callers saw.
#[derive(Debug, Default)]
struct Tally {
    served: u64,
    left: u64,
    /// Streams that did not end as they should.
    broken: u64,
    /// By the relay's word for it.
    refused: BTreeMap<String, u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let behaviour = Behaviour {
        latency_ms: 20,
        chunks: 10,
        delay_ms: 20,
        ..Behaviour::default()
    };
    let setup = Weir::setup()
        .accounts(args.accounts)
        .max_concurrent(args.limit);
    let weir = setup.behaviour(behaviour).start().await;
    let tally = soak(&weir, &args).await;
    weir.until_nothing_is_held().await;
    let stats = weir.provider.stats();
    print(&args, &tally, &stats);
    let kept = stats.violations == 0 && tally.broken == 0 && tally.served > 0;
    let expected = |code: &String| code == "weir_accounts_busy 429";
    match kept && tally.refused.keys().all(expected) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

async fn soak(weir: &Weir, args: &Args) -> Tally {
    let mut others = Vec::new();
    for _ in 1..args.relays {
        others.push(weir.another_relay().await);
    }
    let addrs: Vec<SocketAddr> = others
        .iter()
        .map(Relay::addr)
        .chain([weir.addr()])
        .collect();
    let end = Instant::now() + Duration::from_secs(args.seconds);
    let mut callers = JoinSet::new();
    for (calls, addr) in (0..args.callers).zip(addrs.into_iter().cycle()) {
        let caller = Caller {
            addr,
            key: weir.key.clone(),
            calls,
        };
        callers.spawn(caller.call_until(end, args.leave_every));
    }
    let tallies = callers.join_all().await;
    for other in others {
        other.shutdown().await;
    }
    tallies.into_iter().fold(Tally::default(), Tally::with)
}

struct Caller {
    addr: SocketAddr,
    key: String,
    /// Callers begin at different numbers, so that not all leave at once.
    calls: u32,
}

impl Caller {
    async fn call_until(mut self, end: Instant, leave_every: u32) -> Tally {
        let mut tally = Tally::default();
        while Instant::now() < end {
            let answer = stream("")
                .header("x-api-key", &self.key)
                .send(self.addr)
                .await;
            match answer.status {
                200 => {
                    self.calls += 1;
                    let leaves = leave_every > 0 && self.calls.is_multiple_of(leave_every);
                    tally.read(answer, leaves).await;
                }
                _ => tally.wait_as_told(&answer).await,
            }
        }
        tally
    }
}

impl Tally {
    async fn read(&mut self, mut answer: Answer, leaves: bool) {
        if leaves {
            answer.until("text_delta").await;
            self.left += 1;
            return;
        }
        let body = answer.whole().await;
        let whole = body.end == End::Clean
            && body
                .text()
                .ends_with("data: {\"type\":\"message_stop\"}\n\n");
        self.served += u64::from(whole);
        self.broken += u64::from(!whole);
    }

    async fn wait_as_told(&mut self, refusal: &Answer) {
        let code = refusal.header("x-weir-error").unwrap_or("of the upstream");
        let code = format!("{code} {}", refusal.status);
        *self.refused.entry(code).or_default() += 1;
        sleep(Duration::from_secs(refusal.number("retry-after"))).await;
    }

    fn with(mut self, other: Self) -> Self {
        self.served += other.served;
        self.left += other.left;
        self.broken += other.broken;
        for (code, count) in other.refused {
            *self.refused.entry(code).or_default() += count;
        }
        self
    }
}

fn print(args: &Args, tally: &Tally, stats: &Stats) {
    let rate = tally.served as f64 / args.seconds as f64;
    let Args {
        callers,
        relays,
        accounts,
        limit,
        seconds,
        ..
    } = args;
    println!(
        "{callers} callers, {relays} relays, {accounts} accounts with limit {limit}, {seconds} s"
    );
    println!(
        "served {} ({rate:.1}/s), left in the middle {}, broken {}",
        tally.served, tally.left, tally.broken
    );
    for (code, count) in &tally.refused {
        println!("refused {count}: {code}");
    }
    for account in 1..=args.accounts {
        let seen = stats
            .keys
            .get(&Weir::account_digest(account))
            .copied()
            .unwrap_or_default();
        println!(
            "account {account}: {} requests, at most {} at once",
            seen.generations, seen.max_in_flight
        );
    }
    println!(
        "over the limit: {} times; slots held at the end: 0",
        stats.violations
    );
}
