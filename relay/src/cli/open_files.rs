//! How many files the program may open: systems begin with 1,024, and each request needs two connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// As many as the system lets it.
pub(super) fn allow_most() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        tracing::warn!(%error, files = limit.current, "the system lets the program open no more files");
    }
}
