//! `make bench`: the module's commands beside the scripts that they replace, and the relay beside the direct
//! path. Prints Markdown. It informs, so it succeeds whatever it measures; a new bench is a file and a row here.

mod admit;
mod affinity;
mod batch;
mod budget;
mod cpu;
mod draw;
mod line;
mod memory;
mod qgate;
mod race;
mod rate;
mod relay;
mod report;
mod room;
mod scripts;
mod slowlog;
mod stand;
mod tally;
mod trie;
mod umq;
mod waiting;

use clap::{Parser, ValueEnum};
use harness::Redis;

use crate::race::Pace;

/// Measures Weir's module beside Lua scripts, and its relay beside the direct path.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Options {
    /// What to measure; everything when nothing is named
    benches: Vec<Bench>,
    /// Fewer and shorter rounds
    #[arg(long)]
    quick: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Bench {
    /// Turns beside their scripts
    Umq,
    /// Slots beside their scripts
    Qgate,
    /// Whole decisions beside their scripts, and waiting for them
    Admit,
    /// Prefix memory beside its scripts
    Trie,
    /// Rates beside the same in Lua
    Rate,
    /// Spending under a limit beside the same in Lua
    Budget,
    /// Counters beside the same in Lua
    Tally,
    /// Whether large keys make a command slow
    Slowlog,
    /// Bytes of a turn, a gate, an entry
    Memory,
    /// Lines and hand-offs beside polling
    Waiting,
    /// The relay's line as its callers see it
    Line,
    /// How often a conversation stays with its account
    Affinity,
    /// The relay beside the direct path
    Relay,
    /// What a request costs more where its key is limited
    Limited,
    /// What the relay's memory is with thousands of streams at once
    Held,
    /// What it costs that operators watch the queues
    Live,
}

fn main() {
    let options = Options::parse();
    let pace = if options.quick {
        Pace::QUICK
    } else {
        Pace::FULL
    };
    let named = |bench: &Bench| options.benches.is_empty() || options.benches.contains(bench);
    let redis = Redis::builder().without_module().start();
    report::head(&pace, &redis.info("redis_version"));
    for bench in Bench::value_variants().iter().copied().filter(named) {
        match bench {
            Bench::Umq => umq::run(&pace),
            Bench::Qgate => qgate::run(&pace),
            Bench::Admit => admit::run(&pace),
            Bench::Trie => trie::run(&pace),
            Bench::Rate => rate::run(&pace),
            Bench::Budget => budget::run(&pace),
            Bench::Tally => tally::run(&pace),
            Bench::Slowlog => slowlog::run(&pace),
            Bench::Memory => memory::run(),
            Bench::Waiting => waiting::run(&pace),
            Bench::Line => line::run(&pace),
            Bench::Affinity => affinity::run(),
            Bench::Relay => relay::run(&pace),
            Bench::Limited => relay::limited(&pace),
            Bench::Held => relay::held(),
            Bench::Live => relay::live(&pace),
        }
    }
}
