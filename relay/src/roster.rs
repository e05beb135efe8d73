//! The accounts and groups that a relay serves now: those of `weir.toml`, which stay as they are, and those that are
//! stored, which operators change while it runs. What did not change keeps its connections, gate and turn; a request that
//! an account has begun to serve ends with what it began with.

mod known;
mod opened;
mod shared;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
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
    seal::Master,
    store::{Store, StoreError, StoredAccount, StoredRoster, StoredSettings, StoredTable},
};

pub(crate) use opened::{Keys, Unusable, opened, purpose, table};
use shared::Shared;

#[derive(Debug)]
pub(crate) struct Roster {
    declared: Vec<Entry>,
    declared_groups: Vec<GroupConfig>,
    declared_users: Vec<UserConfig>,
    master: Master,
    tls: Tls,
    served: ArcSwap<Served>,
    edition: AtomicU64,
}

/// What is served at one time.
#[derive(Debug, Default)]
pub(crate) struct Served {
    pub(crate) groups: HashMap<String, Sides>,
    accounts: HashMap<Box<str>, Entry>,
    pub(crate) shared: Shared,
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
    upstream: Arc<Upstream>,
}

impl Roster {
    /// Those of `weir.toml`, whose credentials are read now.
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        let tls = Tls::of_system();
        let entry = |account: &AccountConfig| Entry::new(account, None, &tls);
        let declared: Vec<Entry> = config
            .accounts
            .iter()
            .map(entry)
            .collect::<Result<_, _>>()?;
        let roster = Self {
            declared,
            declared_groups: config.groups.clone(),
            declared_users: config.users.clone(),
            master: Master::of(config),
            tls,
            served: ArcSwap::default(),
            edition: AtomicU64::new(0),
        };
        roster.serve(&StoredRoster::default());
        Ok(roster)
    }

    pub(crate) fn served(&self) -> Guard<Arc<Served>> {
        self.served.load()
    }

    /// Grows whenever something may have changed.
    pub(crate) fn edition(&self) -> u64 {
        self.edition.load(Relaxed)
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
        self.edition.fetch_add(1, Relaxed);
    }

    /// Reads what is stored and serves it; gives what operators have set beside.
    pub(crate) async fn load(&self, store: &Store) -> Result<StoredSettings, StoreError> {
        let stored = store.roster().await?;
        self.serve(&stored);
        Ok(stored.settings)
    }

    fn serve(&self, stored: &StoredRoster) {
        let before = self.served.load_full();
        let keys = Keys::of(&self.master, &stored.accounts);
        let mut accounts: HashMap<Box<str>, Entry> = HashMap::new();
        for entry in &self.declared {
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
            groups: self.groups(&of_stored, &accounts),
            shared: self.shared(&of_stored, &stored.users, &before.shared),
            accounts,
        }));
        self.is_changed();
    }

    /// A stored account; what it was before where it is the same, or cannot be used as it is now.
    fn entry(&self, stored: &StoredAccount, keys: &Keys<'_>, before: &Served) -> Option<Entry> {
        let known = before.accounts.get(&*stored.id);
        let made = opened(stored, keys).and_then(|config| {
            let before = known.map(|entry| &entry.upstream);
            let same = known.filter(|entry| entry.print == config.print());
            let mut entry = match same {
                Some(entry) => entry.clone(),
                None => Entry::new(&config, before, &self.tls)?,
            };
            entry.is_enabled = config.enabled;
            entry.upstream.account.gate.set_limit(config.max_concurrent);
            Ok(entry)
        });
        match made {
            Ok(entry) => Some(entry),
            Err(error) => {
                let (account, kept) = (&*stored.id, known.is_some());
                tracing::error!(account, %error, kept, "a stored account cannot be used");
                known.cloned()
            }
        }
    }

    /// What is declared comes last: theirs is a name that both have.
    fn shared(&self, groups: &[GroupConfig], users: &[StoredTable], before: &Shared) -> Shared {
        let groups = groups.iter().chain(&self.declared_groups);
        let users = users.iter().filter_map(read_user);
        let users = users.chain(self.declared_users.iter().cloned());
        Shared::after(
            before,
            users.map(|user| (user.id, user.limits)),
            groups.map(|group| (group.id.clone(), group.limits)),
        )
    }

    fn groups(
        &self,
        stored: &[GroupConfig],
        accounts: &HashMap<Box<str>, Entry>,
    ) -> HashMap<String, Sides> {
        let sides = |config: &GroupConfig| {
            let known = |id: &String| accounts.get(id.as_str()).map(|entry| &entry.upstream);
            let upstreams: Vec<_> = config.accounts.iter().filter_map(known).cloned().collect();
            (config.id.clone(), Sides::new(config, &upstreams))
        };
        // Those in `weir.toml` come last: theirs is a name that both have.
        stored
            .iter()
            .chain(&self.declared_groups)
            .map(sides)
            .collect()
    }
}

impl Served {
    /// All accounts, in no order.
    pub(crate) fn upstreams(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        self.accounts.values().map(|entry| &entry.upstream)
    }
}

impl Entry {
    fn new(
        config: &AccountConfig,
        before: Option<&Arc<Upstream>>,
        tls: &Tls,
    ) -> Result<Self, ConfigError> {
        let account = Account::new(config, before.map(|upstream| &upstream.account))?;
        Ok(Self {
            print: config.print(),
            is_enabled: config.enabled,
            upstream: Arc::new(Upstream::new(account, tls)),
        })
    }
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
