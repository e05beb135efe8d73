//! The relay. A request passes `server → flow → authenticate → read → admit → turn → forward → stream → settle`;
//! what a step needs stands below the steps.

// Start and wiring.
mod accord;
mod app;
pub mod cli;
pub mod config;
mod declared;
mod follow;
pub mod server;
mod settings;
mod tls;

// The life of a request.
mod admit;
mod answer;
mod authenticate;
mod calendar;
mod call;
mod charge;
mod early;
mod enter;
mod failover;
mod fallback;
mod flow;
mod forward;
mod intend;
mod interpret;
mod limit;
mod line;
mod meanwhile;
mod own;
mod own_usage;
mod pin;
mod read;
mod route;
mod settle;
mod spend;
mod stream;
mod translated;
mod turn;

// What a request holds, and how it is kept.
mod books;
mod gate;
mod intent;
mod keeper;
mod permit;
mod renew;
mod sweep;
mod take_back;

// What callers and upstreams speak.
mod address;
mod affinity;
mod attempts;
mod choice;
mod cooldown;
mod dialect;
mod json_array;
mod pins;
mod price;
mod provider;
mod purse;
mod recorded;
mod sse;
mod tally;
mod translate;
mod usage;
mod usual;
mod words;

// What operators make.
mod account;
pub mod admin;
mod allowance;
mod budget;
mod group;
pub mod key;
mod live;
mod models;
mod operators;
mod password;
mod resting;
pub mod role;
mod roster;
mod seal;
mod spent;
mod standing;

// Redis.
pub mod embedded;
pub mod store;

// What machines see.
mod alerts;
mod telemetry;

// A simulated upstream.
pub mod mock;

// Small things.
mod clock;
mod csv;
mod error;
mod ids;
mod json;
mod moment;
mod room;
pub mod secret;
mod time;
