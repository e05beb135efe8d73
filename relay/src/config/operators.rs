//! The operators' listener in `[listen]`: where it is, by which names it may be called, and whether other machines may
//! reach it; `[sessions]`: how long somebody stays signed in.

use std::{net::SocketAddr, time::Duration};

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    Certified,
    shape::{DAY_MS, bounded},
};
use crate::time::millis;

const OFF: &str = "off";

/// Where operators connect, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operators {
    /// Port 0 takes a free one; none = nowhere.
    pub listen: Option<SocketAddr>,
    /// Names that it may be called by, beside those of this machine.
    pub hosts: Vec<String>,
    /// How operators know it; none = plain HTTP.
    pub tls: Option<Certified>,
    /// Other machines may reach it in clear text.
    pub without_tls: bool,
    pub sessions: Sessions,
}

/// How long somebody stays signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sessions {
    /// Without doing anything.
    pub idle: Duration,
    /// At all.
    pub total: Duration,
}

/// The same in the file.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SessionsTable {
    #[serde(deserialize_with = "bounded::<_, 1_000, { 90 * DAY_MS }>")]
    idle_ms: u64,
    #[serde(deserialize_with = "bounded::<_, 1_000, { 90 * DAY_MS }>")]
    total_ms: u64,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            idle: Duration::from_hours(12),
            total: Duration::from_hours(7 * 24),
        }
    }
}

impl Default for SessionsTable {
    fn default() -> Self {
        let Sessions { idle, total } = Sessions::default();
        Self {
            idle_ms: millis(idle),
            total_ms: millis(total),
        }
    }
}

impl From<SessionsTable> for Sessions {
    fn from(table: SessionsTable) -> Self {
        Self {
            idle: Duration::from_millis(table.idle_ms),
            total: Duration::from_millis(table.total_ms),
        }
    }
}

impl Default for Operators {
    fn default() -> Self {
        Self {
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 8081))),
            hosts: Vec::new(),
            tls: None,
            without_tls: false,
            sessions: Sessions::default(),
        }
    }
}

impl Operators {
    /// Passwords and tokens do not travel in clear text unless that was said.
    pub(super) fn check(&self) -> Result<(), String> {
        let in_clear_text = self.tls.is_none() && !self.without_tls;
        match self.listen {
            Some(listen) if !listen.ip().is_loopback() && in_clear_text => Err(format!(
                "operators would reach {listen} from other machines in clear text: listen on 127.0.0.1, name a \
                 certificate in [listen.operators_tls], or say operators_without_tls = true in [listen] where something \
                 before it does TLS"
            )),
            Some(_) | None => Ok(()),
        }
    }
}

/// An address, or that there is none.
pub(super) fn place(text: &str) -> Result<Option<SocketAddr>, String> {
    if text == OFF {
        return Ok(None);
    }
    let address = text.parse().map(Some);
    address.map_err(|_| format!("must be an address and a port, like 127.0.0.1:8081, or \"{OFF}\""))
}

pub(super) fn listen<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    place(&String::deserialize(from)?).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn check(lines: &str) -> Result<(), String> {
        let config = Config::from_toml(&format!("[listen]\n{lines}")).unwrap();
        config.check().map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_is_read() {
        let lines = "operators = \"0.0.0.0:9\"\noperators_hosts = [\"weir.example.com\"]\noperators_without_tls = true";
        let config = Config::from_toml(&format!(
            "[listen]\n{lines}\n[sessions]\nidle_ms = 1000\ntotal_ms = 2000"
        ))
        .unwrap();
        let expected = Operators {
            listen: Some(([0, 0, 0, 0], 9).into()),
            hosts: vec!["weir.example.com".into()],
            tls: None,
            without_tls: true,
            sessions: Sessions {
                idle: Duration::from_secs(1),
                total: Duration::from_secs(2),
            },
        };
        assert_eq!(config.operators, expected);
    }

    #[test]
    fn other_machines_reach_it_in_clear_text_only_where_that_was_said() {
        let why = check("operators = \"0.0.0.0:8081\"").unwrap_err();
        assert!(why.contains("operators_without_tls = true"), "{why}");
        for fine in [
            "",
            "operators = \"off\"",
            "operators = \"[::1]:8081\"",
            "operators = \"0.0.0.0:8081\"\noperators_without_tls = true",
            "operators = \"0.0.0.0:8081\"\noperators_tls = { certificate = \"a\", key = \"b\" }",
        ] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
    }
}
