//! A server with the module whose clocks stand still, alone or with somebody who follows what it does.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use clap::ValueEnum;
use harness::{Process, Redis, Reply, config, eventually};
use tempfile::TempDir;

use crate::clock::Clock;
use crate::compiled::shared_object;
use crate::wire::Wire;

/// What else sees the effects of what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Variant {
    Alone,
    /// All effects are appended to a file, from which they are read again.
    Appending,
    /// A replica without the module.
    Replica,
    /// Tries are bounded to a few entries.
    Bounded,
}

/// Of a bounded trie.
pub(crate) const FEW_ENTRIES: usize = 5;

#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    pub(crate) clock: Clock,
    pub(crate) replica: Option<Redis>,
    pub(crate) variant: Variant,
    /// Declared last: removed after the server has ended.
    dir: TempDir,
}

impl Server {
    /// # Panics
    /// When it does not start.
    pub(crate) fn start(variant: Variant, part: i64) -> Self {
        let named = tempfile::Builder::new().prefix("weir-").to_owned();
        let dir = named
            .tempdir_in("/tmp")
            .expect("there is room for a directory");
        let clock = Clock::at(&dir.path().join("clock"), part).expect("a file can be written");
        let port = free_port();
        let mut command = Command::new(config::redis_server());
        command
            .env("LD_PRELOAD", clocks())
            .env("CLOCK_FILE", dir.path().join("clock"))
            .args(["--bind", "127.0.0.1", "--save", "", "--port"])
            .arg(match variant {
                Variant::Replica => port.to_string(),
                Variant::Alone | Variant::Appending | Variant::Bounded => "0".to_owned(),
            })
            .args([
                "--enable-debug-command",
                "local",
                "--repl-timeout",
                "2000000000",
            ])
            .args(["--repl-diskless-sync-delay", "0", "--appendfsync", "no"])
            // So that a short stream can be trimmed.
            .args(["--stream-node-max-entries", "3"])
            // It takes memory for each command that it has not seen before.
            .args(["--latency-tracking", "no"])
            .args([
                "--appendonly",
                if variant == Variant::Appending {
                    "yes"
                } else {
                    "no"
                },
            ])
            .arg("--dir")
            .arg(dir.path())
            .arg("--unixsocket")
            .arg(dir.path().join("s"))
            .arg("--loadmodule")
            .arg(config::module());
        if variant == Variant::Bounded {
            command.args(["--weir.trie-max-entries", &FEW_ENTRIES.to_string()]);
        }
        let process = Process::start(command, &dir.path().join("log"));
        let mut server = Self {
            process: process.expect("the server can be started"),
            clock,
            replica: None,
            variant,
            dir,
        };
        server.until_it_answers();
        if variant == Variant::Replica {
            server.follow(port);
        }
        server
    }

    pub(crate) fn connect(&self) -> std::io::Result<Wire> {
        Wire::connect(&self.dir.path().join("s"))
    }

    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    fn until_it_answers(&self) {
        eventually("the server answers", || {
            let answer = self.connect().and_then(|mut wire| wire.call("PING"));
            answer.map_err(|error| format!("{error}: {}", self.log()))
        });
    }

    /// The server sees only when its clock moves that the replica has its copy.
    fn follow(&mut self, port: u16) {
        let primary = format!("127.0.0.1 {port}");
        let builder = Redis::builder().without_module();
        let replica = builder.arg("replicaof", &primary).start();
        let mut wire = self
            .connect()
            .expect("a started server accepts connections");
        eventually("the replica follows", || {
            self.clock.forward(100).map_err(|error| error.to_string())?;
            let pong = wire.call("PING").map_err(|error| error.to_string())?;
            match replica.info("master_link_status").as_str() {
                "up" => Ok(()),
                link => Err(format!("{link}, {pong:?}")),
            }
        });
        self.replica = Some(replica);
    }

    /// Whether the replica holds the same.
    ///
    /// # Panics
    /// When it does not get what was sent to it.
    pub(crate) fn is_followed(&self, eye: &mut Wire) -> std::io::Result<bool> {
        let Some(replica) = &self.replica else {
            return Ok(true);
        };
        let info = eye.call("INFO replication")?.text();
        let mut lines = info.lines();
        let written = lines.find_map(|line| line.strip_prefix("master_repl_offset:"));
        let written = written.unwrap_or_default().to_owned();
        eventually("the replica has applied all", || {
            let applied = replica.info("slave_repl_offset");
            if applied == written {
                Ok(())
            } else {
                Err(applied)
            }
        });
        let digest: Reply = eye.call("DEBUG DIGEST")?;
        Ok(digest == replica.call("DEBUG DIGEST"))
    }
}

/// Compiled once, for all servers.
fn clocks() -> PathBuf {
    static COMPILED: std::sync::LazyLock<(TempDir, PathBuf)> = std::sync::LazyLock::new(|| {
        let dir = tempfile::tempdir().expect("there is room for a directory");
        let object = shared_object(dir.path(), "clock", include_str!("clock.c"));
        (dir, object)
    });
    COMPILED.1.clone()
}

fn free_port() -> u16 {
    let asked = TcpListener::bind("127.0.0.1:0").expect("the loopback address has free ports");
    let address = asked.local_addr().expect("a bound socket has an address");
    address.port()
}
