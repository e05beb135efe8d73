//! One connection to a server that may die of what it is sent.

use std::io::{self, BufReader, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use harness::command::Command;
use harness::{Reply, resp};

/// Longer than anything takes that ends.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Wire {
    stream: BufReader<UnixStream>,
}

impl Wire {
    pub(crate) fn connect(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    pub(crate) fn call(&mut self, command: impl Command) -> io::Result<Reply> {
        self.send(&command.arguments())?;
        self.receive()
    }

    /// Sends several commands at once, and gives their replies.
    pub(crate) fn pipeline(&mut self, commands: &[Vec<Vec<u8>>]) -> io::Result<Vec<Reply>> {
        let bytes: Vec<u8> = commands
            .iter()
            .flat_map(|words| resp::encode(words))
            .collect();
        self.stream.get_mut().write_all(&bytes)?;
        commands.iter().map(|_| self.receive()).collect()
    }

    pub(crate) fn send(&mut self, words: &[Vec<u8>]) -> io::Result<()> {
        self.stream.get_mut().write_all(&resp::encode(words))
    }

    pub(crate) fn receive(&mut self) -> io::Result<Reply> {
        resp::decode(&mut self.stream)
    }
}

/// To close the socket would not do: a program that another thread is about to start may still hold it.
impl Drop for Wire {
    fn drop(&mut self) {
        // Who is at the other end may have gone before.
        let _ = self.stream.get_ref().shutdown(Shutdown::Both);
    }
}
