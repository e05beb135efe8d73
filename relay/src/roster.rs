//! The accounts and groups that a relay serves now: those of `weir.toml`, and those that are stored; operators change both
//! while it runs. What did not change keeps its connections, gate and turn; a request that
//! an account has begun to serve ends with what it began with.

mod known;
mod opened;
mod shared;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Release},
        },
    },
};

use arc_swap::{ArcSwap, Guard};

use crate::{
    account::Account,
    config::{
        AccountConfig, Config, ConfigError, GroupConfig, UserConfig, stored_group, stored_user,
    },
    forward::{Tls, Upstream},
    group::Sides,
    models::Models,
    seal::Master,
    store::{Store, StoreError, StoredAccount, StoredRoster, StoredSettings, StoredTable},
};

pub(crate) use opened::{Keys, Unusable, opened, purpose, table};
use shared::Shared;

#[derive(Debug)]
pub(crate) struct Roster {
    basis: Mutex<Basis>,
    master: Master,
    tls: Tls,
    served: ArcSwap<Served>,
    edition: AtomicU64,
}

/// What is served is made of it, one change after the other.
#[derive(Debug, Default)]
struct Basis {
    declared: Declared,
    stored: StoredRoster,
}

/// What `weir.toml` says.
#[derive(Debug, Default)]
struct Declared {
    accounts: Vec<Entry>,
    groups: Vec<GroupConfig>,
    users: Vec<UserConfig>,
}

/// What is served at one time.
#[derive(Debug, Default)]
pub(crate) struct Served {
    pub(crate) groups: HashMap<String, Sides>,
    accounts: HashMap<Box<str>, Entry>,
    pub(crate) shared: Shared,
    /// What upstreams call models, and groups what they stand for.
    pub(crate) named: Vec<Box<str>>,
    /// Ids of accounts, be they known or not.
    drained: Vec<String>,
    /// Stored accounts that cannot be used, and why.
    broken: Vec<(String, String)>,
}

/// An account, and by what a later edition of it is told to be the same.
#[derive(Debug, Clone)]
struct Entry {
    print: [u8; 32],
    is_enabled: bool,
    /// How many requests at once.
    limit: u32,
    upstream: Arc<Upstream>,
}

impl Roster {
    /// Those of `weir.toml`, whose credentials are read now.
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        let roster = Self {
            basis: Mutex::default(),
            master: Master::of(config),
            tls: Tls::of_system(),
            served: ArcSwap::default(),
            edition: AtomicU64::new(0),
        };
        roster.declare(config)?;
        Ok(roster)
    }

    /// Another `weir.toml`, whose credentials are read now. One that cannot be used changes nothing.
    pub(crate) fn declare(&self, config: &Config) -> Result<(), ConfigError> {
        let mut basis = self.basis.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.served.load_full();
        let entry = |account: &AccountConfig| {
            let config = account.clone().with_secrets()?;
            Entry::after(&config, before.accounts.get(&*config.id), &self.tls)
        };
        basis.declared = Declared {
            accounts: config
                .accounts
                .iter()
                .map(entry)
                .collect::<Result<_, _>>()?,
            groups: config.groups.clone(),
            users: config.users.clone(),
        };
        self.serve(&basis);
        Ok(())
    }

    pub(crate) fn served(&self) -> Guard<Arc<Served>> {
        self.served.load()
    }

    /// Grows whenever something may have changed.
    pub(crate) fn edition(&self) -> u64 {
        self.edition.load(Acquire)
    }

    /// The account as it is now, where it was changed since the request came.
    pub(crate) fn newest(&self, upstream: Arc<Upstream>) -> Arc<Upstream> {
        let account = &upstream.account;
        if account.standing.is_newest(account.edition) {
            return upstream;
        }
        let served = self.served.load();
        match served.accounts.get(&account.id) {
            Some(entry) if entry.upstream.account.provider == account.provider => {
                Arc::clone(&entry.upstream)
            }
            _ => upstream,
        }
    }

    /// Others may serve now, or under other limits.
    pub(crate) fn is_changed(&self) {
        self.edition.fetch_add(1, Release);
    }

    /// Reads what is stored and serves it; gives what operators have set beside.
    pub(crate) async fn load(&self, store: &Store) -> Result<StoredSettings, StoreError> {
        let stored = store.roster().await?;
        let settings = stored.settings.clone();
        let mut basis = self.basis.lock().unwrap_or_else(PoisonError::into_inner);
        basis.stored = stored;
        self.serve(&basis);
        Ok(settings)
    }

    fn serve(&self, basis: &Basis) {
        let Basis { declared, stored } = basis;
        let before = self.served.load_full();
        let keys = Keys::of(&self.master, &stored.accounts);
        let mut accounts: HashMap<Box<str>, Entry> = HashMap::new();
        for entry in &declared.accounts {
            accounts.insert(entry.upstream.account.id.clone(), entry.clone());
        }
        for account in &stored.accounts {
            if accounts.contains_key(&*account.id) {
                let account = &*account.id;
                tracing::error!(
                    account,
                    "this stored account has the name of one in weir.toml"
                );
            } else if let Some(entry) = self.entry(account, &keys, &before) {
                accounts.insert(account.id.as_str().into(), entry);
            }
        }
        for (id, entry) in &accounts {
            entry.upstream.account.gate.set_limit(entry.limit);
            let is_open =
                entry.is_enabled && !stored.drained.iter().any(|drained| **drained == **id);
            if entry.upstream.account.standing.set_open(is_open) {
                tracing::info!(account = &**id, is_open, "an account was opened or closed");
            }
        }
        for (id, entry) in &before.accounts {
            if !accounts.contains_key(id) {
                entry.upstream.account.standing.set_open(false);
            }
        }
        let of_stored: Vec<GroupConfig> = stored.groups.iter().filter_map(read_group).collect();
        self.served.store(Arc::new(Served {
            drained: stored.drained.clone(),
            broken: broken(&stored.accounts, &accounts, &keys),
            groups: groups(of_stored.iter().chain(&declared.groups), &accounts),
            shared: shared(basis, &of_stored, &before.shared),
            named: named(&accounts, &of_stored),
            accounts,
        }));
        self.is_changed();
    }

    /// A stored account; what it was before where it is the same, or cannot be used as it is now.
    fn entry(&self, stored: &StoredAccount, keys: &Keys<'_>, before: &Served) -> Option<Entry> {
        let known = before.accounts.get(&*stored.id);
        let made =
            opened(stored, keys).and_then(|config| Ok(Entry::after(&config, known, &self.tls)?));
        match made {
            Ok(entry) => Some(entry),
            Err(error) => {
                let (account, kept) = (&*stored.id, known.is_some());
                tracing::error!(account, %error, kept, "a stored account cannot be used");
                known.cloned()
            }
        }
    }
}

