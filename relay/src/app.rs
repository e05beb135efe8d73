//! Everything that a request may need, put together once. It decides nothing.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::{
    account::Account,
    config::{Config, ConfigError},
    forward::{Tls, Upstream},
    group::Group,
    key::KeyTable,
    permit::Ledger,
    read::Buffers,
    store::Store,
};

/// Groups by their names.
pub(crate) type Groups = HashMap<String, Arc<Group>>;

/// One relay's memory.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) keys: KeyTable,
    pub(crate) groups: Groups,
    pub(crate) buffers: Arc<Buffers>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) lease: Duration,
    pub(crate) max_body_bytes: usize,
    draining: AtomicBool,
}

impl App {
    pub(crate) fn new(config: &Config, groups: Groups, store: Store, ledger: Arc<Ledger>) -> Self {
        Self {
            store,
            keys: KeyTable::default(),
            groups,
            buffers: Arc::new(Buffers::new(config.max_buffered_bytes)),
            ledger,
            lease: config.lease,
            max_body_bytes: config.max_body_bytes,
            draining: AtomicBool::new(false),
        }
    }

    /// Whether new requests are served.
    pub(crate) fn is_open(&self) -> bool {
        !self.draining.load(Relaxed) && self.store.is_up()
    }

    pub(crate) fn close(&self) {
        self.draining.store(true, Relaxed);
    }
}

/// The groups with their accounts; an account in several groups is the same in all.
pub(crate) fn groups(config: &Config) -> Result<Groups, ConfigError> {
    config.check()?;
    let tls = Tls::of_system();
    let mut upstreams = HashMap::new();
    for account in &config.accounts {
        let upstream = Upstream::new(Account::new(account)?, &tls);
        upstreams.insert(account.id.as_str(), Arc::new(upstream));
    }
    let group = |accounts: &[String]| {
        Group::new(
            accounts
                .iter()
                .map(|id| Arc::clone(&upstreams[id.as_str()]))
                .collect(),
        )
    };
    Ok(config
        .groups
        .iter()
        .map(|config| (config.id.clone(), Arc::new(group(&config.accounts))))
        .collect())
}
