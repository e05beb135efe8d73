//! What the system says of the process. Where it says nothing, as on other systems than Linux, nothing is told.

use std::{fs, sync::atomic::AtomicU64};

use prometheus_client::{
    metrics::{counter::ConstCounter, gauge::Gauge},
    registry::Registry,
};
use rustix::{
    param::{clock_ticks_per_second, page_size},
    process::{Resource, getrlimit},
};

use super::{catalogue as all, catalogue::register};

/// Places of `/proc/self/stat`, counted from behind the name, which may have spaces. See proc_pid_stat(5).
const USER_TICKS: usize = 11;
const SYSTEM_TICKS: usize = 12;
const START_TICKS: usize = 19;
const RESIDENT_PAGES: usize = 21;

pub(super) fn register_all(registry: &mut Registry) {
    let float = |value: f64| {
        let gauge = Gauge::<f64, AtomicU64>::default();
        gauge.set(value);
        gauge
    };
    let ticks = clock_ticks_per_second() as f64;
    if let Some(stat) = fs::read_to_string("/proc/self/stat")
        .ok()
        .and_then(|text| Stat::read(&text))
    {
        let used = stat.user_ticks + stat.system_ticks;
        register(registry, &all::CPU, ConstCounter::new(used as f64 / ticks));
        let resident = stat.resident_pages as f64 * page_size() as f64;
        register(registry, &all::MEMORY, float(resident));
        if let Some(booted) = booted_s() {
            let started = booted as f64 + stat.start_ticks as f64 / ticks;
            register(registry, &all::STARTED, float(started));
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is that of looking.
        let open = open.count().saturating_sub(1);
        register(registry, &all::FILES, float(open as f64));
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        register(registry, &all::FILES_LIMIT, float(most as f64));
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    user_ticks: u64,
    system_ticks: u64,
    start_ticks: u64,
    resident_pages: u64,
}

impl Stat {
    fn read(text: &str) -> Option<Self> {
        let (_, behind) = text.rsplit_once(") ")?;
        let words: Vec<&str> = behind.split_ascii_whitespace().collect();
        let number = |place: usize| words.get(place)?.parse().ok();
        Some(Self {
            user_ticks: number(USER_TICKS)?,
            system_ticks: number(SYSTEM_TICKS)?,
            start_ticks: number(START_TICKS)?,
            resident_pages: number(RESIDENT_PAGES)?,
        })
    }
}

/// When the system was started, in seconds since 1970.
fn booted_s() -> Option<u64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("btime "));
    line?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_brackets_moves_nothing() {
        let text = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 31 12 0 0 20 0 5 0 9000 1000000 250 18446744073709551615";
        let expected = Stat {
            user_ticks: 31,
            system_ticks: 12,
            start_ticks: 9_000,
            resident_pages: 250,
        };
        assert_eq!(Stat::read(text), Some(expected));
        assert_eq!(Stat::read("7 (a) S 1"), None);
    }
}
