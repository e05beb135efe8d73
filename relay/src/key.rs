//! Keys of callers: making one, and the table of all of them that a relay holds in memory, so that
//! nobody's request asks Redis who they are. `follow` keeps the table true.

mod rules;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

pub use rules::KeyRules;

use crate::{
    admin::audit::{Deed, Who},
    allowance::{Allowance, Outputs, Owner},
    budget::Budget,
    config::Limits,
    gate::Gate,
    ids,
    live::KeyKnown,
    secret::Secret,
    store::{Entry, Overlap, Store, StoreError, StoredKey},
    time::UnixMillis,
};

/// What a key is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// For people.
    pub name: String,
    /// Whose accounts it may use.
    pub group: String,
    /// Whose accounts serve what none of the group can.
    pub fallback_group: Option<String>,
    /// How many requests at once; 0 = no limit, counted only.
    pub max_concurrent: u32,
    /// Whether its requests may wait in line; else they are answered at once.
    pub waits: bool,
    /// For people, to find it again.
    pub tags: Vec<String>,
    pub rules: KeyRules,
}

impl Default for NewKey {
    /// Nothing is limited.
    fn default() -> Self {
        Self {
            name: String::new(),
            group: String::new(),
            fallback_group: None,
            max_concurrent: 0,
            waits: true,
            tags: Vec::new(),
            rules: KeyRules::default(),
        }
    }
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
    /// For people.
    pub(crate) name: Box<str>,
    pub(crate) group: Box<str>,
    pub(crate) fallback_group: Option<Box<str>>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) waits: bool,
    pub(crate) rules: KeyRules,
    pub(crate) allowance: Allowance,
    /// How long answers to it were of late.
    pub(crate) outputs: Arc<Outputs>,
}

/// All texts of all enabled keys. They are found by half of their digest and compared by the whole of it in constant time.
#[derive(Debug, Default)]
pub(crate) struct KeyTable(RwLock<Texts>);

type Texts = HashMap<[u8; 16], Text>;

/// A text of a key, as the table knows it.
#[derive(Debug)]
struct Text {
    digest: [u8; 32],
    /// Of one that was replaced.
    until: Option<UnixMillis>,
    key: Arc<Key>,
}

/// Whether requests that wait may have to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limited {
    AsBefore,
    Otherwise,
}

/// Makes a key, known to every relay at once. It checks nothing: that is what operators' desk does.
pub async fn create(store: &Store, new: NewKey) -> Result<CreatedKey, StoreError> {
    let (key, secret) = made(new, UnixMillis::now());
    let id = key.id.clone();
    loop {
        let (mut editing, _) = store.edit().await?;
        editing.put_key(&key);
        if editing.commit(&by_program("create", &id)).await? {
            return Ok(CreatedKey { id, secret });
        }
    }
}

/// Refuses a key from now on.
pub(crate) async fn disable(store: &Store, id: &str) -> Result<(), StoreError> {
    loop {
        let (mut editing, _) = store.edit().await?;
        let Some(mut key) = editing.key(id).await? else {
            return Ok(());
        };
        key.version += 1;
        key.enabled = false;
        editing.put_key(&key);
        if editing.commit(&by_program("disable", id)).await? {
            return Ok(());
        }
    }
}

/// What nobody but the program itself does.
fn by_program(act: &'static str, id: &str) -> Entry {
    let who = Who {
        name: "weir".into(),
        role: "admin",
        from: String::new(),
    };
    Deed::new(act, "key", id).by(&who)
}

/// A new key and its text.
pub(crate) fn made(new: NewKey, now: UnixMillis) -> (StoredKey, Secret) {
    let secret = ids::new_key_secret();
    let key = StoredKey {
        id: ids::new_key_id(),
        version: 1,
        name: new.name,
        group: new.group,
        fallback_group: new.fallback_group,
        tags: new.tags,
        digest: digest_of(&secret),
        overlap: None,
        max_concurrent: new.max_concurrent,
        waits: new.waits,
        enabled: true,
        created_ms: now.0,
        rules: new.rules,
    };
    (key, secret)
}

/// The same key with a new text; the one that it had is good until then.
pub(crate) fn rotated(before: StoredKey, until: Option<UnixMillis>) -> (StoredKey, Secret) {
    let secret = ids::new_key_secret();
    let key = StoredKey {
        version: before.version + 1,
        digest: digest_of(&secret),
        overlap: until.map(|until| Overlap {
            digest: before.digest,
            until,
        }),
        ..before
    };
    (key, secret)
}

