//! Time is an argument: each package has one file that reads a clock. `tokio::time` measures spans and timers
//! anywhere, since paused tests can move it.

use crate::source::{Finding, Source};

const CLOCKS: [&str; 3] = [
    "module/src/clock.rs",
    "relay/src/time.rs",
    "tests/harness/time.rs",
];

pub(crate) fn findings(sources: &[Source]) -> Vec<Finding> {
    let readers = sources
        .iter()
        .filter(|source| !CLOCKS.contains(&source.path.as_str()));
    let of_one = |source| Source::lines(source).filter_map(move |line| reads(source, line));
    readers.flat_map(of_one).collect()
}

fn reads(source: &Source, (number, line): (usize, &str)) -> Option<Finding> {
    let wall = line.contains("SystemTime::now");
    let monotonic = line.contains("Instant::now") && !source.text.contains("tokio::time");
    let this_file = source.path == "tests/tidy/clocks.rs";
    let clock = CLOCKS.join(", ");
    let rule = format!("reads a clock: only {clock} do, everything else is told the time");
    ((wall || monotonic) && !this_file).then(|| source.finding(number, rule))
}
