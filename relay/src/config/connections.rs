//! `[connections]` in `weir.toml`: how many callers may be connected, and how long they may take to say what they want.

use std::time::Duration;

use serde::Deserialize;

use super::shape::{HOUR_MS, bounded};
use crate::time::millis;

/// What the listener puts up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// All together.
    pub max: usize,
    /// From one IPv4 address or one /64 of IPv6; 0 = as many as there may be.
    pub max_per_ip: usize,
    /// From the first byte of a connection to the end of its first request's headers.
    pub head: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            max: 20_000,
            max_per_ip: 0,
            head: Duration::from_secs(10),
        }
    }
}

/// The same in the file.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Table {
    #[serde(deserialize_with = "bounded::<_, 1, 1_000_000>")]
    max: u64,
    #[serde(deserialize_with = "bounded::<_, 0, 1_000_000>")]
    max_per_ip: u64,
    #[serde(deserialize_with = "bounded::<_, 100, HOUR_MS>")]
    head_ms: u64,
}

impl Default for Table {
    fn default() -> Self {
        let Connections {
            max,
            max_per_ip,
            head,
        } = Connections::default();
        Self {
            max: max as u64,
            max_per_ip: max_per_ip as u64,
            head_ms: millis(head),
        }
    }
}

impl From<Table> for Connections {
    fn from(table: Table) -> Self {
        let count = |number| usize::try_from(number).expect("bounded to 1,000,000");
        Self {
            max: count(table.max),
            max_per_ip: count(table.max_per_ip),
            head: Duration::from_millis(table.head_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn every_bound_is_read_and_bounded_itself() {
        let table = "[connections]\nmax = 7\nmax_per_ip = 2\nhead_ms = 300";
        let expected = Connections {
            max: 7,
            max_per_ip: 2,
            head: Duration::from_millis(300),
        };
        assert_eq!(Config::from_toml(table).unwrap().connections, expected);
        for (line, range) in [
            ("max = 0", "1 to 1000000"),
            ("max_per_ip = -1", "0 to 1000000"),
            ("head_ms = 99", "100 to 3600000"),
        ] {
            let refusal = Config::from_toml(&format!("[connections]\n{line}"));
            let refusal = refusal.unwrap_err().to_string();
            assert!(refusal.contains(&format!("must be {range}")), "{refusal}");
        }
    }
}
