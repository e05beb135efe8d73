//! What a process has of the memory, looked at every second.

use std::fs;
use std::time::Instant;

use harness::time;

/// Until then a process has taken what it needs to begin with.
const WARM_S: f64 = 120.0;

/// Kilobytes by the seconds since the first look.
#[derive(Debug)]
pub(crate) struct Memory {
    since: Instant,
    looks: Vec<(f64, u64)>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            since: time::now(),
            looks: Vec::new(),
        }
    }

    pub(crate) fn look(&mut self, pid: u32) {
        if let Some(kb) = resident_kb(pid) {
            self.looks.push((self.since.elapsed().as_secs_f64(), kb));
        }
    }

    pub(crate) fn last_kb(&self) -> u64 {
        self.looks.last().map_or(0, |(_, kb)| *kb)
    }

    /// Kilobytes after the first look, after two minutes, at most and at the end; the slope from two minutes on in
    /// kilobytes per minute, by least squares.
    pub(crate) fn line(&self) -> String {
        let warm: Vec<_> = self
            .looks
            .iter()
            .filter(|(at, _)| *at >= WARM_S)
            .copied()
            .collect();
        let kb = |look: Option<&(f64, u64)>| look.map_or(0, |(_, kb)| *kb);
        let most = self.looks.iter().map(|(_, kb)| *kb).max().unwrap_or(0);
        let (first, end) = (kb(self.looks.first()), self.last_kb());
        let start = format!("{first} kB at first, at most {most}, {end} at the end");
        match slope(&warm) {
            Some(slope) => format!(
                "{start}; {} after 2 minutes, from then on {:+.1} kB a minute",
                kb(warm.first()),
                slope * 60.0
            ),
            None => start,
        }
    }
}

/// Kilobytes per second.
fn slope(looks: &[(f64, u64)]) -> Option<f64> {
    let count = looks.len() as f64;
    if looks.len() < 10 {
        return None;
    }
    let mean_at = looks.iter().map(|(at, _)| at).sum::<f64>() / count;
    let mean_kb = looks.iter().map(|(_, kb)| *kb as f64).sum::<f64>() / count;
    let together = looks
        .iter()
        .map(|(at, kb)| (at - mean_at) * (*kb as f64 - mean_kb));
    let spread = looks.iter().map(|(at, _)| (at - mean_at).powi(2));
    Some(together.sum::<f64>() / spread.sum::<f64>())
}

pub(crate) fn resident_kb(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}
