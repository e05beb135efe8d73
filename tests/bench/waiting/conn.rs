//! A connection of the load: encoded commands out, replies in. One thread drives thousands of them.

use std::io::{self, ErrorKind};
use std::os::unix::net;
use std::path::Path;

use bytes::{Buf as _, BytesMut};
use harness::{Reply, resp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::batch::Batch;

pub(crate) struct Conn {
    pub(crate) outgoing: OwnedWriteHalf,
    pub(crate) incoming: Incoming,
}

/// Replies, as they come.
pub(crate) struct Incoming {
    half: OwnedReadHalf,
    unread: BytesMut,
}

impl Conn {
    /// Blocks for as long as the server has others to accept first: thousands connect at once.
    pub(crate) fn open(socket: &Path) -> Self {
        let stream = net::UnixStream::connect(socket).expect("the server accepts");
        let unblocked = stream.set_nonblocking(true);
        unblocked.expect("a fresh socket takes options");
        let stream = UnixStream::from_std(stream).expect("the runtime takes a socket");
        let (half, outgoing) = stream.into_split();
        let unread = BytesMut::new();
        Self {
            outgoing,
            incoming: Incoming { half, unread },
        }
    }

    /// Sends one command and gives its answer.
    pub(crate) async fn ask(&mut self, command: &Batch) -> Reply {
        let sent = self.outgoing.write_all(command.wire()).await;
        sent.expect("the server reads");
        let reply = self.incoming.next().await;
        reply.expect("the server answers")
    }

    /// Sends one command, whose answer must be the expected one.
    pub(crate) async fn call(&mut self, command: &Batch) {
        let reply = self.ask(command).await;
        command.check(0, &reply);
    }
}

impl Incoming {
    /// `None`: the server is gone.
    ///
    /// # Panics
    /// When it sends something else than replies.
    pub(crate) async fn next(&mut self) -> Option<Reply> {
        loop {
            let decoded = self.decoded().expect("the server sends replies");
            if decoded.is_some() {
                return decoded;
            }
            let read = self.half.read_buf(&mut self.unread).await;
            read.ok().filter(|read| *read > 0)?;
        }
    }

    /// `None`: it is not all there yet.
    fn decoded(&mut self) -> io::Result<Option<Reply>> {
        let mut rest = &self.unread[..];
        match resp::decode(&mut rest) {
            Ok(reply) => {
                let read = self.unread.len() - rest.len();
                self.unread.advance(read);
                Ok(Some(reply))
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}
