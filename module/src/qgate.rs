//! QGATE: leased slots under a limit. A gate is one ZSET, member → lease end.
//! A new command is a file here, a row in `lib.rs`, a section in `module/README.md`.

pub(crate) mod acquire;
pub(crate) mod cancel;
pub(crate) mod close;
pub(crate) mod count;
mod gate;
pub(crate) mod info;
pub(crate) mod leave;
mod limits;
pub(crate) mod members;
pub(crate) mod open;
pub(crate) mod release;
pub(crate) mod renew;
mod stored;
pub(crate) mod waiters;
