//! UMQ: turns, one at a time, spaced. A turn is one STRING of readable text.
//! A new command is a file here, a row in `lib.rs`, a section in `module/README.md`.

pub(crate) mod acquire;
pub(crate) mod cancel;
pub(crate) mod force;
pub(crate) mod info;
pub(crate) mod release;
pub(crate) mod renew;
mod stored;
mod turn;
pub(crate) mod waiters;
