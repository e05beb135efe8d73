//! TALLY: counters that count a thing once. The ids that have been counted are one ZSET, id → until when it is known;
//! the counters are fields of HASHes, as `HINCRBY` keeps them; what is written of a thing is an entry of a STREAM.
//! A new command is a file here, a row in `lib.rs`, a section in `module/README.md`.

pub(crate) mod add;
mod counters;
mod ids;
mod increment;
mod record;
