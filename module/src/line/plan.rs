//! What somebody waits for: every key of `all` and one of `any`. Equal plans are kept once, whoever has them. Pure.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Family {
    Turn,
    Gate,
}

/// Names a turn or a gate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyName {
    pub(crate) family: Family,
    pub(crate) db: i32,
    pub(crate) key: Box<[u8]>,
}

/// One of the keys that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub(crate) key: Arc<KeyName>,
    /// Whether it named no limit for this gate: then none holds it back.
    pub(crate) unlimited: bool,
    /// Among `any`, the lower is taken first.
    pub(crate) priority: i64,
}

/// By which kind of command it is asked for, and so how it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    Acquire,
    Admit,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wants {
    pub(crate) form: Form,
    pub(crate) all: Box<[Wanted]>,
    pub(crate) any: Box<[Wanted]>,
}

/// The keys of which those in one line take one, in order of their names.
#[derive(Clone, Debug)]
pub(crate) struct LineName(Arc<LineKeys>);

#[derive(Debug)]
struct LineKeys {
    keys: Box<[Arc<KeyName>]>,
    /// Of all keys: there may be many, and lines are looked up often.
    digest: u64,
}

impl LineName {
    pub(crate) fn one(key: &Arc<KeyName>) -> Self {
        Self::new(vec![Arc::clone(key)])
    }

    fn new(mut keys: Vec<Arc<KeyName>>) -> Self {
        keys.sort_unstable();
        let digest = DIGEST.hash_one(&keys);
        let keys = keys.into();
        Self(Arc::new(LineKeys { keys, digest }))
    }

    pub(crate) fn keys(&self) -> &[Arc<KeyName>] {
        &self.0.keys
    }

    pub(crate) fn contains(&self, key: &KeyName) -> bool {
        let keys = self.keys();
        keys.binary_search_by(|own| (**own).cmp(key)).is_ok()
    }
}

impl PartialEq for LineName {
    fn eq(&self, other: &Self) -> bool {
        let same_digest = self.0.digest == other.0.digest;
        Arc::ptr_eq(&self.0, &other.0) || same_digest && self.keys() == other.keys()
    }
}

impl Eq for LineName {}

impl Hash for LineName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.digest.hash(state);
    }
}

static DIGEST: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

pub(crate) type PlanId = u64;

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) id: PlanId,
    pub(crate) wants: Wants,
    /// Where those stand who have it.
    pub(crate) line: LineName,
}

impl Wants {
    /// A turn, or one gate.
    pub(crate) fn one(key: Arc<KeyName>, unlimited: bool) -> Self {
        let wanted = Wanted {
            key,
            unlimited,
            priority: 0,
        };
        Self {
            form: Form::Acquire,
            all: Box::from([]),
            any: Box::from([wanted]),
        }
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Wanted> {
        self.all.iter().chain(&self.any)
    }

    pub(crate) fn family(&self) -> Family {
        self.some_key().map_or(Family::Gate, |key| key.family)
    }

    /// One of its keys; all are of one family and in one database.
    pub(crate) fn some_key(&self) -> Option<&Arc<KeyName>> {
        self.keys().map(|wanted| &wanted.key).next()
    }

    pub(crate) fn names(&self, key: &KeyName) -> bool {
        self.keys().any(|wanted| *wanted.key == *key)
    }

    /// Who wants one of several stands where all do who want one of the same; who only wants what it cannot do without,
    /// at the first of that.
    pub(crate) fn line(&self) -> LineName {
        let keys = match &*self.any {
            [] => self.all.first().into_iter().collect::<Vec<_>>(),
            any => any.iter().collect(),
        };
        LineName::new(keys.iter().map(|wanted| Arc::clone(&wanted.key)).collect())
    }
}

/// All plans that somebody has.
#[derive(Debug, Default)]
pub(super) struct Plans {
    by_id: HashMap<PlanId, Entry>,
    by_wants: HashTable<PlanId>,
    hasher: DefaultHashBuilder,
    last: PlanId,
}

#[derive(Debug)]
struct Entry {
    plan: Arc<Plan>,
    waiters: usize,
}

impl Plans {
    /// How many have a plan.
    pub(super) fn waiters(&self, id: PlanId) -> usize {
        self.by_id.get(&id).map_or(0, |entry| entry.waiters)
    }

    /// One more has this plan: the plan, and whether it is the first to have it.
    pub(super) fn take(&mut self, wants: &Wants) -> (Arc<Plan>, bool) {
        let hash = self.hasher.hash_one(wants);
        let same = |id: &PlanId| self.by_id[id].plan.wants == *wants;
        let known = self.by_wants.find(hash, same).copied();
        if let Some(entry) = known.and_then(|id| self.by_id.get_mut(&id)) {
            entry.waiters += 1;
            return (Arc::clone(&entry.plan), false);
        }
        self.last += 1;
        let plan = Arc::new(Plan {
            id: self.last,
            wants: wants.clone(),
            line: wants.line(),
        });
        let entry = Entry {
            plan: Arc::clone(&plan),
            waiters: 1,
        };
        self.by_id.insert(plan.id, entry);
        let (hasher, by_id) = (&self.hasher, &self.by_id);
        let rehash = |id: &PlanId| hasher.hash_one(&by_id[id].plan.wants);
        self.by_wants.insert_unique(hash, plan.id, rehash);
        (plan, true)
    }

    /// One fewer has it. Whether it was the last.
    pub(super) fn drop(&mut self, plan: &Plan) -> bool {
        let Some(entry) = self.by_id.get_mut(&plan.id) else {
            return false;
        };
        entry.waiters -= 1;
        if entry.waiters > 0 {
            return false;
        }
        self.by_id.remove(&plan.id);
        let hash = self.hasher.hash_one(&plan.wants);
        if let Ok(entry) = self.by_wants.find_entry(hash, |id| *id == plan.id) {
            entry.remove();
        }
        true
    }
}
