//! What somebody waits for: every key of `all` and one of `any`. Equal plans are kept once, whoever has them. Pure.

use std::hash::{BuildHasher, Hash, Hasher};
use std::ptr;
use std::sync::{Arc, LazyLock};

use hashbrown::hash_map::Entry;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::line::name::{Family, KeyName};

/// One of the keys that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub(crate) key: KeyName,
    /// Whether it named no limit for this gate: then none holds it back.
    pub(crate) unlimited: bool,
    /// Among `any`, the lower is taken first.
    pub(crate) priority: i64,
}

impl Wanted {
    /// With its name as it is kept.
    fn shared(&self, shared: impl Fn(&KeyName) -> KeyName) -> Self {
        let key = shared(&self.key);
        Self { key, ..*self }
    }
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
    pub(crate) any: Arc<[Wanted]>,
}

/// The keys of which those in one line take one, in order of their names.
#[derive(Clone, Debug)]
pub(crate) struct LineName(Arc<LineKeys>);

#[derive(Debug)]
struct LineKeys {
    keys: Box<[KeyName]>,
    /// Of all keys: there may be many, and lines are looked up often.
    digest: u64,
}

impl LineName {
    pub(crate) fn one(key: &KeyName) -> Self {
        Self::new(vec![key.clone()])
    }

    fn of_any(any: &[Wanted]) -> Self {
        Self::new(any.iter().map(|wanted| wanted.key.clone()).collect())
    }

    fn of_all(all: &[Wanted]) -> Self {
        let first = all.first().map(|wanted| wanted.key.clone());
        Self::new(first.into_iter().collect())
    }

    fn new(mut keys: Vec<KeyName>) -> Self {
        keys.sort_unstable();
        let digest = DIGEST.hash_one(&keys);
        let keys = keys.into();
        Self(Arc::new(LineKeys { keys, digest }))
    }

    pub(crate) fn keys(&self) -> &[KeyName] {
        &self.0.keys
    }

    pub(crate) fn contains(&self, key: &KeyName) -> bool {
        let keys = self.keys();
        keys.binary_search_by(|own| own.cmp(key)).is_ok()
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

/// Names a plan while somebody has it: equal plans are one.
pub(crate) type PlanId = usize;

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) wants: Wants,
    /// Where those stand who have it.
    pub(crate) line: LineName,
}

impl Plan {
    pub(crate) fn id(&self) -> PlanId {
        ptr::from_ref(self).addr()
    }

    /// The keys that it names although who stands in this line need not.
    pub(super) fn keys_beside(&self, line: &LineName) -> impl Iterator<Item = &KeyName> {
        let any = if *line == self.line {
            &[]
        } else {
            &*self.wants.any
        };
        let keys = self.wants.all.iter().chain(any).map(|wanted| &wanted.key);
        keys.filter(|key| !line.contains(key))
    }
}

impl Wants {
    /// A turn, or one gate.
    pub(crate) fn one(key: KeyName, unlimited: bool) -> Self {
        let wanted = Wanted {
            key,
            unlimited,
            priority: 0,
        };
        Self {
            form: Form::Acquire,
            all: Box::from([]),
            any: Arc::from([wanted]),
        }
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Wanted> {
        self.all.iter().chain(&*self.any)
    }

    pub(crate) fn family(&self) -> Family {
        self.some_key().map_or(Family::Gate, |key| key.family())
    }

    /// One of its keys; all are of one family and in one database.
    pub(crate) fn some_key(&self) -> Option<&KeyName> {
        self.keys().map(|wanted| &wanted.key).next()
    }

    pub(crate) fn names(&self, key: &KeyName) -> bool {
        self.keys().any(|wanted| wanted.key == *key)
    }
}

/// All plans that somebody has, and what they want one of: each once, whatever else they want.
#[derive(Debug, Default)]
pub(super) struct Plans {
    plans: HashTable<Kept>,
    pools: HashMap<Arc<[Wanted]>, Pool>,
    hasher: DefaultHashBuilder,
}

#[derive(Debug)]
struct Kept {
    plan: Arc<Plan>,
    waiters: usize,
}

/// One of which some want one.
#[derive(Debug)]
struct Pool {
    line: LineName,
    plans: usize,
}

impl Plans {
    /// Where those stand who want one of several, or who cannot do without the first of these.
    pub(super) fn line(&self, wants: &Wants) -> LineName {
        if wants.any.is_empty() {
            return LineName::of_all(&wants.all);
        }
        let pool = self.pools.get(&wants.any);
        pool.map_or_else(|| LineName::of_any(&wants.any), |pool| pool.line.clone())
    }

    /// One more has the plan of those who want this. `shared` is a name as it is kept.
    pub(super) fn take(
        &mut self,
        mut wants: Wants,
        shared: impl Fn(&KeyName) -> KeyName,
    ) -> Arc<Plan> {
        let pool = self.pools.get_key_value(&wants.any);
        wants.any = match pool {
            Some((any, _)) => Arc::clone(any),
            None => wants
                .any
                .iter()
                .map(|wanted| wanted.shared(&shared))
                .collect(),
        };
        let hash = hash(&self.hasher, &wants);
        let same = |kept: &Kept| kept.plan.wants == wants;
        if let Some(kept) = self.plans.find_mut(hash, same) {
            kept.waiters += 1;
            return Arc::clone(&kept.plan);
        }
        wants.all = wants
            .all
            .iter()
            .map(|wanted| wanted.shared(&shared))
            .collect();
        self.keep(hash, wants)
    }

    /// One fewer has it.
    pub(super) fn drop(&mut self, plan: &Arc<Plan>) {
        let hash = hash(&self.hasher, &plan.wants);
        let same = |kept: &Kept| Arc::ptr_eq(&kept.plan, plan);
        let Ok(mut entry) = self.plans.find_entry(hash, same) else {
            return;
        };
        entry.get_mut().waiters -= 1;
        if entry.get().waiters > 0 {
            return;
        }
        entry.remove();
        if let Entry::Occupied(mut pool) = self.pools.entry(Arc::clone(&plan.wants.any)) {
            pool.get_mut().plans -= 1;
            if pool.get().plans == 0 {
                pool.remove();
            }
        }
    }

    /// A new plan, that somebody has.
    fn keep(&mut self, wants_hash: u64, wants: Wants) -> Arc<Plan> {
        let line = self.line(&wants);
        let pool = self.pools.entry(Arc::clone(&wants.any));
        let pool = pool.or_insert_with(|| Pool {
            line: line.clone(),
            plans: 0,
        });
        pool.plans += 1;
        let plan = Arc::new(Plan { wants, line });
        let kept = Kept {
            plan: Arc::clone(&plan),
            waiters: 1,
        };
        let hasher = &self.hasher;
        let rehash = |kept: &Kept| hash(hasher, &kept.plan.wants);
        self.plans.insert_unique(wants_hash, kept, rehash);
        plan
    }
}

/// Of what is kept: then what is wanted one of is known by where it is.
fn hash(hasher: &DefaultHashBuilder, wants: &Wants) -> u64 {
    hasher.hash_one((wants.form, &wants.all, wants.any.as_ptr().addr()))
}
