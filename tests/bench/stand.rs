//! The server that is measured: alone on its CPU, one connection that keeps a pipeline full, and the server's
//! own account of what its commands took.

use std::io::{BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use harness::redis::Builder;
use harness::{Client, Redis, resp};

use crate::batch::Batch;
use crate::cpu::{self, CpuTime};

/// The server's CPU; the load has the other.
const SERVER_CPU: usize = 0;
const LOAD_CPU: usize = 1;

#[derive(Debug)]
pub(crate) struct Stand {
    redis: Redis,
    control: Client,
    load: BufReader<UnixStream>,
}

/// A server that appends to a file and syncs it every second.
pub(crate) fn with_aof() -> Builder {
    Redis::builder()
        .arg("appendonly", "yes")
        .arg("appendfsync", "everysec")
}

impl Stand {
    pub(crate) fn start(builder: Builder) -> Self {
        let redis = builder.start();
        cpu::pin(redis.pid(), SERVER_CPU);
        cpu::pin(std::process::id(), LOAD_CPU);
        let load = UnixStream::connect(redis.socket()).expect("a started server accepts");
        Self {
            control: redis.connect(),
            load: BufReader::with_capacity(1 << 16, load),
            redis,
        }
    }

    pub(crate) fn control(&mut self) -> &mut Client {
        &mut self.control
    }

    /// Where further connections are made.
    pub(crate) fn socket(&self) -> PathBuf {
        self.redis.socket()
    }

    /// The SHA1 under which the script can be called.
    pub(crate) fn script(&mut self, text: &str) -> String {
        self.control
            .call([b"SCRIPT", b"LOAD".as_slice(), text.as_bytes()])
            .text()
    }

    /// Sends the batch in one write and takes all its answers.
    ///
    /// # Panics
    /// When an answer is not the expected one.
    pub(crate) fn send(&mut self, batch: &Batch) {
        self.load
            .get_mut()
            .write_all(batch.wire())
            .expect("the server reads");
        for at in 0..batch.len() {
            let reply = resp::decode(&mut self.load).expect("the server answers");
            batch.check(at, &reply);
        }
    }

    /// Sends a long sequence of commands, `depth` at a time.
    pub(crate) fn fill(&mut self, count: usize, mut command: impl FnMut(usize, &mut Batch)) {
        const DEPTH: usize = 64;
        let mut batch = Batch::default();
        for at in 0..count {
            command(at, &mut batch);
            if batch.len() >= DEPTH || at + 1 == count {
                self.send(&batch);
                batch.clear();
            }
        }
    }

    pub(crate) fn reset_spent(&mut self) {
        self.control.call("CONFIG RESETSTAT");
    }

    /// The time of the named commands themselves since then, in microseconds. What a script calls is in the script's.
    pub(crate) fn spent(&mut self, commands: &[&str]) -> u64 {
        self.stats("usec=", commands)
    }

    /// How often the named commands were called since then.
    pub(crate) fn calls(&mut self, commands: &[&str]) -> u64 {
        self.stats("calls=", commands)
    }

    fn stats(&mut self, field: &str, commands: &[&str]) -> u64 {
        let stats = self.control.call("INFO commandstats").text();
        let of = |command: &&str| {
            let name = format!("cmdstat_{command}:");
            let line = stats.lines().find_map(|line| line.strip_prefix(&name));
            let number = |line: &str| {
                line.split(',')
                    .find_map(|part| part.strip_prefix(field)?.parse::<u64>().ok())
            };
            line.and_then(number)
                .unwrap_or_else(|| panic!("{command} was not called"))
        };
        commands.iter().map(of).sum()
    }

    /// CPU time of the whole server process.
    pub(crate) fn cpu(&self) -> CpuTime {
        cpu::time(self.redis.pid())
    }
}
