//! A lasting link to a Redis, and its supervisor: it connects with a growing pause, makes sure that the server takes
//! writes, has the module and sends us our messages, says up or down to everybody at once, and looks whether an idle
//! connection still answers.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{
    ANSWER_WITHIN, StoreError, is_away,
    locate::Locator,
    wire::{Batch, Connection, Keeping, OnMessage, Reply},
};
use crate::{
    config::Servers,
    telemetry::{Scale, Spread},
};

const CONNECT_WITHIN: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The way to a Redis. Clones share one connection.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    current: watch::Receiver<Option<Connection>>,
    goal: Arc<Goal>,
}

/// What a link leads to.
#[derive(Debug)]
pub(super) struct Goal {
    locator: Locator,
    /// A key that is not there, on which writing is tried.
    key: String,
    hearing: Option<Hearing>,
    latency: Spread,
    /// How often a connection that was lost was made again.
    returns: AtomicU64,
}

/// What a relay has to do with its link besides asking.
pub(crate) struct Part {
    /// Is told what is said on the relay's channel, and on that of all relays.
    pub(crate) on_message: OnMessage,
    /// Brings back what Redis may have lost, over a new connection that nobody else uses yet.
    pub(crate) on_return: OnReturn,
}

pub(crate) type OnReturn = Arc<dyn Fn(Connection) -> Returning + Send + Sync>;
pub(crate) type Returning = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// What is heard over a link besides answers.
pub(super) struct Hearing {
    pub(super) channels: [String; 2],
    pub(super) part: Part,
}

impl Goal {
    /// The server that has `key`, under which there must be nothing.
    pub(super) fn new(servers: Servers, key: String, hearing: Option<Hearing>) -> Self {
        Self {
            locator: Locator::new(servers, key.clone()),
            key,
            hearing,
            latency: Spread::new(Scale::RoundTrips),
            returns: AtomicU64::new(0),
        }
    }
}

/// The task that keeps the connection; stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Supervisor(JoinHandle<()>);

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Link {
    /// Connects, and fails where that is not possible within `patience`, or never will be.
    pub(super) async fn connect(
        goal: Goal,
        patience: Duration,
    ) -> Result<(Self, Supervisor), StoreError> {
        let goal = Arc::new(goal);
        let first = timeout(patience, first_connection(&goal))
            .await
            .unwrap_or(Err(StoreError::Down))?;
        let (up, current) = watch::channel(Some(first));
        let task = tokio::spawn(supervise(Arc::clone(&goal), up));
        Ok((Self { current, goal }, Supervisor(task)))
    }

    pub(crate) fn is_up(&self) -> bool {
        self.connection().is_ok()
    }

    /// How long answers take over all connections of this link.
    pub(super) fn latency(&self) -> Spread {
        self.goal.latency.clone()
    }

    pub(super) fn returns(&self) -> u64 {
        self.goal.returns.load(Relaxed)
    }

    /// Waits until Redis is reachable; for ever when nobody keeps the link any more.
    pub(crate) async fn up(&self) {
        if self.current.clone().wait_for(is_open).await.is_err() {
            std::future::pending().await
        }
    }

    /// The connection of this moment. What a server keeps for one is gone when it is lost: its number tells it from others.
    pub(crate) fn connection(&self) -> Result<Connection, StoreError> {
        let current = self.current.borrow().clone();
        // One that is lost is still there until the supervisor comes to it.
        current
            .filter(|connection| !connection.is_lost())
            .ok_or(StoreError::Down)
    }

    /// Sends the commands in one write and returns a reply for each, errors among them.
    pub(crate) async fn ask(&self, batch: &Batch) -> Result<Vec<Reply>, StoreError> {
        ask_on(&self.connection()?, batch).await
    }

    pub(crate) async fn ask_one(&self, batch: &Batch) -> Result<Reply, StoreError> {
        ask_one_on(&self.connection()?, batch).await
    }

    /// [`Self::ask`], sent before anybody waits for the replies: what is sent later is done later.
    pub(super) fn send(
        &self,
        batch: &Batch,
    ) -> impl Future<Output = Result<Vec<Reply>, StoreError>> + Send + use<> {
        let sent = self.connection().map(|connection| {
            let replies = connection.send(batch);
            (connection, replies)
        });
        async move {
            let (connection, replies) = sent?;
            Ok(heard(&connection, replies.await?))
        }
    }

    /// A connection of its own for commands that wait.
    pub(super) async fn another(&self, answer_within: Duration) -> Result<Connection, StoreError> {
        let connection = async {
            let address = self.goal.locator.address().await?;
            let keeping = Keeping::deaf(answer_within, self.latency());
            Ok(Connection::open(&address, keeping).await?)
        };
        timeout(CONNECT_WITHIN, connection)
            .await
            .unwrap_or(Err(StoreError::Down))
    }
}

