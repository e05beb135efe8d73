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
    pub(crate) all: Arc<[Wanted]>,
    pub(crate) any: Arc<[Wanted]>,
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

    fn of_any(any: &[Wanted]) -> Self {
        Self::new(any.iter().map(|wanted| Arc::clone(&wanted.key)).collect())
    }

    fn of_all(all: &[Wanted]) -> Self {
        let first = all.first().map(|wanted| Arc::clone(&wanted.key));
        Self::new(first.into_iter().collect())
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

/// A set of keys that some plans have in common.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(crate) id: SetId,
    pub(crate) wanted: Arc<[Wanted]>,
    /// Where those stand who take one of it, or who want nothing but it.
    line: LineName,
}

pub(crate) type SetId = u64;

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) id: PlanId,
    pub(crate) wants: Wants,
    /// Where those stand who have it.
    pub(crate) line: LineName,
    /// Of `all` and of `any`.
    sets: [SetId; 2],
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
            all: Arc::from([]),
            any: Arc::from([wanted]),
        }
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Wanted> {
        self.all.iter().chain(&*self.any)
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
        match &*self.any {
            [] => LineName::of_all(&self.all),
            any => LineName::of_any(any),
        }
    }
}

/// All plans that somebody has. Equal sets of keys are kept once, whatever else their plans want.
#[derive(Debug, Default)]
pub(super) struct Plans {
    by_id: HashMap<PlanId, Entry>,
    by_wants: HashTable<PlanId>,
    all: HashMap<Arc<[Wanted]>, Set>,
    any: HashMap<Arc<[Wanted]>, Set>,
    /// How many have a plan with this set.
    waiters: HashMap<SetId, usize>,
    hasher: DefaultHashBuilder,
    last: u64,
}

#[derive(Debug)]
struct Entry {
    plan: Arc<Plan>,
    waiters: usize,
}

impl Plans {
    /// How many have a plan with this set.
    pub(super) fn waiters(&self, set: SetId) -> usize {
        self.waiters.get(&set).copied().unwrap_or(0)
    }

    /// The plan of those who want this, if somebody has it.
    pub(super) fn find(&self, wants: &Wants) -> Option<&Arc<Plan>> {
        let same = |id: &PlanId| self.by_id[id].plan.wants == *wants;
        let hash = self.hasher.hash_one(wants);
        let id = self.by_wants.find(hash, same)?;
        self.by_id.get(id).map(|entry| &entry.plan)
    }

    /// One more has the plan of those who want this. With it, the sets that nobody had. `shared` is a name as it is kept.
    pub(super) fn take(
        &mut self,
        wants: &Wants,
        shared: impl Fn(&Arc<KeyName>) -> Arc<KeyName>,
    ) -> (Arc<Plan>, Vec<Set>) {
        let known = self.find(wants).cloned();
        let (plan, new) = match known {
            Some(plan) => (plan, Vec::new()),
            None => self.make(wants, shared),
        };
        if let Some(entry) = self.by_id.get_mut(&plan.id) {
            entry.waiters += 1;
        }
        for set in plan.sets {
            *self.waiters.entry(set).or_default() += 1;
        }
        (plan, new)
    }

    /// One fewer has it. The sets that nobody has any more.
    pub(super) fn drop(&mut self, plan: &Plan) -> Vec<Set> {
        let Some(entry) = self.by_id.get_mut(&plan.id) else {
            return Vec::new();
        };
        entry.waiters -= 1;
        if entry.waiters == 0 {
            self.by_id.remove(&plan.id);
            let hash = self.hasher.hash_one(&plan.wants);
            if let Ok(entry) = self.by_wants.find_entry(hash, |id| *id == plan.id) {
                entry.remove();
            }
        }
        let mut gone = Vec::new();
        let [all, any] = plan.sets;
        if self.leave_set(all) {
            gone.extend(self.all.remove(&plan.wants.all));
        }
        if self.leave_set(any) {
            gone.extend(self.any.remove(&plan.wants.any));
        }
        gone
    }

    fn make(
        &mut self,
        wants: &Wants,
        shared: impl Fn(&Arc<KeyName>) -> Arc<KeyName>,
    ) -> (Arc<Plan>, Vec<Set>) {
        let before = self.last;
        let all = keep(
            &mut self.all,
            &mut self.last,
            &wants.all,
            &shared,
            LineName::of_all,
        );
        let any = keep(
            &mut self.any,
            &mut self.last,
            &wants.any,
            &shared,
            LineName::of_any,
        );
        let new = [&all, &any].into_iter().filter(|set| set.id > before);
        let new = new.cloned().collect();
        self.last += 1;
        let line = if any.wanted.is_empty() {
            all.line
        } else {
            any.line
        };
        let plan = Arc::new(Plan {
            id: self.last,
            line,
            sets: [all.id, any.id],
            wants: Wants {
                form: wants.form,
                all: all.wanted,
                any: any.wanted,
            },
        });
        let entry = Entry {
            plan: Arc::clone(&plan),
            waiters: 0,
        };
        self.by_id.insert(plan.id, entry);
        let (hasher, by_id) = (&self.hasher, &self.by_id);
        let hash = hasher.hash_one(&plan.wants);
        let rehash = |id: &PlanId| hasher.hash_one(&by_id[id].plan.wants);
        self.by_wants.insert_unique(hash, plan.id, rehash);
        (plan, new)
    }

    /// Whether nobody has it any more.
    fn leave_set(&mut self, set: SetId) -> bool {
        let Some(waiters) = self.waiters.get_mut(&set) else {
            return false;
        };
        *waiters -= 1;
        let is_over = *waiters == 0;
        if is_over {
            self.waiters.remove(&set);
        }
        is_over
    }
}

/// The set as it is kept.
fn keep(
    sets: &mut HashMap<Arc<[Wanted]>, Set>,
    last: &mut SetId,
    wanted: &Arc<[Wanted]>,
    shared: impl Fn(&Arc<KeyName>) -> Arc<KeyName>,
    line: impl Fn(&[Wanted]) -> LineName,
) -> Set {
    if let Some(set) = sets.get(wanted) {
        return set.clone();
    }
    let wanted = wanted.iter().map(|wanted| Wanted {
        key: shared(&wanted.key),
        ..wanted.clone()
    });
    let wanted: Arc<[Wanted]> = wanted.collect();
    *last += 1;
    let set = Set {
        id: *last,
        line: line(&wanted),
        wanted: Arc::clone(&wanted),
    };
    sets.insert(wanted, set.clone());
    set
}
