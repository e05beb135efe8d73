//! Clocks of a server that stand still until the fuzzer moves them, so that what depends on time is exact.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// When every run begins, in µs: so that a seed alone says all.
const BEGIN: i64 = 1_800_000_000_000_000;

#[derive(Debug)]
pub(crate) struct Clock {
    file: File,
    /// µs since 1970.
    wall: i64,
}

impl Clock {
    /// `part` is the part of a millisecond that the wall clock shows all the time, in µs.
    pub(crate) fn at(path: &Path, part: i64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        let mut clock = Self {
            file,
            wall: BEGIN + part,
        };
        clock.forward(0)?;
        Ok(clock)
    }

    pub(crate) fn micros(&self) -> i64 {
        self.wall
    }

    /// The server reads the file as memory: it is never shorter meanwhile.
    pub(crate) fn forward(&mut self, ms: i64) -> io::Result<()> {
        self.wall += ms * 1_000;
        let monotonic = self.wall - BEGIN + 1_000_000;
        let both = [self.wall.to_ne_bytes(), monotonic.to_ne_bytes()].concat();
        self.file.write_all_at(&both, 0)
    }
}
