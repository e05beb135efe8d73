//! Room for ten thousand connections: open files of this process and of the server, and the server's own bounds.

use harness::Redis;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::stand::Stand;

/// As many as one scene needs, and some more.
pub(crate) const CONNECTIONS: u64 = 12_000;
/// Those of a server's connections, and its own.
const FILES: u64 = CONNECTIONS + 1_000;

/// Lets this process, and the servers that it starts, open so many files. `false`: the system does not allow it.
pub(crate) fn make() -> bool {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|now| now > FILES) {
        return true;
    }
    let raised = Rlimit {
        current: Some(FILES),
        ..limit
    };
    setrlimit(Resource::Nofile, raised).is_ok()
}

pub(crate) fn stand() -> Stand {
    let connections = CONNECTIONS.to_string();
    let builder = Redis::builder().arg("maxclients", &connections);
    Stand::start(builder.module_args(["max-blocked-clients", &connections]))
}
