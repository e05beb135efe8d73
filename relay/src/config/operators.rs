//! The operators' listener in `[listen]`: where it is, by which names it may be called, and whether other machines may
//! reach it.

use std::net::SocketAddr;

use super::Certified;
use serde::{Deserialize as _, Deserializer, de::Error as _};

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
}

impl Default for Operators {
    fn default() -> Self {
        Self {
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 8081))),
            hosts: Vec::new(),
            tls: None,
            without_tls: false,
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
        let config = Config::from_toml(&format!("[listen]\n{lines}")).unwrap();
        let expected = Operators {
            listen: Some(([0, 0, 0, 0], 9).into()),
            hosts: vec!["weir.example.com".into()],
            tls: None,
            without_tls: true,
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
