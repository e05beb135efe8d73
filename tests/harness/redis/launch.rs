//! How a server is started: its arguments, its directory, and waiting until it answers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context as _, Result, anyhow};
use tempfile::TempDir;

use super::Redis;
use crate::client::Client;
use crate::config;
use crate::eventually::eventually;
use crate::process::Process;

/// The longest path that a unix socket can have.
const SOCKET_PATH_BYTES: usize = 107;

/// Comes before the test's own arguments, which therefore win.
const ARGUMENTS: [(&str, &str); 9] = [
    ("bind", "127.0.0.1"),
    ("port", "0"),
    ("save", ""),
    ("appendonly", "no"),
    ("enable-debug-command", "local"),
    ("enable-module-command", "local"),
    // A replica of a test need not wait for further ones.
    ("repl-diskless-sync-delay", "0"),
    ("lazyfree-lazy-expire", "yes"),
    ("lazyfree-lazy-user-del", "yes"),
];

/// What a server is started with.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    arguments: Vec<(String, String)>,
    module: Module,
}

#[derive(Clone, Debug)]
enum Module {
    With(Vec<String>),
    Without,
}

impl Default for Module {
    fn default() -> Self {
        Self::With(Vec::new())
    }
}

impl Builder {
    /// A setting, named as in `redis.conf`.
    #[must_use]
    pub fn arg(mut self, name: &str, value: &str) -> Self {
        self.arguments.push((name.into(), value.into()));
        self
    }

    /// What stands after the module's path on the `loadmodule` line.
    #[must_use]
    pub fn module_args<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.module = Module::With(arguments.into_iter().map(Into::into).collect());
        self
    }

    /// A plain server.
    #[must_use]
    pub fn without_module(mut self) -> Self {
        self.module = Module::Without;
        self
    }

    /// # Panics
    /// When the server does not start, with its log.
    #[track_caller]
    pub fn start(self) -> Redis {
        match self.try_start() {
            Ok(redis) => redis,
            Err(error) => panic!("{error:#}"),
        }
    }

    /// The error holds the server's log.
    pub fn try_start(self) -> Result<Redis> {
        let dir = directory()?;
        Ok(Redis {
            process: self.launch(dir.path())?,
            builder: self,
            client: Mutex::new(None),
            dir,
        })
    }

    /// Starts the server on the files of a directory and waits until it has loaded them.
    pub(super) fn launch(&self, dir: &Path) -> Result<Process> {
        let server = config::redis_server();
        let mut command = Command::new(&server);
        command.arg("--dir").arg(dir);
        command.arg("--unixsocket").arg(socket(dir));
        for (name, value) in ARGUMENTS {
            command.arg(format!("--{name}")).arg(value);
        }
        for (name, value) in &self.arguments {
            command.arg(format!("--{name}")).arg(value);
        }
        if let Module::With(arguments) = &self.module {
            command.arg("--loadmodule").arg(config::module());
            command.args(arguments);
        }
        let mut process = Process::start(command, &dir.join("log"))
            .with_context(|| format!("cannot start {}", server.display()))?;
        until_it_answers(&mut process, dir)?;
        Ok(process)
    }
}

/// The socket of the server that lives in a directory.
pub(super) fn socket(dir: &Path) -> PathBuf {
    dir.join("s")
}

fn directory() -> Result<TempDir> {
    let named = || tempfile::Builder::new().prefix("weir-").to_owned();
    let dir = named().tempdir()?;
    if socket(dir.path()).as_os_str().len() <= SOCKET_PATH_BYTES {
        return Ok(dir);
    }
    Ok(named().tempdir_in("/tmp")?)
}

fn until_it_answers(process: &mut Process, dir: &Path) -> Result<()> {
    eventually("the server answers PING", || {
        if let Some(status) = process.exit_status() {
            let log = process.log();
            return Ok(Err(anyhow!("the server ended with {status}:\n{log}")));
        }
        let pong = Client::connect(&socket(dir)).and_then(|mut client| client.try_call("PING"));
        match pong {
            Ok(reply) if reply == "PONG" => Ok(Ok(())),
            Ok(reply) => Err(format!("{reply:?}")),
            Err(error) => Err(error.to_string()),
        }
    })
}
