//! How long a file is, how it begins and what it is called.

use crate::source::{Finding, Source};

const MOST_LINES: usize = 400;
const MOST_HEAD_LINES: usize = 6;

/// Names that say nothing, so that anything ends up behind them.
const EMPTY_NAMES: [&str; 7] = [
    "util", "utils", "helper", "helpers", "common", "misc", "prelude",
];

pub(crate) fn findings(sources: &[Source]) -> Vec<Finding> {
    let rules = [length, head, name];
    let of_one = |source| rules.iter().filter_map(move |rule| rule(source));
    sources.iter().flat_map(of_one).collect()
}

fn length(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    let rule = format!("{lines} lines, at most {MOST_LINES}: a second concept is hiding in it");
    (lines > MOST_LINES).then(|| source.finding(lines, rule))
}

fn head(source: &Source) -> Option<Finding> {
    let lines = source.text.lines();
    let head = lines.take_while(|line| line.starts_with("//!")).count();
    let rule = format!(
        "begins with {head} lines of `//!`: 1 to {MOST_HEAD_LINES} say what the file decides and what it does not"
    );
    (!(1..=MOST_HEAD_LINES).contains(&head)).then(|| source.finding(1, rule))
}

fn name(source: &Source) -> Option<Finding> {
    let mut parts = source.path.trim_end_matches(".rs").split('/');
    if source.path.ends_with("/mod.rs") {
        return Some(source.finding(1, "is called `mod.rs`: write `x.rs` beside `x/`"));
    }
    parts
        .find(|part| EMPTY_NAMES.contains(part))
        .map(|part| source.finding(1, format!("`{part}` names no concept: say what it holds")))
}
