//! The relay between callers and a simulated upstream, with a Redis of each test's own.

mod mock;
