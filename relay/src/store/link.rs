//! The one connection and its supervisor: it connects with a growing pause, makes sure that the module is there,
//! says up or down to everybody at once, and looks whether an idle connection still answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisError, Value,
    aio::MultiplexedConnection, io::tcp::TcpSettings,
};
use tokio::{sync::watch, task::JoinHandle, time::sleep};

use super::{ANSWER_WITHIN, StoreError, names};

const CONNECT_WITHIN: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Commands that may stand in line for one write; more wait for room.
const LINE: usize = 1024;

/// Redis as the relay uses it. Clones share one connection.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    state: watch::Receiver<Option<Link>>,
    broken: Arc<watch::Sender<u64>>,
}

/// One connection, numbered, so that a late failure of an old one is not taken for a failure of the new one.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) connection: MultiplexedConnection,
    number: u64,
}

/// The task that keeps the connection; stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Supervisor(JoinHandle<()>);

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Store {
    /// Connects, and fails where that is not possible within `patience` or the module is missing.
    pub(crate) async fn connect(
        url: &str,
        patience: Duration,
    ) -> Result<(Self, Supervisor), StoreError> {
        let client = client(url)?;
        let first = tokio::time::timeout(patience, first_link(&client))
            .await
            .unwrap_or(Err(StoreError::Down))?;
        let (up, state) = watch::channel(Some(first));
        let broken = Arc::new(watch::Sender::new(0));
        let task = tokio::spawn(supervise(client.clone(), up, broken.subscribe()));
        Ok((
            Self {
                client,
                state,
                broken,
            },
            Supervisor(task),
        ))
    }

    pub(crate) fn is_up(&self) -> bool {
        self.state.borrow().is_some()
    }

    /// Waits until Redis is reachable; for ever when nobody keeps the connection any more.
    pub(crate) async fn up(&self) {
        if self.state.clone().wait_for(Option::is_some).await.is_err() {
            std::future::pending().await
        }
    }

    /// A connection of its own for commands that wait: no bound on its answers.
    pub(super) async fn waiting_connection(&self) -> Result<MultiplexedConnection, StoreError> {
        connect(&self.client, None).await
    }

    pub(super) fn link(&self) -> Result<Link, StoreError> {
        let link = self.state.borrow().clone().ok_or(StoreError::Down)?;
        match link.number > *self.broken.borrow() {
            true => Ok(link),
            // The supervisor has not come to it yet.
            false => Err(StoreError::Down),
        }
    }

    /// A command without an answer condemns its connection: the next requests are refused at once, not after a second.
    pub(super) fn unanswered(&self, link: &Link, error: RedisError) -> StoreError {
        self.condemn(link);
        StoreError::Unanswered(error)
    }

    pub(super) fn condemn(&self, link: &Link) {
        self.broken.send_if_modified(|latest| {
            let newer = link.number > *latest;
            *latest = link.number.max(*latest);
            newer
        });
    }
}

fn client(url: &str) -> Result<Client, StoreError> {
    let bad =
        |error: RedisError| StoreError::Url(format!("the address of Redis is wrong: {error}"));
    let target = url.into_connection_info().map_err(bad)?;
    if let ConnectionAddr::Unix(path) = target.addr()
        && path.as_os_str().len() > super::super::embedded::LONGEST_SOCKET_PATH
    {
        return Err(StoreError::Url(format!(
            "the path of a unix socket has at most {} bytes, this one has {}: {}",
            super::super::embedded::LONGEST_SOCKET_PATH,
            path.as_os_str().len(),
            path.display()
        )));
    }
    let target = target.set_tcp_settings(TcpSettings::default().set_nodelay(true));
    Client::open(target).map_err(bad)
}

async fn first_link(client: &Client) -> Result<Link, StoreError> {
    let mut pause = FIRST_PAUSE;
    loop {
        match new_link(client).await {
            Err(StoreError::Down | StoreError::Unanswered(_)) => sleep(pause).await,
            done => return done,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn supervise(
    client: Client,
    up: watch::Sender<Option<Link>>,
    mut broken: watch::Receiver<u64>,
) {
    loop {
        let current = up.borrow().clone();
        if let Some(link) = current {
            until_broken(link, &mut broken).await;
            tracing::warn!("Redis is unreachable: new requests are refused until it is back");
            up.send_replace(None);
        }
        let link = reconnect(&client).await;
        tracing::info!("Redis is back");
        up.send_replace(Some(link));
    }
}

/// Somebody's command had no answer, or the look at it had none.
async fn until_broken(mut link: Link, broken: &mut watch::Receiver<u64>) {
    let number = link.number;
    let silent = async {
        while redis::cmd("PING")
            .query_async::<()>(&mut link.connection)
            .await
            .is_ok()
        {
            sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        told = broken.wait_for(|latest| *latest >= number) => drop(told),
        () = silent => {}
    }
}

async fn reconnect(client: &Client) -> Link {
    let mut pause = FIRST_PAUSE;
    loop {
        match new_link(client).await {
            Ok(link) => return link,
            Err(StoreError::NoModule) => tracing::error!("{}", StoreError::NoModule),
            Err(error) => tracing::debug!(%error, "Redis is still unreachable"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn new_link(client: &Client) -> Result<Link, StoreError> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let mut connection = connect(client, Some(ANSWER_WITHIN)).await?;
    // A server that loads its data or is no master answers what follows, but refuses this write of nothing.
    redis::cmd("EXPIRE")
        .arg(names::usage_of_hour(0))
        .arg(1)
        .query_async::<()>(&mut connection)
        .await
        .map_err(StoreError::Unanswered)?;
    let known: Vec<Value> = redis::cmd("COMMAND")
        .arg(&["INFO", "umq.acquire", "qgate.acquire"])
        .query_async(&mut connection)
        .await
        .map_err(StoreError::Unanswered)?;
    if known.contains(&Value::Nil) {
        return Err(StoreError::NoModule);
    }
    Ok(Link {
        connection,
        number: NUMBER.fetch_add(1, Ordering::Relaxed),
    })
}

async fn connect(
    client: &Client,
    answer_within: Option<Duration>,
) -> Result<MultiplexedConnection, StoreError> {
    let settings = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_WITHIN))
        .set_response_timeout(answer_within)
        .set_pipeline_buffer_size(LINE);
    client
        .get_multiplexed_async_connection_with_config(&settings)
        .await
        .map_err(|error| match error.is_io_error() {
            true => StoreError::Down,
            false => StoreError::Unanswered(error),
        })
}
