//! A relay from start to stop: its Redis, its listener, the tasks beside it, and the drain.

mod bounded;
mod listen;
mod opening;
mod seats;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep, timeout},
};

use listen::{Manners, listen};

use crate::{
    app::{self, App, Ears},
    config::{Certified, Config, RedisAt, Servers},
    embedded::{Embedded, EmbeddedError},
    follow,
    key::{self, CreatedKey, NewKey},
    permit::Ledger,
    renew,
    roster::Roster,
    settle,
    store::{Part, Store, Supervisor},
    sweep::{self, Spans},
    tls::Identity,
};

/// How long Redis may take to come up.
const REDIS_WITHIN: Duration = Duration::from_secs(15);
/// How long another program may keep the data of the relay's own Redis.
const RELEASED_WITHIN: Duration = Duration::from_secs(3);
const SETTLED_WITHIN: Duration = Duration::from_secs(3);

/// A running relay. Dropping it without `shutdown` breaks off whatever runs.
#[derive(Debug)]
pub struct Relay {
    addr: SocketAddr,
    identity: Option<Arc<Identity>>,
    app: Arc<App>,
    drain_timeout: Duration,
    drain: Arc<Notify>,
    listener: JoinHandle<()>,
    beside: JoinSet<()>,
    settler: JoinHandle<()>,
    finish: Arc<Notify>,
    supervisors: Vec<Supervisor>,
    embedded: Option<Embedded>,
}

impl Relay {
    /// Starts everything and returns when callers may connect.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        config.check()?;
        let roster = Roster::new(&config)?;
        let identity = identity(config.tls.as_ref(), "listen.tls").await?;
        let listener = TcpListener::bind(config.callers)
            .await
            .with_context(|| format!("cannot listen on {}", config.callers))?;
        let addr = listener.local_addr()?;
        let (embedded, servers) = redis(&config).await?;
        let (debts, owed) = mpsc::unbounded_channel();
        let ready = Self::connect(
            &config,
            &servers,
            roster,
            Ledger::new(app::books(&config), debts),
        )
        .await;
        let (app, supervisors) = match ready {
            Ok(ready) => ready,
            Err(error) => {
                if let Some(embedded) = embedded {
                    embedded.stop().await;
                }
                return Err(error);
            }
        };

