//! The operators' side of the relay, in process, with a Redis of each test's own. A concern is a file.

mod about;
mod accord;
mod audit;
mod bounds;
mod cross_site;
mod desk;
mod document;
mod examples;
mod flood;
mod form;
mod listener;
mod live;
mod operators;
mod queues;
mod sessions;
mod settings;
mod setup;
mod throttle;
mod tls;
mod tokens;
mod top;
mod usage;
