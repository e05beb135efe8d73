//! Whom and what there may be something to see of: accounts and keys, as operators made them. Pure.

use std::{collections::HashMap, sync::Arc, time::Duration};

/// Accounts and keys, each in the order of their ids.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    pub(crate) accounts: Vec<AccountKnown>,
    pub(crate) keys: Vec<KeyKnown>,
    places: HashMap<Arc<str>, usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountKnown {
    pub(crate) id: Arc<str>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) limit: u32,
    /// The least time between two turns, of an account that has them.
    pub(crate) turn_delay: Option<Duration>,
    pub(crate) standing: Standing,
}

/// Whether an operator lets requests go to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    Serves,
    Disabled,
    Drained,
    /// Why it cannot be used.
    Broken(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyKnown {
    pub(crate) id: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) limit: u32,
}

impl Stage {
    pub(crate) fn new(mut accounts: Vec<AccountKnown>, mut keys: Vec<KeyKnown>) -> Self {
        accounts.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        keys.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        // One that was rotated has two texts for a while.
        keys.dedup_by(|one, other| one.id == other.id);
        let places = keys.iter().enumerate();
        let places = places.map(|(place, key)| (Arc::clone(&key.id), place));
        Self {
            places: places.collect(),
            accounts,
            keys,
        }
    }

    pub(crate) fn key(&self, id: &str) -> Option<&KeyKnown> {
        self.places.get(id).map(|place| &self.keys[*place])
    }

    /// Also of a key that is not known any more.
    pub(crate) fn id(&self, id: &str) -> Arc<str> {
        self.key(id)
            .map_or_else(|| id.into(), |key| Arc::clone(&key.id))
    }

    pub(crate) fn name(&self, id: &str) -> Option<Arc<str>> {
        self.key(id).map(|key| Arc::clone(&key.name))
    }
}
