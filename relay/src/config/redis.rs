//! Which Redis holds the state: where it is or who knows that, and how the relay is let in.

mod address;

use std::{fmt, path::PathBuf};

pub use address::{Access, Address, Login, Place, Tls};

/// A Redis of the relay's own, or somebody else's.
#[derive(Debug, Clone)]
pub enum RedisAt {
    /// A `redis-server` that the relay starts and stops itself.
    Own {
        /// The program's name or path.
        server: PathBuf,
        /// Also when callers connect from other machines: without it such a relay asks for a Redis of the operator's.
        when_public: bool,
    },
    Given(Servers),
}

/// Servers that somebody else runs. Shown without what lets one in.
#[derive(Clone)]
pub enum Servers {
    One(Address),
    /// The sentinels know which server is the master of this name.
    Sentinel {
        sentinels: Vec<Address>,
        master: Box<str>,
        access: Access,
    },
    /// Each of these knows which server has a slot.
    Cluster(Vec<Address>),
}

impl Default for RedisAt {
    fn default() -> Self {
        Self::Own {
            server: "redis-server".into(),
            when_public: false,
        }
    }
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, servers) = match self {
            Self::One(address) => return write!(f, "{address}"),
            Self::Sentinel {
                sentinels, master, ..
            } => (format!("`{master}` of the sentinels"), sentinels),
            Self::Cluster(servers) => ("the Cluster of".to_owned(), servers),
        };
        let servers: Vec<String> = servers.iter().map(Address::to_string).collect();
        write!(f, "{what} {}", servers.join(", "))
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
