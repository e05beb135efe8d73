//! The handle of one connection. What many callers send at about the same time leaves in one write; each gets the
//! replies to its own commands. When the connection is lost, everything that waits on it fails at once.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
    time::Duration,
};

use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};

use super::{
    batch::Batch,
    driver,
    reply::Reply,
    socket::{self, Socket},
};
use crate::{
    config::{Access, Address},
    telemetry::Spread,
};

/// So many bytes may wait for the socket to take them.
const UNSENT_MOST: usize = 16 << 20;

/// Is told each message of the channels that this connection has subscribed to. It must not wait for anything.
pub(crate) type OnMessage = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// How a connection is kept, and who hears of it.
#[derive(Clone)]
pub(crate) struct Keeping {
    /// Bounds each batch's wait for its replies.
    pub(crate) answer_within: Duration,
    pub(crate) on_message: OnMessage,
    /// Where that wait is counted.
    pub(crate) latency: Spread,
}

/// Why there are no replies.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// Nothing was sent.
    #[error("the connection is closed")]
    Closed,
    /// Nothing was sent.
    #[error("too much waits to be sent already")]
    Crowded,
    #[error("no answer came in time")]
    Late,
    #[error("the connection broke: {0}")]
    Broke(io::ErrorKind),
    #[error("what came is not RESP3")]
    Malformed,
    #[error("no connection: {0}")]
    Unopened(Box<str>),
    /// It did not let us in, or there is nothing to be let in by.
    #[error("{0}")]
    Refused(Box<str>),
}

/// A connection that is shared: clones are the same one. It ends with the last of them.
#[derive(Debug, Clone)]
pub(crate) struct Connection(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    number: u64,
    address: Address,
    shared: Arc<Shared>,
}

/// Between the callers and the driver, which alone knows the socket.
#[derive(Debug)]
pub(super) struct Shared {
    queue: Mutex<Queue>,
    lost: watch::Sender<bool>,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) unsent: Vec<u8>,
    pub(super) waiting: Vec<Waiting>,
    /// The driver, when it has nothing to send.
    pub(super) idle: Option<Waker>,
    pub(super) retired: bool,
}

/// Somebody who waits for the replies to a batch; or has stopped waiting, which changes nothing for those behind.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) since: Instant,
    /// How often the driver had looked for the late then.
    pub(super) sent: u64,
    pub(super) expected: usize,
    pub(super) replies: Vec<Reply>,
    pub(super) caller: oneshot::Sender<Result<Vec<Reply>, Fault>>,
}

impl Keeping {
    /// Of a connection for which there are no messages.
    pub(crate) fn deaf(answer_within: Duration, latency: Spread) -> Self {
        Self {
            answer_within,
            on_message: Arc::new(|_| {}),
            latency,
        }
    }
}

impl Connection {
    /// Connects, speaks RESP3, is let in.
    pub(crate) async fn open(address: &Address, keeping: Keeping) -> Result<Self, Fault> {
        let greeting = greeting(&address.access)?;
        let socket = socket::open(address).await;
        let socket = socket.map_err(|error| Fault::Unopened(error.to_string().into()))?;
        let connection = Self::over(socket, address.clone(), keeping);
        let replies = connection.send(&greeting).await?;
        match replies.iter().find_map(Reply::error) {
            Some(why) => Err(Fault::Refused(why.into())),
            None => Ok(connection),
        }
    }

    fn over(socket: Box<dyn Socket>, address: Address, keeping: Keeping) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            lost: watch::Sender::new(false),
        });
        tokio::spawn(driver::run(Arc::clone(&shared), socket, keeping));
        Self(Arc::new(Handle {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            address,
            shared,
        }))
    }

    /// Puts the commands in line; the future waits for a reply to each, errors among them. They are sent even if nobody waits.
    pub(crate) fn send(
        &self,
        batch: &Batch,
    ) -> impl Future<Output = Result<Vec<Reply>, Fault>> + Send + use<> {
        let queued = self.0.shared.push(batch);
        async move { queued?.await.unwrap_or(Err(Fault::Closed)) }
    }

    /// No two connections of a process have the same; later ones have higher ones.
    pub(crate) fn number(&self) -> u64 {
        self.0.number
    }

    pub(crate) fn address(&self) -> &Address {
        &self.0.address
    }

    /// Takes no more commands: what was sent may still be answered, but whoever uses this connection is to look for another.
    pub(crate) fn retire(&self) {
        self.0.shared.retire();
    }

    pub(crate) fn is_lost(&self) -> bool {
        *self.0.shared.lost.borrow()
    }

    /// Waits until the connection has broken or was retired: what the server keeps for it, it keeps no longer.
    pub(crate) async fn lost(&self) {
        let mut lost = self.0.shared.lost.subscribe();
        drop(lost.wait_for(|lost| *lost).await);
    }
}

/// A server that knows no `HELLO` is too old for the module.
fn greeting(access: &Access) -> Result<Batch, Fault> {
    let mut batch = Batch::of("HELLO");
    batch.arg("3");
    if let Some(login) = &access.login {
        let password = login.password.resolve();
        let password = password.map_err(|why| Fault::Refused(why.into()))?;
        batch.arg("AUTH").arg(&*login.user).arg(password.reveal());
    }
    batch.arg("SETNAME").arg("weir");
    if access.database != 0 {
        batch.command("SELECT").number(access.database);
    }
    Ok(batch)
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.retire();
    }
}

impl Shared {
    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, batch: &Batch) -> Result<oneshot::Receiver<Result<Vec<Reply>, Fault>>, Fault> {
        let (caller, answer) = oneshot::channel();
        if batch.is_empty() {
            drop(caller.send(Ok(Vec::new())));
            return Ok(answer);
        }
        let waiting = Waiting {
            since: Instant::now(),
            sent: 0,
            expected: batch.len(),
            replies: Vec::with_capacity(batch.len()),
            caller,
        };
        let idle = self.queue().push(batch, waiting)?;
        if let Some(driver) = idle {
            driver.wake();
        }
        Ok(answer)
    }

    pub(super) fn retire(&self) {
        self.lost.send_replace(true);
        let mut queue = self.queue();
        queue.retired = true;
        queue.unsent.clear();
        let unsent = std::mem::take(&mut queue.waiting);
        let driver = queue.idle.take();
        drop(queue);
        for waiting in unsent {
            waiting.fail(Fault::Closed);
        }
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}

impl Queue {
    fn push(&mut self, batch: &Batch, waiting: Waiting) -> Result<Option<Waker>, Fault> {
        if self.retired {
            return Err(Fault::Closed);
        }
        if self.unsent.len() + batch.bytes().len() > UNSENT_MOST && !self.unsent.is_empty() {
            return Err(Fault::Crowded);
        }
        self.unsent.extend_from_slice(batch.bytes());
        self.waiting.push(waiting);
        Ok(self.idle.take())
    }
}

impl Waiting {
    /// Takes one more reply, and gives all to the caller when this was the last. Says since when that one has waited.
    pub(super) fn answer(mut self, reply: Reply, line: &mut VecDeque<Self>) -> Option<Instant> {
        self.replies.push(reply);
        if self.replies.len() < self.expected {
            line.push_front(self);
            return None;
        }
        // Whoever has stopped waiting wants them no more.
        drop(self.caller.send(Ok(self.replies)));
        Some(self.since)
    }

    pub(super) fn fail(self, fault: Fault) {
        drop(self.caller.send(Err(fault)));
    }
}

#[cfg(test)]
mod tests;
