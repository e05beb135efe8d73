//! `make fuzz`: one run after the other, each from the next seed, for so many minutes. Exits with 1 at the first that
//! shows something wrong, with as few steps as show it.

#[path = "../module/waiting/compiled.rs"]
mod compiled;

mod clock;
mod grammar;
mod invent;
mod model;
mod op;
mod run;
mod server;
mod shrink;
mod stage;
mod wire;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use harness::time;

use run::Plan;
use server::Variant;

/// Does random things to a server with the module, and compares it with a model.
#[derive(Debug, Parser)]
#[command(name = "fuzz")]
struct Options {
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Where to begin; each run takes the next number
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Steps of one run; every tenth has twenty times as many
    #[arg(long, default_value_t = 1_000)]
    steps: usize,
    /// Only this one
    #[arg(long)]
    variant: Option<Variant>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let variants = match options.variant {
        Some(variant) => vec![variant],
        None => Variant::value_variants().to_vec(),
    };
    let (begun, within) = (time::now(), Duration::from_secs(60 * options.minutes));
    let mut steps = 0;
    for (seed, variant) in (options.seed..).zip(variants.iter().cycle()) {
        let longer = if seed % 10 == 0 { 20 } else { 1 };
        let plan = Plan {
            seed,
            variant: *variant,
            steps: options.steps * longer,
        };
        if let Err(failure) = plan.run() {
            println!("{plan:?} after {} steps of others", steps);
            println!("{}", shrink::shrunk(plan, failure));
            return ExitCode::FAILURE;
        }
        steps += plan.steps;
        if begun.elapsed() > within {
            println!(
                "clean: {steps} steps in {} s, seeds to {seed}",
                begun.elapsed().as_secs()
            );
            break;
        }
    }
    ExitCode::SUCCESS
}
