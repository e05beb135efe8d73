//! What the server keeps, as far as anybody could say: keys of core types, and when they end. What our commands may do
//! in more than one way (how far ahead a key's end is set, which ended members are swept, a trie's digests) stays open
//! here until `settle` has seen what they did.

use std::collections::{BTreeMap, BTreeSet};

pub(crate) type Words = Vec<Vec<u8>>;

/// A key in a database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) db: usize,
    pub(crate) key: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(Vec<u8>),
    Scores(BTreeMap<Vec<u8>, f64>),
    Fields(BTreeMap<Vec<u8>, Vec<u8>>),
    /// How long it is.
    List(i64),
    /// Of a stream: the fields of each entry with their values.
    Entries(Vec<Words>),
}

/// When a key ends, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Never,
    At(i64),
    /// Both included, until seen.
    Between(i64, i64),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) value: Value,
    pub(crate) end: End,
    /// Of a trie: entries whose digest nobody has seen yet, by their chains.
    pub(crate) unseen: Vec<(Vec<Vec<u8>>, Vec<u8>)>,
    /// Of a trie or a stream: how many live entries may have gone because there were too many.
    pub(crate) evictable: usize,
    /// Of a trie: which entries a walk may have removed.
    pub(crate) forgettable: Vec<Vec<u8>>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Keyspace {
    keys: BTreeMap<Name, Entry>,
    /// What the running step may have changed.
    pub(crate) touched: BTreeSet<Name>,
}

impl Entry {
    pub(crate) fn new(value: Value) -> Self {
        Self {
            value,
            end: End::Never,
            unseen: Vec::new(),
            evictable: 0,
            forgettable: Vec::new(),
        }
    }
}

impl End {
    /// The earliest that it may be.
    pub(crate) fn earliest(self) -> i64 {
        match self {
            Self::Never => i64::MAX,
            Self::At(at) | Self::Between(at, _) => at,
        }
    }
}

impl Keyspace {
    pub(crate) fn get(&self, name: &Name) -> Option<&Entry> {
        self.keys.get(name)
    }

    /// To be changed.
    pub(crate) fn change(&mut self, name: &Name) -> Option<&mut Entry> {
        self.touched.insert(name.clone());
        self.keys.get_mut(name)
    }

    pub(crate) fn put(&mut self, name: &Name, entry: Entry) {
        self.touched.insert(name.clone());
        self.keys.insert(name.clone(), entry);
    }

    pub(crate) fn remove(&mut self, name: &Name) -> Option<Entry> {
        self.touched.insert(name.clone());
        self.keys.remove(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        self.keys.keys()
    }

    pub(crate) fn clear(&mut self, db: Option<usize>) {
        let gone = |name: &Name| db.is_none_or(|db| db == name.db);
        self.keys.retain(|name, _| !gone(name));
    }

    /// Removes the keys that have ended: a key is there still in the millisecond at which it ends.
    pub(crate) fn pass(&mut self, now: i64) -> Vec<Name> {
        let ended = self.keys.iter();
        let ended = ended.filter(|(_, entry)| matches!(entry.end, End::At(at) if at < now));
        let ended: Vec<Name> = ended.map(|(name, _)| name.clone()).collect();
        for name in &ended {
            self.keys.remove(name);
        }
        ended
    }
}
