//! The relay between callers and a simulated upstream, with a Redis of each test's own. A concern is a file.

mod access;
mod admission;
mod cluster;
mod dialects;
mod drain;
mod gone;
mod headers;
mod heartbeats;
mod leases;
mod mock;
mod recorded;
mod refusals;
mod routes;
mod sdk;
mod sentinel;
mod settled;
mod store;
mod streaming;
mod swept;
mod truncation;
mod turns;
mod usage;
mod waiting;
