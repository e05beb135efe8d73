//! The relay, in the order in which a request passes.

pub mod mock;