/// [`Link::ask`] on a connection that the caller has chosen.
pub(crate) async fn ask_on(
    connection: &Connection,
    batch: &Batch,
) -> Result<Vec<Reply>, StoreError> {
    Ok(heard(connection, connection.send(batch).await?))
}

/// A server that does not serve us now is none.
fn heard(connection: &Connection, replies: Vec<Reply>) -> Vec<Reply> {
    if replies.iter().any(is_away) {
        connection.retire();
    }
    replies
}

/// [`ask_on`] for one command. A server that does not serve us now is as good as none.
pub(super) async fn ask_one_on(
    connection: &Connection,
    batch: &Batch,
) -> Result<Reply, StoreError> {
    debug_assert_eq!(batch.len(), 1, "one command");
    match ask_on(connection, batch).await?.pop() {
        Some(reply) if !is_away(&reply) => Ok(reply),
        _ => Err(StoreError::Down),
    }
}

fn is_open(current: &Option<Connection>) -> bool {
    current
        .as_ref()
        .is_some_and(|connection| !connection.is_lost())
}

async fn first_connection(goal: &Goal) -> Result<Connection, StoreError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match connect(goal).await {
            Err(StoreError::Down | StoreError::Unanswered(_)) => sleep(pause).await,
            done => return done,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn supervise(goal: Arc<Goal>, up: watch::Sender<Option<Connection>>) {
    loop {
        let current = up.borrow().clone();
        if let Some(connection) = current {
            until_lost(&connection, &goal).await;
            connection.retire();
            tracing::warn!("Redis is unreachable: new requests are refused until it is back");
            up.send_replace(None);
        }
        let connection = reconnect(&goal).await;
        tracing::info!(redis.address = %connection.address(), redis.connection = connection.number(), "Redis is back");
        goal.returns.fetch_add(1, Relaxed);
        up.send_replace(Some(connection));
    }
}

/// Somebody's command had no answer or a wrong one, or the look at it had.
async fn until_lost(connection: &Connection, goal: &Goal) {
    let mut write = Batch::new();
    write_nothing(&mut write, goal);
    let look = async {
        while ask_on(connection, &write).await.is_ok() {
            sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        () = connection.lost() => {}
        () = look => {}
        () = goal.locator.moves_from(connection.address()) => {}
    }
}

async fn reconnect(goal: &Goal) -> Connection {
    let mut pause = FIRST_PAUSE;
    loop {
        match connect_again(goal).await {
            Ok(connection) => return connection,
            Err(error @ (StoreError::NoModule | StoreError::Denied(_))) => {
                tracing::error!("{error}");
            }
            Err(error) => tracing::debug!(%error, "Redis is still unreachable"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn connect_again(goal: &Goal) -> Result<Connection, StoreError> {
    let connection = connect(goal).await?;
    if let Some(hearing) = &goal.hearing {
        (hearing.part.on_return)(connection.clone()).await?;
    }
    Ok(connection)
}

async fn connect(goal: &Goal) -> Result<Connection, StoreError> {
    let ready = async {
        let on_message = match &goal.hearing {
            Some(hearing) => Arc::clone(&hearing.part.on_message),
            None => Arc::new(|_: &[u8]| {}),
        };
        let address = goal.locator.address().await?;
        let keeping = Keeping {
            answer_within: ANSWER_WITHIN,
            on_message,
            latency: goal.latency.clone(),
        };
        let connection = Connection::open(&address, keeping).await?;
        make_sure(&connection, goal).await?;
        Ok(connection)
    };
    timeout(CONNECT_WITHIN, ready)
        .await
        .unwrap_or(Err(StoreError::Down))
}

/// A server that loads its data, is no master or does not have our slot answers much, but refuses this.
fn write_nothing(batch: &mut Batch, goal: &Goal) {
    batch.command("EXPIRE").arg(&goal.key).arg("1");
}

async fn make_sure(connection: &Connection, goal: &Goal) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    write_nothing(&mut batch, goal);
    batch.command("COMMAND").arg("INFO");
    for command in ["umq.acquire", "qgate.acquire", "tally.add"] {
        batch.arg(command);
    }
    if let Some(hearing) = &goal.hearing {
        for channel in &hearing.channels {
            batch.command("SSUBSCRIBE").arg(channel);
        }
    }
    let replies = connection.send(&batch).await?;
    for reply in &replies {
        match reply.error_code() {
            None => {}
            Some("NOPERM") => return Err(StoreError::Denied(refusal(reply))),
            Some(_) => {
                tracing::debug!(error = refusal(reply), "this Redis does not serve");
                return Err(StoreError::Down);
            }
        }
    }
    let known = replies.get(1).and_then(Reply::list).unwrap_or_default();
    match known.contains(&Reply::Nil) {
        true => Err(StoreError::NoModule),
        false => Ok(()),
    }
}

fn refusal(reply: &Reply) -> String {
    reply.error().unwrap_or_default().to_owned()
}

impl std::fmt::Debug for Hearing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Hearing").field(&self.channels).finish()
    }
}
