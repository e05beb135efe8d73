//! One connection to a server under test.

use std::io::{self, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::command::Command;
use crate::reply::Reply;
use crate::resp;

/// Longer than any wait of a test: past it the answer will not come.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// A connection that speaks RESP2.
    pub fn connect(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Sends a command and gives its answer; errors of the server are answers like any other.
    ///
    /// # Panics
    /// When the server is gone or silent.
    #[track_caller]
    pub fn call(&mut self, command: impl Command) -> Reply {
        self.send(command);
        self.receive()
    }

    /// Sends a command and does not wait for its answer.
    ///
    /// # Panics
    /// When the server is gone.
    #[track_caller]
    pub fn send(&mut self, command: impl Command) {
        if let Err(error) = self.try_send(&command) {
            panic!("the server is gone: {error}");
        }
    }

    /// The next answer or push.
    ///
    /// # Panics
    /// When the server is gone or silent.
    #[track_caller]
    pub fn receive(&mut self) -> Reply {
        match resp::decode(&mut self.stream) {
            Ok(reply) => reply,
            Err(error) => panic!("no answer from the server: {error}"),
        }
    }

    /// [`call`](Self::call) for a server that may be gone.
    pub fn try_call(&mut self, command: impl Command) -> io::Result<Reply> {
        self.try_send(&command)?;
        resp::decode(&mut self.stream)
    }

    /// One field of `INFO everything`.
    ///
    /// # Panics
    /// When there is no such field.
    #[track_caller]
    pub fn info(&mut self, field: &str) -> String {
        let info = self.call("INFO everything").text();
        info.lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))
            .unwrap_or_else(|| panic!("no {field:?} in {info}"))
            .to_owned()
    }

    fn try_send(&mut self, command: &impl Command) -> io::Result<()> {
        let bytes = resp::encode(&command.arguments());
        self.stream.get_mut().write_all(&bytes)
    }
}
