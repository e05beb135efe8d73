//! Keys of callers: making one, and the table of all of them that a relay holds in memory, so that
//! nobody's request asks Redis who they are. `follow` keeps the table true.

mod rules;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

pub use rules::KeyRules;

use crate::{
    allowance::{Allowance, Outputs, Owner},
    config::Limits,
    gate::Gate,
    ids,
    secret::Secret,
    store::{Store, StoreError, StoredKey},
    time::UnixMillis,
};

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// For people.
    pub name: String,
    /// Whose accounts it may use.
    pub group: String,
    /// How many requests at once; 0 = no limit, counted only.
    pub max_concurrent: u32,
    /// Whether its requests may wait in line; else they are answered at once.
    pub waits: bool,
    pub rules: KeyRules,
}

/// A key just made. Its secret is shown now and never again.
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct CreatedKey {
    pub id: String,
    pub secret: Secret,
}

/// A caller's key that is enabled.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) id: Box<str>,
    pub(crate) group: Box<str>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) waits: bool,
    pub(crate) rules: KeyRules,
    pub(crate) allowance: Allowance,
    /// How long answers to it were of late.
    pub(crate) outputs: Arc<Outputs>,
    digest: [u8; 32],
}

/// All enabled keys. They are found by half of their digest and compared by the whole of it in constant time.
#[derive(Debug, Default)]
pub(crate) struct KeyTable(RwLock<HashMap<[u8; 16], Arc<Key>>>);

/// Makes a key, known to every relay at once.
pub async fn create(store: &Store, new: NewKey) -> Result<CreatedKey, StoreError> {
    let id = ids::new_key_id();
    let secret = ids::new_key_secret();
    let stored = StoredKey {
        id: id.clone(),
        name: new.name,
        group: new.group,
        digest: digest(secret.reveal().as_bytes()),
        max_concurrent: new.max_concurrent,
        waits: new.waits,
        enabled: true,
        created_ms: UnixMillis::now().0,
        rules: new.rules,
    };
    store.put_key(&stored).await?;
    Ok(CreatedKey { id, secret })
}

impl KeyTable {
    /// The key with this text.
    pub(crate) fn find(&self, text: &[u8]) -> Option<Arc<Key>> {
        let digest = digest(text);
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let key = table.get(index(&digest))?;
        bool::from(key.digest.ct_eq(&digest)).then(|| Arc::clone(key))
    }

    pub(crate) fn knows(&self, id: &str) -> bool {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.values().any(|key| &*key.id == id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }

    /// Reads all keys and puts them in place of what was there.
    pub(crate) async fn load(&self, store: &Store) -> Result<(), StoreError> {
        let keys = store.all_keys().await?;
        let table = keys
            .into_iter()
            .filter(|key| key.enabled)
            .map(entry)
            .collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = table;
        Ok(())
    }

    /// Reads these again.
    pub(crate) async fn refresh(&self, store: &Store, ids: &[String]) -> Result<(), StoreError> {
        let keys = store.keys(ids).await?;
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        table.retain(|_, key| !ids.iter().any(|id| **id == *key.id));
        table.extend(
            keys.into_iter()
                .flatten()
                .filter(|key| key.enabled)
                .map(entry),
        );
        Ok(())
    }
}

fn entry(stored: StoredKey) -> ([u8; 16], Arc<Key>) {
    let limits = Limits {
        max_concurrent: stored.max_concurrent,
        requests_per_minute: stored.rules.requests_per_minute,
        tokens_per_minute: stored.rules.tokens_per_minute,
        spend: stored.rules.spend,
    };
    let allowance = Allowance::new(Owner::Key, &stored.id, limits);
    let key = Key {
        gate: allowance.gate.clone().expect("a key has one"),
        allowance,
        rules: stored.rules,
        outputs: Arc::default(),
        id: stored.id.into(),
        waits: stored.waits,
        group: stored.group.into(),
        digest: stored.digest,
    };
    (*index(&key.digest), Arc::new(key))
}

fn digest(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn index(digest: &[u8; 32]) -> &[u8; 16] {
    digest.first_chunk().expect("16 is less than 32")
}
