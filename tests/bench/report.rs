//! Markdown on standard output: tables, and whether a ratio is what it must be.

use crate::race::{Cost, Pace};

pub(crate) fn head(pace: &Pace, redis_version: &str) {
    println!("# Weir, measured\n");
    println!(
        "Redis {redis_version}. Medians of {} interleaved rounds of {} ms; microseconds of the command's own time \
         (`INFO commandstats`). Server on CPU 0, load on CPU 1, one connection, {} commands on the wire.",
        pace.rounds,
        pace.window.as_millis(),
        pace.depth
    );
}

pub(crate) fn title(text: &str) {
    println!("\n## {text}\n");
}

pub(crate) fn table(columns: &[&str]) {
    println!("| {} |", columns.join(" | "));
    println!("|{}", "---|".repeat(columns.len()));
}

pub(crate) fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

/// A table of operations done by commands and by scripts; its rows are [`duel`].
pub(crate) fn duels() {
    table(&[
        "operation",
        "Weir µs",
        "Lua µs",
        "Lua / Weir",
        "must be",
        "server CPU µs: Weir",
        "Lua",
    ]);
}

/// `must`: the least ratio that the design promises; `None` where it promises nothing.
pub(crate) fn duel(operation: &str, must: Option<f64>, [weir, lua]: [Cost; 2]) {
    let ratio = lua.own / weir.own;
    row(&[
        operation.into(),
        micros(weir.own),
        micros(lua.own),
        format!("{ratio:.1}"),
        must.map_or_else(|| "–".into(), |must| verdict(ratio, must)),
        micros(weir.cpu),
        micros(lua.cpu),
    ]);
}

/// A table of the same where a command's own time is what the design bounds; its rows are [`bounded_duel`].
pub(crate) fn bounded_duels() {
    table(&[
        "operation",
        "Weir µs",
        "Lua µs",
        "Lua / Weir",
        "server CPU µs: Weir",
        "Lua",
    ]);
}

/// `most`: the most microseconds that the design allows; `None` where it bounds nothing.
pub(crate) fn bounded_duel(operation: &str, most: Option<f64>, [weir, lua]: [Cost; 2]) {
    row(&[
        operation.into(),
        most.map_or_else(|| micros(weir.own), |most| at_most(weir.own, most, 2)),
        micros(lua.own),
        format!("{:.1}", lua.own / weir.own),
        micros(weir.cpu),
        micros(lua.cpu),
    ]);
}

fn verdict(ratio: f64, must: f64) -> String {
    let mark = if ratio >= must { '✓' } else { '✗' };
    format!("≥ {must} {mark}")
}

/// A figure beside the most that it may be.
pub(crate) fn at_most(value: f64, most: f64, decimals: usize) -> String {
    let mark = if value <= most { '✓' } else { '✗' };
    format!("{value:.decimals$} (≤ {} {mark})", shortest(most))
}

/// A figure beside the least that it may be.
pub(crate) fn at_least(value: f64, least: f64, decimals: usize) -> String {
    let mark = if value >= least { '✓' } else { '✗' };
    format!("{value:.decimals$} (≥ {} {mark})", shortest(least))
}

/// Without more digits than it needs.
fn shortest(bound: f64) -> f64 {
    (bound * 1e3).round() / 1e3
}

pub(crate) fn micros(value: f64) -> String {
    match value {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}