impl KeyTable {
    /// The key with this text.
    pub(crate) fn find(&self, text: &[u8], now: UnixMillis) -> Option<Arc<Key>> {
        let digest = digest(text);
        let table = self.read();
        let text = table.get(index(&digest))?;
        let is_it = bool::from(text.digest.ct_eq(&digest));
        let is_good = is_it && text.until.is_none_or(|until| now < until);
        is_good.then(|| Arc::clone(&text.key))
    }

    pub(crate) fn knows(&self, id: &str) -> bool {
        self.read().values().any(|text| &*text.key.id == id)
    }

    /// All of them, as whoever watches the queues knows them.
    pub(crate) fn known(&self) -> Vec<KeyKnown> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = |text: &Text| KeyKnown {
            id: Arc::from(&*text.key.id),
            name: Arc::from(&*text.key.name),
            limit: text.key.gate.limit(),
        };
        table.values().map(known).collect()
    }

    /// What all of them may spend, where that is limited. One with two texts has them once.
    pub(crate) fn budgets(&self) -> Vec<Arc<Budget>> {
        let table = self.read();
        let current = table.values().filter(|text| text.until.is_none());
        let budgets = current.flat_map(|text| &text.key.allowance.budgets);
        budgets.cloned().collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.read().is_empty()
    }

    /// Reads all keys and puts them in place of what was there.
    pub(crate) async fn load(&self, store: &Store) -> Result<Limited, StoreError> {
        let keys = store.all_keys().await?;
        Ok(self.replace(|_| false, keys))
    }

    /// Reads these again.
    pub(crate) async fn refresh(
        &self,
        store: &Store,
        ids: &[String],
    ) -> Result<Limited, StoreError> {
        let keys = store.keys(ids).await?;
        let stays = |key: &Key| !ids.iter().any(|id| **id == *key.id);
        Ok(self.replace(stays, keys.into_iter().flatten()))
    }

    /// A key that was there before keeps its gate and what is known of its answers.
    fn replace(
        &self,
        stays: impl Fn(&Key) -> bool,
        stored: impl IntoIterator<Item = StoredKey>,
    ) -> Limited {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let gone = table.extract_if(|_, text| !stays(&text.key));
        let known: HashMap<Box<str>, Arc<Key>> = gone
            .map(|(_, text)| (text.key.id.clone(), text.key))
            .collect();
        let mut limited = Limited::AsBefore;
        for stored in stored.into_iter().filter(|key| key.enabled) {
            let before = known.get(&*stored.id);
            if before.is_some_and(|key| key.gate.limit() != stored.max_concurrent) {
                limited = Limited::Otherwise;
            }
            table.extend(texts(stored, before.map(|key| &**key)));
        }
        limited
    }

    fn read(&self) -> RwLockReadGuard<'_, Texts> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key that nobody has, and that nothing is counted for.
pub(crate) fn nobodys() -> Arc<Key> {
    let (stored, _) = made(NewKey::default(), UnixMillis(0));
    let (_, text) = texts(stored, None).next().expect("a key has a text");
    text.key
}

fn texts(stored: StoredKey, before: Option<&Key>) -> impl Iterator<Item = ([u8; 16], Text)> {
    let limits = Limits {
        max_concurrent: stored.max_concurrent,
        requests_per_minute: stored.rules.requests_per_minute,
        tokens_per_minute: stored.rules.tokens_per_minute,
        spend: stored.rules.spend,
    };
    let allowance = Allowance::new(Owner::Key, &stored.id, limits);
    let allowance = allowance.after(before.map(|key| &key.allowance));
    let key = Arc::new(Key {
        gate: allowance.gate.clone().expect("a key has one"),
        allowance,
        rules: stored.rules,
        outputs: before.map_or_else(Arc::default, |key| Arc::clone(&key.outputs)),
        id: stored.id.into(),
        name: stored.name.into(),
        waits: stored.waits,
        group: stored.group.into(),
        fallback_group: stored.fallback_group.map(Box::from),
    });
    let older = stored.overlap;
    let older = older.map(|Overlap { digest, until }| (digest, Some(until)));
    let all = [(stored.digest, None)].into_iter().chain(older);
    all.map(move |(digest, until)| {
        let key = Arc::clone(&key);
        (*index(&digest), Text { digest, until, key })
    })
}

fn digest_of(secret: &Secret) -> [u8; 32] {
    digest(secret.reveal().as_bytes())
}

fn digest(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn index(digest: &[u8; 32]) -> &[u8; 16] {
    digest.first_chunk().expect("16 is less than 32")
}
