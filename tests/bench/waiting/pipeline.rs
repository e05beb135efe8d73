//! A connection that many use at once, as one relay has: what they send meanwhile goes out in one write, and
//! answers come back in the order of sending.

use std::path::Path;

use harness::Reply;
use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::conn::{Conn, Incoming};
use crate::batch::Batch;

pub(crate) struct Pipeline {
    commands: mpsc::UnboundedSender<Sending>,
    /// The writer and the reader; they end with it.
    _tasks: JoinSet<()>,
}

struct Sending {
    wire: Vec<u8>,
    asker: oneshot::Sender<Reply>,
}

impl Pipeline {
    pub(crate) fn open(socket: &Path) -> Self {
        let Conn { outgoing, incoming } = Conn::open(socket);
        let (commands, sent) = mpsc::unbounded_channel();
        let (asked, askers) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn_local(write(outgoing, sent, asked));
        tasks.spawn_local(read(incoming, askers));
        Self {
            commands,
            _tasks: tasks,
        }
    }

    /// Sends one command and gives its answer.
    pub(crate) async fn ask(&self, command: &Batch) -> Reply {
        let (asker, reply) = oneshot::channel();
        let wire = command.wire().to_vec();
        // Were it not taken, no answer would come.
        let _ = self.commands.send(Sending { wire, asker });
        reply.await.expect("the server answers")
    }
}

async fn write(
    mut outgoing: OwnedWriteHalf,
    mut commands: mpsc::UnboundedReceiver<Sending>,
    asked: mpsc::UnboundedSender<oneshot::Sender<Reply>>,
) {
    const AT_ONCE: usize = 1_024;
    let (mut sendings, mut wire) = (Vec::new(), Vec::new());
    while commands.recv_many(&mut sendings, AT_ONCE).await > 0 {
        for sending in sendings.drain(..) {
            wire.extend_from_slice(&sending.wire);
            // A reader that has ended has seen the server go: its askers see it too.
            let _ = asked.send(sending.asker);
        }
        if outgoing.write_all(&wire).await.is_err() {
            return;
        }
        wire.clear();
    }
}

async fn read(mut incoming: Incoming, mut askers: mpsc::UnboundedReceiver<oneshot::Sender<Reply>>) {
    while let Some(asker) = askers.recv().await {
        let Some(reply) = incoming.next().await else {
            return;
        };
        // Who has gone meanwhile does not want it any more.
        let _ = asker.send(reply);
    }
}
