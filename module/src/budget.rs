//! BUDGET: spending under a limit, reserved first and settled once. A budget is one HASH: what was spent, the live
//! reservations summed by when they end, and a record per member.
//! A new command is a file here, a row in `lib.rs`, a section in `module/README.md`.

mod clause;
pub(crate) mod info;
mod ledger;
mod record;
pub(crate) mod renew;
pub(crate) mod reserve;
pub(crate) mod settle;
mod stored;
mod sums;