fn named(accounts: &HashMap<Box<str>, Entry>, groups: &[GroupConfig]) -> Vec<Box<str>> {
    let models = accounts
        .values()
        .map(|entry| &entry.upstream.account.models);
    let models = models.flat_map(Models::all_called).map(Box::from);
    let aliased = groups.iter().flat_map(|group| &group.aliases);
    models
        .chain(aliased.map(|(_, model)| model.as_str().into()))
        .collect()
}

impl Served {
    /// All accounts, in no order.
    pub(crate) fn upstreams(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        self.accounts.values().map(|entry| &entry.upstream)
    }
}

impl Entry {
    /// What was there before where that is the same; else whoever waits for that waits for this.
    fn after(
        config: &AccountConfig,
        before: Option<&Self>,
        tls: &Tls,
    ) -> Result<Self, ConfigError> {
        let print = config.print();
        let upstream = match before {
            Some(before) if before.print == print => Arc::clone(&before.upstream),
            before => {
                let before = before.map(|entry| &entry.upstream.account);
                Arc::new(Upstream::new(Account::new(config, before)?, tls))
            }
        };
        Ok(Self {
            print,
            is_enabled: config.enabled,
            limit: config.max_concurrent,
            upstream,
        })
    }
}

/// What is declared comes last: theirs is a name that both have.
fn shared(basis: &Basis, groups: &[GroupConfig], before: &Shared) -> Shared {
    let Basis { declared, stored } = basis;
    let groups = groups.iter().chain(&declared.groups);
    let users = stored.users.iter().filter_map(read_user);
    let users = users.chain(declared.users.iter().cloned());
    Shared::after(
        before,
        users.map(|user| (user.id, user.limits)),
        groups.map(|group| (group.id.clone(), group.limits)),
    )
}

/// Of two with one name the last is it.
fn groups<'a>(
    all: impl Iterator<Item = &'a GroupConfig>,
    accounts: &HashMap<Box<str>, Entry>,
) -> HashMap<String, Sides> {
    let sides = |config: &GroupConfig| {
        let known = |id: &String| accounts.get(id.as_str()).map(|entry| &entry.upstream);
        let upstreams: Vec<_> = config.accounts.iter().filter_map(known).cloned().collect();
        (config.id.clone(), Sides::new(config, &upstreams))
    };
    all.map(sides).collect()
}

fn broken(
    stored: &[StoredAccount],
    accounts: &HashMap<Box<str>, Entry>,
    keys: &Keys<'_>,
) -> Vec<(String, String)> {
    let unused = stored
        .iter()
        .filter(|account| !accounts.contains_key(&*account.id));
    let trouble = |account: &StoredAccount| {
        let trouble = opened(account, keys).err();
        trouble.map_or_else(String::new, |trouble| trouble.to_string())
    };
    unused
        .map(|account| (account.id.clone(), trouble(account)))
        .collect()
}

/// Accounts that are gone, or cannot be used, are passed over.
fn read_group(stored: &StoredTable) -> Option<GroupConfig> {
    let read = table(&stored.table).and_then(|table| {
        let names = table.get("accounts").and_then(toml::Value::as_array);
        let names = names.into_iter().flatten().filter_map(toml::Value::as_str);
        Ok(stored_group(&stored.id, &table, names.collect())?)
    });
    read.inspect_err(|error| {
        let group = &*stored.id;
        tracing::error!(group, %error, "a stored group cannot be used");
    })
    .ok()
}

fn read_user(stored: &StoredTable) -> Option<UserConfig> {
    let read = table(&stored.table).and_then(|table| Ok(stored_user(&stored.id, &table)?));
    read.inspect_err(|error| {
        let user = &*stored.id;
        tracing::error!(user, %error, "a stored user cannot be used");
    })
    .ok()
}
