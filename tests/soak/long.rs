//! `make soak`: many callers that do as they are told, few slots, for a while; with `--kills`, amid relays that die and a
//! Redis that fails over; with `--crashes`, and a Redis that dies. Exits with 1 when anybody was ever beyond a limit, an
//! answer was not whole, something stayed held, or what the relays have written is not what the upstream saw.

mod books;
mod caller;
mod check;
mod disturb;
mod journal;
mod memory;
mod plan;
mod purse;
mod report;
mod run;
mod world;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use plan::{Disturbance, Plan};

/// Has many callers share a few accounts through two relays, and compares what callers, upstream and relays say of it.
#[derive(Debug, Parser)]
#[command(name = "soak")]
struct Options {
    /// How long callers go on
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The same in minutes
    #[arg(long, conflicts_with = "seconds")]
    minutes: Option<u64>,
    /// Kill both relays again and again, and in the middle have another Redis take over
    #[arg(long)]
    kills: bool,
    /// Kill both relays and their one Redis again and again
    #[arg(long, conflicts_with = "kills")]
    crashes: bool,
    /// What is asked and what happens follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value_t = 80)]
    callers: u32,
    /// Keys that callers share
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    keys: u32,
    /// Slots of each key
    #[arg(long, default_value_t = 12)]
    key_limit: u32,
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..))]
    accounts: u32,
    /// Slots of each account
    #[arg(long, default_value_t = 10)]
    limit: u32,
    /// After so long what a killed relay held is free again, in milliseconds
    #[arg(long, default_value_t = 6_000, value_parser = clap::value_parser!(u64).range(1_000..=9_000))]
    lease_ms: u64,
    /// Of a hundred calls, so many are left before they have ended
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(i64).range(0..=100))]
    leave_percent: i64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let seconds = options
        .minutes
        .map_or(options.seconds, |minutes| 60 * minutes);
    let report = run::run(&Plan {
        span: Duration::from_secs(seconds),
        callers: options.callers,
        keys: options.keys,
        key_limit: options.key_limit,
        accounts: options.accounts,
        limit: options.limit,
        lease: Duration::from_millis(options.lease_ms),
        leave_percent: options.leave_percent,
        disturbance: match (options.kills, options.crashes) {
            (true, _) => Disturbance::Kills,
            (false, true) => Disturbance::Crashes,
            (false, false) => Disturbance::None,
        },
        seed: options.seed,
    });
    print!("{report}");
    match report.is_clean() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
