//! Waiting: who stands in line, in which order it is served, when, and what becomes of those who leave.
//! First what the tests look through, then a file per concern.

pub(crate) mod asker;
mod compiled;
pub(crate) mod line;
pub(crate) mod listener;
pub(crate) mod several;

mod again;
mod appended;
mod bad_input;
mod bounds;
mod by_others;
#[cfg(target_os = "linux")]
mod clock;
mod cluster;
mod cluster_lost;
mod confirmed;
mod contents;
mod crashed;
mod crowd;
mod failed_over;
mod flows;
mod gates;
mod gone;
mod heard;
mod inside;
mod limits;
mod memory;
mod order;
mod patience;
mod paused;
mod punctual;
mod replicas;
pub(crate) mod roles;
mod rolled_back;
mod seen;
mod slot_moved;
mod spaced;
mod tickets;
mod turns;
mod unload;
