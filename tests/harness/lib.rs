//! What every test against a real server starts from, in the order in which a test uses it.

pub mod client;
pub mod cluster;
pub mod command;
pub mod config;
pub mod draw;
pub mod eventually;
pub mod http;
pub mod lossy;
pub mod process;
pub mod program;
pub mod recorded;
pub mod redis;
pub mod reply;
pub mod resp;
pub mod sdk;
pub mod sentinel;
pub mod speech;
pub mod tap;
pub mod time;
pub mod weir;

pub use client::Client;
pub use cluster::Cluster;
pub use draw::Draw;
pub use eventually::{eventually, eventually_async};
pub use lossy::Lossy;
pub use process::Process;
pub use program::Program;
pub use recorded::Recorded;
pub use redis::Redis;
pub use reply::{Reply, error};
pub use sdk::Runtime;
pub use sentinel::Sentinel;
pub use speech::Speech;
pub use tap::Tap;
pub use weir::Weir;
