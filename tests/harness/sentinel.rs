//! One sentinel that watches a master of the test's own. Its word alone is enough for a failover.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use tempfile::TempDir;

use crate::client::Client;
use crate::config;
use crate::eventually::eventually;
use crate::process::Process;
use crate::reply::Reply;

/// How the master is called.
pub const MASTER: &str = "main";

/// Ends with the value.
#[derive(Debug)]
pub struct Sentinel {
    _process: Process,
    port: u16,
    dir: TempDir,
}

impl Sentinel {
    /// Watches the master on this port of the loopback address; `lines` are added to its configuration.
    ///
    /// # Panics
    /// When it does not start.
    #[track_caller]
    pub fn start(master: u16, lines: &str) -> Self {
        let dir = tempfile::tempdir().expect("there is room for files");
        // It writes into its own configuration what it learns.
        let path = dir.path().join("sentinel.conf");
        let port = free_port();
        let socket = dir.path().join("s").display().to_string();
        let text = format!(
            "port {port}\nunixsocket {socket}\nsentinel monitor {MASTER} 127.0.0.1 {master} 1\n\
             sentinel down-after-milliseconds {MASTER} 60000\nsentinel failover-timeout {MASTER} 5000\n{lines}\n"
        );
        fs::write(&path, text).expect("the directory can be written to");
        let mut command = Command::new(config::redis_server());
        command.arg(&path).arg("--sentinel").current_dir(&dir);
        let log = dir.path().join("log");
        let process = Process::start(command, &log).expect("the sentinel starts");
        let sentinel = Self {
            _process: process,
            port,
            dir,
        };
        eventually("the sentinel answers", || {
            let client = Client::connect(&sentinel.dir.path().join("s"));
            client.map(drop).map_err(|error| error.to_string())
        });
        sentinel
    }

    /// As clients are told of it.
    pub fn server(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Has another server made the master.
    ///
    /// # Panics
    /// When it knows none that could be.
    #[track_caller]
    pub fn fail_over(&self) {
        eventually("a replica is fit to be the master", || {
            match self.call(&format!("SENTINEL FAILOVER {MASTER}")) {
                done if done == "OK" => Ok(()),
                refused => Err(format!("{refused:?}")),
            }
        });
    }

    #[track_caller]
    fn call(&self, line: &str) -> Reply {
        let client = Client::connect(&self.dir.path().join("s"));
        client.expect("a started sentinel accepts").call(line)
    }
}

#[track_caller]
fn free_port() -> u16 {
    let asked = TcpListener::bind("127.0.0.1:0").expect("the loopback address has free ports");
    let address = asked.local_addr();
    address.expect("a bound socket has an address").port()
}
