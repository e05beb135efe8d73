//! RATE: rates (GCRA). A bucket of tokens is one STRING, the time at which it is full.
//! A new command is a file here, a row in `lib.rs`, a section in `module/README.md`.
//! Another family charges several rates by `stored`: opens each, asks all, and charges all or none.

pub(crate) mod bucket;
pub(crate) mod charge;
mod clause;
pub(crate) mod give;
pub(crate) mod stored;
pub(crate) mod take;
