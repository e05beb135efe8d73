//! Room for ten thousand connections: open files of this process and of the server, and the server's own bounds.

use harness::Redis;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::stand::Stand;

/// As many as one scene needs, and some more.
const CONNECTIONS: u64 = 12_000;

/// Lets this process, and the servers that it starts, open as many files as the system allows.
///
/// # Panics
/// When that is not enough.
pub(super) fn make() {
    let limit = getrlimit(Resource::Nofile);
    let enough = limit.maximum.is_none_or(|most| most > CONNECTIONS);
    assert!(
        enough,
        "more open files are needed: ulimit -Hn {CONNECTIONS}"
    );
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Without end is more than some systems take: what there was may be enough.
    let _ = setrlimit(Resource::Nofile, raised);
}

pub(super) fn stand() -> Stand {
    let connections = CONNECTIONS.to_string();
    let builder = Redis::builder().arg("maxclients", &connections);
    Stand::start(builder.module_args(["max-blocked-clients", &connections]))
}
