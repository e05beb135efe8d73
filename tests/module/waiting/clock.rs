//! A wall clock that somebody sets while clients wait. Leases move with it, as times to live do; the line does not.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{Client, Process, Reply, config, eventually};
use tempfile::TempDir;

use super::compiled::shared_object;
use crate::umq::granted;

const HOUR: i64 = 3_600;

/// A server with the module whose clock can be set. Ends with the value.
struct Settable {
    _process: Process,
    dir: TempDir,
}

impl Settable {
    #[track_caller]
    fn start() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("weir-")
            .tempdir_in("/tmp")
            .expect("there is room for a directory");
        let object = shared_object(dir.path(), "clock", include_str!("clock.c"));
        step(dir.path(), 0);
        let mut command = Command::new(config::redis_server());
        command
            .env("LD_PRELOAD", object)
            .env("STEP_FILE", dir.path().join("step"))
            .args(["--port", "0", "--save", "", "--dir"])
            .arg(dir.path())
            .arg("--unixsocket")
            .arg(dir.path().join("s"))
            .arg("--loadmodule")
            .arg(config::module());
        let process = Process::start(command, &dir.path().join("log"));
        let process = process.expect("the server can be started");
        let server = Self {
            _process: process,
            dir,
        };
        eventually("the server answers", || {
            let mut client =
                Client::connect(&server.socket()).map_err(|error| error.to_string())?;
            client.try_call("PING").map_err(|error| error.to_string())
        });
        server
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("s")
    }

    #[track_caller]
    fn connect(&self) -> Client {
        Client::connect(&self.socket()).expect("a started server accepts connections")
    }

    /// The clock is this many seconds ahead of the machine's from now on.
    #[track_caller]
    fn set(&self, seconds: i64) {
        step(self.dir.path(), seconds);
    }

    /// Sends a request that waits, and comes back when it stands in line.
    #[track_caller]
    fn ask(&self, line: &str) -> Client {
        let mut client = self.connect();
        let id = client.call("CLIENT ID").int();
        client.send(line);
        let mut other = self.connect();
        eventually("it stands in line", || {
            let seen = other.call(format!("CLIENT LIST ID {id}")).text();
            if seen.contains(" flags=b") {
                Ok(())
            } else {
                Err(seen)
            }
        });
        client
    }
}

/// The file is never shorter meanwhile: the server reads it as memory.
#[track_caller]
fn step(dir: &Path, seconds: i64) {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join("step"));
    let written = file.and_then(|mut file| file.write_all(&seconds.to_ne_bytes()));
    written.expect("the directory can be written");
}

#[test]
fn a_clock_set_forward_ends_leases_spacings_and_patience_at_once() {
    let server = Settable::start();
    let mut client = server.connect();
    for line in [
        "UMQ.ACQUIRE t a PX 500000",
        "UMQ.ACQUIRE spaced a PX 500000",
        "UMQ.RELEASE spaced a",
        "QGATE.ACQUIRE g a LIMIT 1 PX 500000",
        "QGATE.CLOSE shut PX 500000",
        "UMQ.ACQUIRE far a PX 86400000",
    ] {
        client.call(line);
    }
    let mut waiters = [
        "UMQ.ACQUIRE t b PX 500000 BLOCK 0",
        "UMQ.ACQUIRE spaced b PX 500000 DELAY 600000 BLOCK 0",
        "QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0",
        "QGATE.ACQUIRE shut b LIMIT 1 PX 500000 BLOCK 0",
    ]
    .map(|line| server.ask(line));
    let mut impatient = server.ask("UMQ.ACQUIRE far b PX 500000 BLOCK 60000");
    server.set(HOUR);
    for waiter in &mut waiters {
        assert_eq!(waiter.receive().items()[0], 1);
    }
    assert_eq!(impatient.receive(), [0, -1, 0, 0]);
    let left = client.call("UMQ.INFO t").field("lease-ms").int();
    assert!((400_000..=500_000).contains(&left), "{left}");
}

#[test]
fn a_clock_set_back_delays_no_hand_off() {
    let server = Settable::start();
    let mut client = server.connect();
    client.call("UMQ.ACQUIRE t a PX 500000");
    client.call("QGATE.ACQUIRE g a LIMIT 1 PX 500000");
    let mut b = server.ask("UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    let mut slot = server.ask("QGATE.ACQUIRE g b LIMIT 1 PX 500000 BLOCK 0");
    server.set(-HOUR);
    // The module runs no command that would have it look at its clock.
    client.call("DEL t g");
    granted(&b.receive());
    assert_eq!(slot.receive(), [1, 1, 0]);
}

#[test]
fn a_clock_set_back_makes_nobody_wait_for_a_negative_time() {
    let server = Settable::start();
    let mut client = server.connect();
    client.call("UMQ.ACQUIRE t a PX 500000");
    let mut b = server.ask("UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    server.set(-HOUR);
    assert_eq!(client.call("UMQ.WAITERS t").items()[0].items()[2], 0);
    assert_eq!(*client.call("UMQ.INFO t").field("oldest-wait-ms"), 0);
    assert_eq!(client.call("UMQ.RELEASE t a"), 1);
    granted(&b.receive());
}

#[test]
fn tokens_grow_though_the_clock_is_set_back() {
    let server = Settable::start();
    let mut client = server.connect();
    let mut last = granted(&client.call("UMQ.ACQUIRE t a PX 500000"));
    let mut b = server.ask("UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    server.set(-HOUR);
    assert_eq!(client.call("UMQ.RELEASE t a"), 1);
    for token in [
        granted(&b.receive()),
        {
            client.call("UMQ.RELEASE t b");
            granted(&client.call("UMQ.ACQUIRE t c PX 500000"))
        },
        {
            client.call("DEL t");
            granted(&client.call("UMQ.ACQUIRE t d PX 500000"))
        },
    ] {
        assert!(token > last, "{token} after {last}");
        last = token;
    }
    assert_eq!(client.call("UMQ.RELEASE t d"), Reply::Int(1));
}
#[test]
fn a_clock_set_back_lets_no_newcomer_overtake() {
    let server = Settable::start();
    let mut client = server.connect();
    client.call("UMQ.ACQUIRE t a PX 500000");
    let _b = server.ask("UMQ.ACQUIRE t b PX 500000 BLOCK 0");
    server.set(-HOUR);
    let _c = server.ask("UMQ.ACQUIRE t c PX 500000 BLOCK 0");
    let rows = client.call("UMQ.WAITERS t");
    let id = |row: &Reply| row.items()[0].text();
    let ids: Vec<_> = rows.items().iter().map(id).collect();
    assert_eq!(ids, ["b", "c"]);
}
