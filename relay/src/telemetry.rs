//! What the relay shows to machines. A request is counted once, by the task that settles it, where its record is complete
//! (`counting.rs`), and followed from there, if it is to be (`traces.rs`); what other parts keep of themselves is read when somebody asks (`metrics.rs`). Nothing here decides
//! anything. A new metric: a row in `catalogue.rs`, where it is counted or read, and a row in `docs/metrics.md`.

mod catalogue;
mod counting;
mod gates;
mod labels;
mod lines;
mod meters;
mod metrics;
mod outbound;
mod process;
mod spans;
mod spread;
mod traces;
mod trail;

pub(crate) use counting::Counting;
pub(crate) use lines::{tell_ended, tell_refused};
pub(crate) use meters::Meters;
pub(crate) use metrics::{CONTENT_TYPE, text};
pub(crate) use outbound::client;
pub(crate) use spread::{Scale, Spread};
pub(crate) use traces::Traces;
pub(crate) use trail::{Origin, TRACEPARENT, Trail};
