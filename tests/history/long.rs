//! `make history`: runs of every scenario, one after the other, until so many operations have been done. Exits with 1
//! at the first violation, and says from which seed to see it again.

mod act;
mod check;
mod meddler;
mod multiplexer;
mod onlooker;
mod plan;
mod record;
mod report;
mod run;
mod scenario;
mod stage;
mod teller;
mod ticket;
mod visitor;
mod whole;
mod wire;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use harness::time;

use report::{Counts, Report};
use run::Size;
use scenario::Scenario;

/// Drives many clients against a server with the module, and checks what they were told.
#[derive(Debug, Parser)]
#[command(name = "history")]
struct Options {
    /// How many operations to do, over all scenarios
    #[arg(long, default_value_t = 1_000_000)]
    operations: usize,
    /// Where to begin; each run takes the next number
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this one
    #[arg(long)]
    scenario: Option<Scenario>,
    /// Clients that wait with their connections
    #[arg(long, default_value_t = 24)]
    visitors: u64,
    /// Clients with many tickets each
    #[arg(long, default_value_t = 2)]
    multiplexers: u64,
    /// Visits of each in one run
    #[arg(long, default_value_t = 250)]
    visits: u64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let size = Size {
        visitors: options.visitors,
        multiplexers: options.multiplexers,
        visits: options.visits,
    };
    let scenarios = match options.scenario {
        Some(scenario) => vec![scenario],
        None => Scenario::value_variants().to_vec(),
    };
    let (begun, mut total) = (time::now(), Counts::default());
    for (seed, scenario) in (options.seed..).zip(scenarios.iter().cycle()) {
        let report = Report::of(*scenario, seed, size);
        print!("{report}");
        if !report.is_clean() {
            let name = scenario.to_possible_value();
            let name = name.expect("no scenario is hidden from the command line");
            println!("again: --scenario {} --seed {seed}", name.get_name());
            return ExitCode::FAILURE;
        }
        total += report.counts;
        if total.operations >= options.operations {
            break;
        }
    }
    println!("clean in {} s: {total}", begun.elapsed().as_secs());
    ExitCode::SUCCESS
}
