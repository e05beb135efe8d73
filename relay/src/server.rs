//! A relay from start to stop: its Redis, its listeners, the tasks beside it, and the drain.

mod bound;
mod bounded;
mod listen;
mod opening;
mod operators;
mod seats;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep, timeout},
};

pub(crate) use bound::bind;
pub(crate) use seats::Seats;

use listen::{Listener, Manners};

use crate::{
    alerts,
    app::{self, App, Ears},
    books::Books,
    config::{Certified, Config, RedisAt, Servers},
    declared,
    embedded::{Embedded, EmbeddedError},
    follow,
    key::{self, CreatedKey, NewKey},
    live,
    permit::Ledger,
    renew,
    roster::Roster,
    settle,
    store::{Part, Store, StoreError, Supervisor},
    sweep::{self, Spans},
    telemetry::Counting,
    tls::Identity,
};

/// How long Redis may take to come up.
const REDIS_WITHIN: Duration = Duration::from_secs(15);
/// Until one that went away is asked again.
const REDIS_AGAIN: Duration = Duration::from_millis(20);
/// How long another program may keep the data of the relay's own Redis.
const RELEASED_WITHIN: Duration = Duration::from_secs(3);
const SETTLED_WITHIN: Duration = Duration::from_secs(3);
/// What operators look at may go on for ever; everything else of theirs is short.
const OPERATORS_WITHIN: Duration = Duration::from_millis(500);

