//! Servers of a cluster that have something, and how they refuse.

use harness::{Cluster, Reply};

/// The first word of an error.
#[track_caller]
pub(crate) fn refusal(answer: &Reply) -> String {
    let Reply::Error(line) = answer else {
        panic!("an error was expected, not {answer:?}");
    };
    line.split(' ').next().unwrap_or_default().to_owned()
}

/// A cluster, and its server that has `{k}t`, held by `a`, and `{k}g` with two slots, held by `a` and `b`.
pub(crate) fn held() -> Cluster {
    let cluster = Cluster::start();
    let redis = cluster.server_of("k");
    redis.call("UMQ.ACQUIRE {k}t a PX 500000");
    redis.call("QGATE.ACQUIRE {k}g a LIMIT 2 PX 500000");
    redis.call("QGATE.ACQUIRE {k}g b LIMIT 2 PX 500000");
    cluster
}
