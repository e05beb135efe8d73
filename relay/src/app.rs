//! Everything that a request may need, put together once. It decides nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use ipnet::IpNet;

use crate::{
    allowance::Allowances,
    attempts::Budget,
    books::Books,
    config::{Config, Failover, Retention, Spend, Waits},
    key::KeyTable,
    permit::Ledger,
    price::Prices,
    read::Buffers,
    resting::Resting,
    roster::Roster,
    store::{COOLDOWNS, Store, Tickets},
};

/// Who is told what Redis says of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ears {
    tickets: Arc<Tickets>,
    resting: Arc<Resting>,
}

impl Ears {
    pub(crate) fn hear(&self, message: &[u8]) {
        match message {
            COOLDOWNS => self.resting.look(),
            of_a_ticket => self.tickets.hear(of_a_ticket),
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
    pub(crate) allowances: Allowances,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) buffers: Arc<Buffers>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) resting: Arc<Resting>,
    pub(crate) budget: Budget,
    pub(crate) failover: Failover,
    pub(crate) retention: Retention,
    pub(crate) spend: Spend,
    pub(crate) affinity_patience: Duration,
    pub(crate) lease: Duration,
    pub(crate) waits: Waits,
    pub(crate) max_body_bytes: usize,
    draining: AtomicBool,
}

impl App {
    pub(crate) fn new(
        config: &Config,
        roster: Roster,
        (store, ears): (Store, Ears),
        ledger: Arc<Ledger>,
    ) -> Self {
        Self {
            store,
            tickets: ears.tickets,
            keys: KeyTable::default(),
            roster,
            allowances: Allowances::new(config),
            trusted_proxies: config.trusted_proxies.clone(),
            buffers: Arc::new(Buffers::new(config.max_buffered_bytes)),
            ledger,
            resting: ears.resting,
            budget: Budget::default(),
            failover: config.failover,
            retention: config.retention,
            spend: config.spend.clone(),
            affinity_patience: config.affinity_patience,
            lease: config.lease,
            waits: config.waits,
            max_body_bytes: config.max_body_bytes,
            draining: AtomicBool::new(false),
        }
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
    }
}

/// Prices, and the names under which models are counted.
pub(crate) fn books(config: &Config) -> Books {
    let own = config.prices.iter();
    let own = own.map(|(name, price)| (name.as_str(), price.clone()));
    let mapped = config.accounts.iter().flat_map(|account| &account.models);
    let aliased = config.groups.iter().flat_map(|group| &group.aliases);
    let named = mapped.chain(aliased).map(|(_, called)| called.as_str());
    let whole = named.filter(|name| !name.ends_with('*'));
    Books::new(Prices::new(own, whole))
}
