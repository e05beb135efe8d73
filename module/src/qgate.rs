//! QGATE: leased slots under a limit. A gate is one ZSET, member → lease end.
//! A new command is a file here, a row in `lib.rs`, a section in `module/README.md`.

pub(crate) mod acquire;
pub(crate) mod admit;
pub(crate) mod attempt;
pub(crate) mod cancel;
mod choice;
pub(crate) mod close;
pub(crate) mod count;
mod gate;
pub(crate) mod info;
pub(crate) mod leave;
pub(crate) mod members;
mod memory;
pub(crate) mod open;
pub(crate) mod release;
pub(crate) mod renew;
mod stored;
mod take;
pub(crate) mod waiters;
