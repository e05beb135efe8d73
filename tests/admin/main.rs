//! The operators' side of the relay, in process, with a Redis of each test's own. A concern is a file.

mod desk;
mod form;
mod listener;
mod live;
mod settings;
