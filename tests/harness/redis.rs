//! A `redis-server` of the test's own: in a temporary directory, on a unix socket, with the module.
//! What it was started with is in `launch`, how it replicates in `replication`.

mod launch;
mod replication;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use crate::client::Client;
use crate::command::Command;
use crate::process::Process;
use crate::reply::Reply;

pub use launch::Builder;

/// Ends with the value; the log is printed when that happens because the test fails.
#[derive(Debug)]
pub struct Redis {
    builder: Builder,
    process: Process,
    /// The connection of [`Redis::call`], made when first used.
    client: Mutex<Option<Client>>,
    /// Declared last: removed after the server has ended.
    dir: TempDir,
}

impl Redis {
    /// A server with the module and without persistence.
    ///
    /// # Panics
    /// When it does not start, with its log.
    #[track_caller]
    pub fn start() -> Self {
        Self::builder().start()
    }

    pub fn builder() -> Builder {
        Builder::default()
    }

    /// One command on a connection that this value keeps.
    ///
    /// # Panics
    /// When the server is gone or silent.
    #[track_caller]
    pub fn call(&self, command: impl Command) -> Reply {
        self.with_client(|client| client.call(command))
    }

    /// One field of `INFO everything`.
    ///
    /// # Panics
    /// When there is no such field.
    #[track_caller]
    pub fn info(&self, field: &str) -> String {
        self.with_client(|client| client.info(field))
    }

    /// `DEBUG DIGEST`: equal for equal data.
    #[track_caller]
    pub fn digest(&self) -> String {
        self.call("DEBUG DIGEST").text()
    }

    /// A further connection, RESP2.
    #[track_caller]
    pub fn connect(&self) -> Client {
        Client::connect(&self.socket()).expect("a started server accepts connections")
    }

    /// A further connection, RESP3.
    #[track_caller]
    pub fn connect_resp3(&self) -> Client {
        let mut client = self.connect();
        let hello = client.call("HELLO 3");
        assert!(!hello.is_error(), "{hello:?}");
        client
    }

    /// Has [`call`](Self::call) make its connection anew: sentinels end those of a server that they give another role.
    pub fn reconnect(&self) {
        *self.kept_client() = None;
    }

    /// For client libraries and for the relay.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    pub fn socket(&self) -> PathBuf {
        launch::socket(self.dir())
    }

    /// Where it keeps its files.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Signals it: SIGSTOP and SIGCONT make a server that hangs.
    pub fn signal(&mut self, signal: rustix::process::Signal) {
        self.process.signal(signal);
    }

    /// All that the server has printed since its first start.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Stops it cleanly and starts it again on the same files with the same arguments.
    #[track_caller]
    pub fn restart(&mut self) {
        self.process.terminate();
        self.start_again();
    }

    /// [`restart`](Self::restart), but from now on without the module.
    #[track_caller]
    pub fn restart_without_module(&mut self) {
        self.builder = std::mem::take(&mut self.builder).without_module();
        self.restart();
    }

    /// SIGKILL: what was not written yet is lost.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same files after [`kill`](Self::kill).
    ///
    /// # Panics
    /// When it does not start, with its log.
    #[track_caller]
    pub fn start_again(&mut self) {
        self.reconnect();
        match self.builder.launch(self.dir.path()) {
            Ok(process) => self.process = process,
            Err(error) => panic!("{error:#}"),
        }
    }

    #[track_caller]
    fn with_client<T>(&self, use_it: impl FnOnce(&mut Client) -> T) -> T {
        let mut kept = self.kept_client();
        use_it(kept.get_or_insert_with(|| self.connect()))
    }

    /// A test that failed while it held the connection must still show its own failure.
    fn kept_client(&self) -> MutexGuard<'_, Option<Client>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
