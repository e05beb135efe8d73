//! A client's connection to a server that may be killed, or kill it: what goes wrong is a value, not a panic.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use harness::command::Command as _;
use harness::{Reply, resp};

/// An answer that has begun is whole within this.
const WHOLE_WITHIN: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Wire {
    stream: BufReader<UnixStream>,
    /// Our own number of it, used once in a run.
    pub(crate) number: u32,
    /// The server's number of it.
    pub(crate) client: i64,
}

impl Wire {
    pub(crate) fn open(socket: &Path, number: u32) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        let mut wire = Self {
            stream: BufReader::new(stream),
            number,
            client: 0,
        };
        let reply = wire.call("CLIENT ID")?;
        match reply {
            Reply::Int(client) => wire.client = client,
            other => return Err(io::Error::other(format!("{other:?}"))),
        }
        Ok(wire)
    }

    /// Sends a line that needs no record and gives its answer.
    pub(crate) fn call(&mut self, line: &str) -> io::Result<Reply> {
        self.call_all(&[line.to_owned()])
    }

    /// Sends lines in one piece and gives the answer to the last one.
    pub(crate) fn call_all(&mut self, lines: &[String]) -> io::Result<Reply> {
        let words = |line: &String| line.split(' ').map(str::to_owned).collect();
        let commands: Vec<Vec<String>> = lines.iter().map(words).collect();
        self.send(&commands)?;
        let mut last = Reply::Nil;
        for _ in lines {
            let reply = self.receive(WHOLE_WITHIN)?;
            last = reply.ok_or(io::ErrorKind::TimedOut)?;
        }
        Ok(last)
    }

    /// Sends commands in one piece.
    pub(crate) fn send(&mut self, commands: &[Vec<String>]) -> io::Result<()> {
        let encode = |words: &Vec<String>| resp::encode(&words.arguments());
        let bytes: Vec<u8> = commands.iter().flat_map(encode).collect();
        self.stream.get_mut().write_all(&bytes)
    }

    /// The next answer. `None`: none has begun to come within that time.
    pub(crate) fn receive(&mut self, within: Duration) -> io::Result<Option<Reply>> {
        if self.stream.buffer().is_empty() {
            if within.is_zero() {
                return Ok(None);
            }
            self.stream.get_ref().set_read_timeout(Some(within))?;
            match self.fill() {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let stream = self.stream.get_ref();
        stream.set_read_timeout(Some(WHOLE_WITHIN))?;
        resp::decode(&mut self.stream).map(Some)
    }

    /// How many bytes there are then. A program that was stopped, and goes on, waits anew.
    fn fill(&mut self) -> io::Result<usize> {
        loop {
            match self.stream.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                filled => return filled.map(<[u8]>::len),
            }
        }
    }

    /// Nothing more will be asked; what is answered can still come.
    pub(crate) fn say_no_more(&mut self) {
        // A connection that has failed is closed already.
        let _ = self.stream.get_ref().shutdown(Shutdown::Write);
    }

    /// Ends the connection, and comes back when the server has seen it: nothing sent over it is carried out after that.
    pub(crate) fn hang_up(&mut self) {
        self.say_no_more();
        let _ = self.stream.get_ref().set_read_timeout(Some(WHOLE_WITHIN));
        let _ = self.stream.read_to_end(&mut Vec::new());
    }
}