/// A running relay. Dropping it without `shutdown` breaks off whatever runs.
#[derive(Debug)]
pub struct Relay {
    identities: Vec<Arc<Identity>>,
    /// What it was started with.
    began: Config,
    app: Arc<App>,
    callers: Listener,
    operators: Option<Listener>,
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
        let [identity, to_operators] = [
            identity(config.tls.as_ref(), "listen.tls").await?,
            identity(config.operators.tls.as_ref(), "listen.operators_tls").await?,
        ];
        let identities: Vec<_> = identity.iter().chain(&to_operators).cloned().collect();
        let for_callers = bind_as_told(config.callers)?;
        let for_operators = bind_for_operators(&config)?;
        let (embedded, servers) = redis(&config).await?;
        let (debts, owed) = mpsc::unbounded_channel();
        let ready = Self::connect(
            &config,
            &servers,
            roster,
            Ledger::new(Books::new(app::prices(&config, [])), debts),
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
            (app.store.clone(), app.settings.clone()),
            owed,
            (Counting::new(Arc::clone(&app.meters)), app.traces.clone()),
            Arc::clone(&finish),
        ));
        let beside = beside(&app, &identities);
        let manners = Manners {
            connections: config.connections,
            seats: Arc::clone(&app.seats),
            identity,
        };
        let callers = Listener::start(for_callers, Arc::clone(&app), manners)?;
        let operators = for_operators
            .map(|bound| operators::listen(bound, (&app, callers.addr()), &config, to_operators))
            .transpose()?;
        tracing::info!(listen.callers = %callers.addr(), declared = declared::digest(&config), "the relay serves");
        Ok(Self {
            identities,
            began: config,
            app,
            callers,
            operators,
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
        let (held, holders) = (Arc::clone(&ledger), Arc::clone(&ledger));
        let part = Part {
            on_message: Arc::new(move |message: &[u8]| heard.hear(message, &holders.leases)),
            on_return: Arc::new(move |connection| {
                let held = Arc::clone(&held);
                Box::pin(async move { renew::restore(&held.leases, &connection, lease).await })
            }),
        };
        let (store, supervisors) = Store::connect(servers, REDIS_WITHIN, Some(part))
            .await
            .with_context(|| format!("cannot use the Redis at {servers}"))?;
        let app = App::new(config, roster, (store, ears), ledger);
        timeout(REDIS_WITHIN, load(&app))
            .await
            .unwrap_or(Err(StoreError::Down))
            .context("cannot read keys, accounts and groups")?;
        Ok((Arc::new(app), supervisors))
    }

    /// Where callers connect.
    pub fn addr(&self) -> SocketAddr {
        self.callers.addr()
    }

    /// The same as a base URL for clients.
    pub fn url(&self) -> String {
        let scheme = match self.began.tls {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.addr())
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

    /// Puts in force what it says, as far as that is possible while requests run; the rest is named in the log. A
    /// configuration that is refused changes nothing.
    pub async fn reload(&self, config: Config) -> anyhow::Result<()> {
        config.check()?;
        let of_now = declared::changes(&self.app.declared.load(), &config);
        let since_start = declared::changes(&self.began, &config);
        let digest = declared::digest(&config);
        self.app.roster.declare(&config)?;
        self.app.declare(config);
        self.app.resting.accounts_changed();
        self.renew_certificates().await;
        let changed = of_now.at_once.join(", ");
        tracing::info!(
            changed,
            declared = digest,
            "weir.toml is read again and in force"
        );
        if !since_start.at_start.is_empty() {
            let parts = since_start.at_start.join(", ");
            tracing::warn!(parts, "these take effect when the relay is started again");
        }
        Ok(())
    }

    /// One that cannot be shown leaves the one before it.
    async fn renew_certificates(&self) {
        for identity in &self.identities {
            if let Err(error) = identity.renew().await {
                tracing::error!(%error, "the certificate before this one stays");
            }
        }
    }

    /// Stops accepting, lets running requests finish within the drain timeout, gives back all that is held, and stops
    /// what was started.
    pub async fn shutdown(mut self) {
        self.app.close();
        let drain_timeout = self.app.settings().drain_timeout;
        tracing::info!(
            drain.timeout_s = drain_timeout.as_secs_f32(),
            "the relay drains"
        );
        self.callers.stop(drain_timeout).await;
        if let Some(operators) = self.operators {
            operators.stop(OPERATORS_WITHIN).await;
        }
        self.beside.shutdown().await;
        if self.app.store.is_up() {
            drop(self.app.store.be_absent().await);
        }
        self.finish.notify_one();
        let settler = self.settler.abort_handle();
        if timeout(SETTLED_WITHIN, self.settler).await.is_err() {
            tracing::warn!("Redis did not answer: what was held ends with its leases");
            settler.abort();
        }
        if let Some(traces) = &self.app.traces {
            traces.finish().await;
        }
        drop(self.supervisors);
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
        tracing::info!("the relay has stopped");
    }
}

/// Again, where Redis goes away in the middle of it.
async fn load(app: &App) -> Result<(), StoreError> {
    loop {
        match follow::load(app).await {
            Err(StoreError::Down | StoreError::Unanswered(_)) => sleep(REDIS_AGAIN).await,
            done => return done,
        }
        app.store.up().await;
        app.store.knows_callers().await;
    }
}

fn bind_as_told(addr: SocketAddr) -> anyhow::Result<TcpListener> {
    bind(addr).with_context(|| format!("cannot listen on {addr}"))
}

fn bind_for_operators(config: &Config) -> anyhow::Result<Option<TcpListener>> {
    config.operators.listen.map(bind_as_told).transpose()
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
fn beside(app: &Arc<App>, identities: &[Arc<Identity>]) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for identity in identities {
        let identity = Arc::clone(identity);
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
    let alerts = Arc::clone(app);
    tasks.spawn(async move { alerts::run(&alerts).await });
    let live = Arc::clone(app);
    tasks.spawn(async move { live::run(&live).await });
    let (spans, present) = (Spans::of(app.lease), Arc::clone(app));
    tasks.spawn(async move { sweep::be_present(&present, spans).await });
    let sweeper = Arc::clone(app);
    tasks.spawn(async move { sweep::run(&sweeper.store, spans, &sweeper.settings).await });
    tasks
}