        let finish = Arc::new(Notify::new());
        let settler = tokio::spawn(settle::run(
            (app.store.clone(), app.retention),
            owed,
            Arc::clone(&finish),
        ));
        let drain = Arc::new(Notify::new());
        let beside = beside(&app, identity.clone());
        let listener = tokio::spawn(listen(
            Arc::clone(&app),
            listener,
            Arc::clone(&drain),
            Manners {
                drain_timeout: config.drain_timeout,
                connections: config.connections,
                identity: identity.clone(),
            },
        ));
        tracing::info!(listen.callers = %addr, "the relay serves");
        Ok(Self {
            addr,
            identity,
            app,
            drain_timeout: config.drain_timeout,
            drain,
            listener,
            beside,
            settler,
            finish,
            supervisors,
            embedded,
        })
    }

    /// Everything in memory that must be there before the first request.
    async fn connect(
        config: &Config,
        servers: &Servers,
        roster: Roster,
        ledger: Ledger,
    ) -> anyhow::Result<(Arc<App>, Vec<Supervisor>)> {
        let ears = Ears::default();
        let heard = ears.clone();
        let (ledger, lease) = (Arc::new(ledger), config.lease);
        let held = Arc::clone(&ledger);
        let part = Part {
            on_message: Arc::new(move |message: &[u8]| heard.hear(message)),
            on_return: Arc::new(move |connection| {
                let held = Arc::clone(&held);
                Box::pin(async move { renew::restore(&held.leases, &connection, lease).await })
            }),
        };
        let (store, supervisors) = Store::connect(servers, REDIS_WITHIN, Some(part))
            .await
            .with_context(|| format!("cannot use the Redis at {servers}"))?;
        let app = App::new(config, roster, (store, ears), ledger);
        follow::load(&app)
            .await
            .context("cannot read keys, accounts and groups")?;
        Ok((Arc::new(app), supervisors))
    }

    /// Where callers connect.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The same as a base URL for clients.
    pub fn url(&self) -> String {
        let scheme = match self.identity {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.addr)
    }

    /// The relay's Redis.
    pub fn store(&self) -> &Store {
        &self.app.store
    }

    /// Whether there is anybody to serve.
    pub fn has_keys(&self) -> bool {
        !self.app.keys.is_empty()
    }

    /// Makes a key and waits until this relay lets it in.
    pub async fn create_key(&self, new: NewKey) -> anyhow::Result<CreatedKey> {
        let created = key::create(&self.app.store, new).await?;
        let known = async {
            while !self.app.keys.knows(&created.id) {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(Duration::from_secs(5), known)
            .await
            .context("the new key did not become known")?;
        Ok(created)
    }

    /// Looks now whether another certificate is to be shown. One that cannot be leaves the one before it.
    pub async fn renew_certificate(&self) {
        let Some(identity) = &self.identity else {
            return;
        };
        if let Err(error) = identity.renew().await {
            tracing::error!(%error, "the certificate before this one stays");
        }
    }

    /// Stops accepting, lets running requests finish within the drain timeout, gives back all that is held, and stops
    /// what was started.
    pub async fn shutdown(mut self) {
        self.app.close();
        tracing::info!(
            drain.timeout_s = self.drain_timeout.as_secs_f32(),
            "the relay drains"
        );
        self.drain.notify_one();
        drop(self.listener.await);
        self.beside.shutdown().await;
        self.finish.notify_one();
        let settler = self.settler.abort_handle();
        if timeout(SETTLED_WITHIN, self.settler).await.is_err() {
            tracing::warn!("Redis did not answer: what was held ends with its leases");
            settler.abort();
        }
        drop(self.supervisors);
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
        tracing::info!("the relay has stopped");
    }
}

async fn redis(config: &Config) -> anyhow::Result<(Option<Embedded>, Servers)> {
    let server = match &config.redis {
        RedisAt::Given(servers) => return Ok((None, servers.clone())),
        RedisAt::Own { server, .. } => server,
    };
    let deadline = Instant::now() + RELEASED_WITHIN;
    loop {
        match Embedded::start(server, config.module.as_deref(), &config.data_dir).await {
            // A `weir key` may be at it for a moment.
            Err(EmbeddedError::InUse { .. }) if Instant::now() < deadline => {
                sleep(Duration::from_millis(50)).await;
            }
            started => {
                let embedded = started?;
                let servers = embedded.servers();
                return Ok((Some(embedded), servers));
            }
        }
    }
}

async fn identity(files: Option<&Certified>, named: &str) -> anyhow::Result<Option<Arc<Identity>>> {
    let Some(files) = files else {
        return Ok(None);
    };
    let read = Identity::read(files).await;
    let identity = read.with_context(|| format!("[{named}] names no good certificate"))?;
    Ok(Some(Arc::new(identity)))
}

/// The tasks that go on beside all requests.
fn beside(app: &Arc<App>, identity: Option<Arc<Identity>>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    if let Some(identity) = identity {
        tasks.spawn(async move { identity.follow().await });
    }
    let made = Arc::clone(app);
    tasks.spawn(async move { follow::run(&made).await });
    let resting = Arc::clone(app);
    tasks.spawn(async move { resting.resting.run(&resting.store).await });
    let leases = Arc::clone(app);
    tasks.spawn(async move {
        renew::run(&leases.ledger.leases, &leases.store, leases.lease).await;
    });
    let (spans, present) = (Spans::of(app.lease), Arc::clone(app));
    tasks.spawn(async move { sweep::be_present(&present.store, spans).await });
    let sweeper = Arc::clone(app);
    tasks.spawn(async move { sweep::run(&sweeper.store, spans, sweeper.retention).await });
    tasks
}
