//! Redis on the wire: commands are written into a `Batch`, its answers are `Reply`s, and a `Connection` carries the
//! batches of many callers over one socket, in order. It knows the protocol (RESP3) and none of our commands.

mod batch;
mod connection;
mod driver;
mod parse;
mod reply;
mod socket;

pub(crate) use batch::Batch;
pub use connection::Fault;
pub(crate) use connection::{Connection, Keeping, OnMessage};
pub(crate) use reply::Reply;
