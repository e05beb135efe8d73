//! Random commands of all families, against the module and against a model of what it promises: a minute of it, from
//! seeds that are always the same. `make fuzz` goes on for long, from others. What it finds it prints with its seed, in as
//! few steps as show it; then it becomes a test of the module.

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

use run::Plan;
use server::Variant;

/// Changed when runs of it have become boring; any number will do.
const SEED: u64 = 20_260_901;
const RUNS: u64 = 40;
const STEPS: usize = 500;

#[track_caller]
fn is_clean(variant: Variant, first: u64) {
    for seed in first..first + RUNS {
        let plan = Plan {
            seed,
            variant,
            steps: STEPS,
        };
        if let Err(failure) = plan.run() {
            let failure = shrink::shrunk(plan, failure);
            panic!("seed {seed}, {variant:?}, {STEPS} steps; fewer that show it:\n{failure}");
        }
    }
}

#[test]
fn the_module_does_what_its_model_does() {
    is_clean(Variant::Alone, SEED);
}

#[test]
fn what_was_appended_is_what_the_model_holds() {
    is_clean(Variant::Appending, SEED + 1_000);
}

#[test]
fn a_replica_without_the_module_holds_the_same() {
    is_clean(Variant::Replica, SEED + 2_000);
}

#[test]
fn a_trie_that_is_bounded_loses_no_more_than_it_must() {
    is_clean(Variant::Bounded, SEED + 3_000);
}
