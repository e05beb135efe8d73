//! The relay as a process of its own, which may be killed and comes back under its address.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use serde_json::Value;

use crate::config;
use crate::eventually::eventually;
use crate::process::Process;

/// Of the environment: names with their values.
type Variables = &'static [(&'static str, &'static str)];

/// Ends with the value.
#[derive(Debug)]
pub struct Program {
    process: Process,
    addr: SocketAddr,
    operators: Option<SocketAddr>,
    variables: Variables,
    toml: PathBuf,
    log: PathBuf,
}

impl Program {
    /// A relay with this `weir.toml` that listens on a port of its own; what it prints is added to `log`.
    ///
    /// # Panics
    /// When it does not start.
    #[track_caller]
    pub fn start(toml: &Path, log: &Path) -> Self {
        Self::start_with(toml, log, &[])
    }

    /// The same, with these environment variables.
    ///
    /// # Panics
    /// When it does not start.
    #[track_caller]
    pub fn start_with(toml: &Path, log: &Path, variables: Variables) -> Self {
        Self::launch(toml, log, variables, None)
    }

    /// A relay that serves operators too, on a port of their own.
    ///
    /// # Panics
    /// When it does not start.
    #[track_caller]
    pub fn start_with_operators(toml: &Path, log: &Path) -> Self {
        Self::launch(toml, log, &[], Some(free_address()))
    }

    #[track_caller]
    fn launch(
        toml: &Path,
        log: &Path,
        variables: Variables,
        operators: Option<SocketAddr>,
    ) -> Self {
        let addr = free_address();
        Self {
            process: launch(toml, log, (addr, operators), variables),
            addr,
            operators,
            variables,
            toml: toml.to_owned(),
            log: log.to_owned(),
        }
    }

    /// Where operators are served.
    ///
    /// # Panics
    /// When they are not.
    #[track_caller]
    pub fn operators_addr(&self) -> SocketAddr {
        self.operators.expect("it was started with operators")
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// All that it has printed since its first start.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// SIGKILL, and wait until it is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again under the same address after [`kill`](Self::kill).
    ///
    /// # Panics
    /// When it does not start.
    #[track_caller]
    pub fn start_again(&mut self) {
        self.process = launch(
            &self.toml,
            &self.log,
            (self.addr, self.operators),
            self.variables,
        );
    }

    pub fn signal(&mut self, signal: rustix::process::Signal) {
        self.process.signal(signal);
    }

    /// SIGSTOP, and waits until none of its threads runs any more.
    ///
    /// # Panics
    /// When one goes on.
    #[track_caller]
    pub fn stop(&mut self) {
        self.signal(rustix::process::Signal::STOP);
        let threads = format!("/proc/{}/task", self.pid());
        eventually("it stands still", || {
            let threads = fs::read_dir(&threads).expect("it is there");
            let stats = threads.flatten().map(|thread| thread.path().join("stat"));
            let mut stats = stats.filter_map(|stat| fs::read_to_string(stat).ok());
            stats
                .find(|stat| !stat.contains(") T "))
                .map_or(Ok(()), Err)
        });
    }

    /// SIGTERM, and how it ended.
    ///
    /// # Panics
    /// When it does not end.
    pub fn terminate(&mut self) -> ExitStatus {
        self.process.terminate()
    }
}

/// A new key for callers of the group `main`, at most so many requests at once; 0 = without a limit.
///
/// # Panics
/// When the program does not make one.
#[track_caller]
pub fn create_key(toml: &Path, max_concurrent: u32) -> String {
    let mut command = Command::new(config::program());
    command.args([
        "key", "create", "--name", "test", "--group", "main", "--json",
    ]);
    command.args(["--max-concurrent", &max_concurrent.to_string()]);
    let out = command.arg("--config").arg(toml).output();
    let out = out.expect("the program starts");
    let created = serde_json::from_slice(&out.stdout);
    let created: Value = created.unwrap_or_else(|error| panic!("{error}: {out:?}"));
    created["key"].as_str().expect("there is a key").to_owned()
}

/// What a command of the program prints.
///
/// # Panics
/// When it fails.
#[track_caller]
pub fn says(toml: &Path, words: &str) -> String {
    let mut command = Command::new(config::program());
    command.args(words.split(' ')).arg("--config").arg(toml);
    let out = command.output().expect("the program starts");
    assert!(out.status.success(), "{words}: {out:?}");
    String::from_utf8(out.stdout).expect("it is text")
}

/// What a command of operators answers, or why it fails.
///
/// # Errors
/// What it says where it fails.
///
/// # Panics
/// When the program does not start, or answers with something else than JSON.
pub fn operate(toml: &Path, arguments: &[&str]) -> Result<Value, String> {
    let mut command = Command::new(config::program());
    command.args(arguments).arg("--json");
    let out = command.arg("--config").arg(toml).output();
    let out = out.expect("the program starts");
    match out.status.success() {
        true => Ok(serde_json::from_slice(&out.stdout).expect("it answers in JSON")),
        false => Err(String::from_utf8_lossy(&out.stderr).into_owned()),
    }
}

#[track_caller]
fn launch(
    toml: &Path,
    log: &Path,
    (addr, operators): (SocketAddr, Option<SocketAddr>),
    variables: Variables,
) -> Process {
    let mut command = Command::new(config::program());
    command.arg("serve").arg("--config").arg(toml);
    command.env("WEIR_LISTEN", addr.to_string());
    let operators = operators.map_or("off".into(), |addr| addr.to_string());
    command.env("WEIR_LISTEN_OPERATORS", operators);
    command.envs(variables.iter().copied());
    let mut process = Process::start(command, log).expect("the program starts");
    eventually("the relay listens", || {
        if let Some(status) = process.exit_status() {
            panic!("it ended with {status}: {}", process.log());
        }
        let connected = TcpStream::connect(addr).map(drop);
        connected.map_err(|error| format!("{error}: {}", process.log()))
    });
    process
}

/// Somebody else may take it until it is used; nobody else asks for ports here.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    listener.local_addr().expect("a listener has an address")
}
