//! Everything that a request may need, put together once. It decides nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};

use crate::{
    attempts::Budget,
    calendar::Calendar,
    config::Config,
    ids::RequestId,
    key::KeyTable,
    live::{Live, Stage},
    permit::Ledger,
    price::Prices,
    read::Buffers,
    renew::Leases,
    resting::Resting,
    roster::Roster,
    server::Seats,
    settings::{Current, Settings},
    store::{COOLDOWNS, Store, StoredSettings, Tickets, taken_back},
    telemetry::{Meters, Traces},
};

/// Who is told what Redis says of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ears {
    tickets: Arc<Tickets>,
    resting: Arc<Resting>,
}

impl Ears {
    pub(crate) fn hear(&self, message: &[u8], leases: &Leases) {
        match (message, taken_back(message)) {
            (COOLDOWNS, _) => self.resting.look(),
            (_, Some(request)) => leases.take_back(request),
            (of_a_ticket, None) => self.tickets.hear(of_a_ticket),
        }
    }
}

/// One relay's memory.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) tickets: Arc<Tickets>,
    pub(crate) keys: KeyTable,
    pub(crate) roster: Roster,
    pub(crate) buffers: Arc<Buffers>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) meters: Arc<Meters>,
    /// None where requests are not followed.
    pub(crate) traces: Option<Arc<Traces>>,
    pub(crate) seats: Arc<Seats>,
    /// By which it is told from other relays of its process too.
    pub(crate) own_id: RequestId,
    pub(crate) resting: Arc<Resting>,
    pub(crate) budget: Budget,
    /// What `weir.toml` says now.
    pub(crate) declared: ArcSwap<Config>,
    /// What operators have set beside it.
    stored: ArcSwap<StoredSettings>,
    pub(crate) settings: Current,
    pub(crate) calendar: Calendar,
    pub(crate) lease: Duration,
    pub(crate) live: Arc<Live>,
    draining: AtomicBool,
    /// Whether it has declared something else than what counts for longer than it may.
    pub(crate) is_apart: AtomicBool,
}

impl App {
    pub(crate) fn new(
        config: &Config,
        roster: Roster,
        (store, ears): (Store, Ears),
        ledger: Arc<Ledger>,
    ) -> Self {
        let meters = Arc::<Meters>::default();
        Self {
            store,
            tickets: ears.tickets,
            keys: KeyTable::default(),
            roster,
            buffers: Arc::new(Buffers::new(config.max_buffered_bytes)),
            ledger,
            traces: Traces::start(&config.telemetry, &meters),
            meters,
            seats: Seats::new(config.connections.max, config.connections.max_per_ip),
            own_id: RequestId::next(),
            resting: ears.resting,
            budget: Budget::default(),
            declared: ArcSwap::from_pointee(config.clone()),
            stored: ArcSwap::default(),
            settings: Current::new(Settings::of(config)),
            calendar: Calendar::default(),
            lease: config.lease,
            live: Arc::default(),
            draining: AtomicBool::new(false),
            is_apart: AtomicBool::new(false),
        }
    }

    /// What holds now for all requests.
    pub(crate) fn settings(&self) -> Guard<Arc<Settings>> {
        self.settings.now()
    }

    /// What another `weir.toml` says is in force from now on, as far as it can be.
    pub(crate) fn declare(&self, config: Config) {
        self.buffers.set_limit(config.max_buffered_bytes);
        self.declared.store(Arc::new(config));
        self.enforce();
    }

    /// What operators have set is in force from now on, where `weir.toml` does not say otherwise.
    pub(crate) fn set(&self, stored: StoredSettings) {
        if **self.stored.load() != stored {
            self.stored.store(Arc::new(stored));
        }
        // Models may be called otherwise by now.
        self.enforce();
    }

    fn enforce(&self) {
        let (declared, stored) = (self.declared.load(), self.stored.load());
        let config = declared.with(&stored.values()).unwrap_or_else(|error| {
            tracing::error!(%error, "what operators have set cannot be used");
            (**declared).clone()
        });
        let served = self.roster.served();
        let named = served.named.iter().map(|name| &**name);
        self.ledger.books.reprice(prices(&config, named));
        self.settings.set(Settings::of(&config));
    }

    /// Whom and what there may be something to see of.
    pub(crate) fn stage(&self) -> Stage {
        Stage::new(self.roster.known(), self.keys.known())
    }

    /// Whether new requests are served.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_draining() && self.store.is_up()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Relaxed)
    }

    pub(crate) fn close(&self) {
        self.draining.store(true, Relaxed);
        self.live.end();
    }
}

/// Prices, and the names under which models are counted: those of the configuration, and others that there are.
pub(crate) fn prices<'a>(config: &'a Config, others: impl IntoIterator<Item = &'a str>) -> Prices {
    let own = config.prices.iter();
    let own = own.map(|(name, price)| (name.as_str(), price.clone()));
    let mapped = config.accounts.iter().flat_map(|account| &account.models);
    let aliased = config.groups.iter().flat_map(|group| &group.aliases);
    let named = mapped.chain(aliased).map(|(_, called)| called.as_str());
    let named = named.chain(others);
    let whole = named.filter(|name| !name.ends_with('*'));
    Prices::new(own, whole)
}
