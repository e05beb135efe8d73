//! Time is an argument: each package has one file that reads a clock. `tokio::time` measures spans and timers
//! anywhere, since paused tests can move it.

use crate::imports::imports;
use crate::source::{Finding, Source};

const CLOCKS: [&str; 3] = [
    "module/src/clock.rs",
    "relay/src/clock.rs",
    "tests/harness/time.rs",
];

/// Spelled out, or short where std's is imported.
const READINGS: [&str; 2] = ["SystemTime::now", "std::time::Instant::now"];
const SHORT_READING: &str = "Instant::now";

pub(crate) fn findings(sources: &[Source]) -> Vec<Finding> {
    let told = |source: &&Source| {
        let path = source.path.as_str();
        !CLOCKS.contains(&path) && path != "tests/tidy/clocks.rs"
    };
    sources.iter().filter(told).flat_map(of_file).collect()
}

fn of_file(source: &Source) -> Vec<Finding> {
    let mut readings = READINGS.to_vec();
    let imports = imports(source);
    if imports
        .iter()
        .any(|import| import.path == "std::time::Instant")
    {
        readings.push(SHORT_READING);
    }
    let reads = |(_, line): &(usize, &str)| readings.iter().any(|reading| line.contains(reading));
    let rule = format!("reads a clock: only {} do", CLOCKS.join(", "));
    let lines = source.lines().filter(reads);
    lines
        .map(|(number, _)| source.finding(number, rule.as_str()))
        .collect()
}
