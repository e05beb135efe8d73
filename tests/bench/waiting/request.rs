//! What one request sends: the command that asks and the command that gives back, in the form of each contender.

use crate::batch::{Batch, Expected};
use crate::umq;

#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: String,
    /// Answers as expected when granted.
    pub(super) acquire: Batch,
    pub(super) release: Batch,
}

const LEASE_MS: &str = "600000";

/// A turn of Weir's; the clause says how it is waited for.
pub(super) fn turn(key: &str, id: String, clause: &[&str]) -> Request {
    let words = ["UMQ.ACQUIRE", key, &id, "PX", LEASE_MS];
    Request {
        acquire: Batch::one(&[&words, clause].concat(), Expected::Int(1)),
        release: Batch::one(&["UMQ.RELEASE", key, &id], Expected::Int(1)),
        id,
    }
}

/// A slot of Weir's; the clause says how it is waited for.
pub(super) fn slot(key: &str, limit: usize, id: String, clause: &[&str]) -> Request {
    let limit = limit.to_string();
    let words = ["QGATE.ACQUIRE", key, &id, "LIMIT", &limit, "PX", LEASE_MS];
    Request {
        acquire: Batch::one(&[&words, clause].concat(), Expected::Int(1)),
        release: Batch::one(&["QGATE.RELEASE", key, &id], Expected::Int(1)),
        id,
    }
}

/// A turn of the scripts.
pub(super) fn scripted_turn(scripts: &umq::Scripts, turn: u64, id: String) -> Request {
    let (mut acquire, mut release) = (Batch::default(), Batch::default());
    scripts.acquire(&mut acquire, turn, &id, 1);
    scripts.release(&mut release, turn, &id);
    Request {
        id,
        acquire,
        release,
    }
}

/// A token of a plain list.
pub(super) fn token(list: &str, id: String) -> Request {
    Request {
        id,
        acquire: Batch::one(&["BLPOP", list, "0"], Expected::Items(2)),
        release: Batch::one(&["RPUSH", list, "token"], Expected::Int(1)),
    }
}
