//! Groups: which accounts serve which keys, and under which other names models are asked for there.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use crate::{
    attempts::Attempts,
    choice::{Candidate, Nobody, eligible},
    config::GroupConfig,
    dialect::Dialect,
    forward::Upstream,
    models::pairs,
    provider::Api,
    resting::Resting,
    route::Work,
    store::names,
    time::UnixMillis,
};

/// A set of accounts as its keys see it: by what they ask for.
#[derive(Debug, Default)]
pub(crate) struct Sides {
    /// Those of one API each, who speak what their callers speak.
    of_api: HashMap<Api, Arc<Group>>,
    /// The same with those that serve a dialect in other words, where there are any.
    translated: HashMap<Dialect, Arc<Group>>,
}

/// Those accounts of a set that can serve a request.
#[derive(Debug)]
pub(crate) struct Group {
    /// Those that speak what the caller does come first.
    pub(crate) upstreams: Vec<Arc<Upstream>>,
    /// Whether there are others.
    pub(crate) translates: Translates,
    /// The key in Redis under which is known which of them has which conversation.
    pub(crate) affinity: Box<str>,
    aliases: HashMap<Box<str>, Box<str>>,
    next: AtomicUsize,
}

/// Whether some of a group's accounts have to be asked in other words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Translates {
    Some,
    None,
}

/// What is wanted of an account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) work: Work,
    pub(crate) dialect: Dialect,
    /// What is spoken with those that have what is continued, where those of one of several kinds have.
    pub(crate) kind: Option<Dialect>,
    pub(crate) model: Option<&'a str>,
    /// The place of the one that has what is continued.
    pub(crate) only: Option<usize>,
    /// By those that have been tried it is not wanted.
    pub(crate) attempts: &'a Attempts,
}

impl Sides {
    pub(crate) fn new(config: &GroupConfig, upstreams: &[Arc<Upstream>]) -> Self {
        let group = |of: Vec<Arc<Upstream>>, translates| {
            (!of.is_empty()).then(|| Arc::new(Group::new(config, of, translates)))
        };
        let native = |api: Api| {
            let upstreams = upstreams.iter();
            upstreams.filter(move |upstream| upstream.account.provider.api() == api)
        };
        let translated = |dialect: Dialect| {
            let is_other = |upstream: &&Arc<Upstream>| {
                let account = &upstream.account;
                account.translation(Work::Generate, dialect).is_some()
            };
            let others: Vec<_> = upstreams.iter().filter(is_other).collect();
            if others.is_empty() {
                return None;
            }
            let natives = native(dialect.api()).filter(|upstream| !is_other(upstream));
            let all = natives.chain(others).cloned().collect();
            Some((dialect, group(all, Translates::Some)?))
        };
        let of_api = Api::ALL.into_iter().filter_map(|api| {
            let native = native(api).cloned().collect();
            Some((api, group(native, Translates::None)?))
        });
        Self {
            of_api: of_api.collect(),
            translated: Dialect::ALL.into_iter().filter_map(translated).collect(),
        }
    }

    /// Who can serve such a request.
    pub(crate) fn serving(&self, work: Work, dialect: Dialect) -> Option<&Arc<Group>> {
        let translated = match work {
            Work::Generate => self.translated.get(&dialect),
            _ => None,
        };
        translated.or_else(|| self.of_api.get(&dialect.api()))
    }
}

impl Group {
    fn new(config: &GroupConfig, upstreams: Vec<Arc<Upstream>>, translates: Translates) -> Self {
        let aliases = pairs(&config.aliases).map(|(alias, model)| (alias.into(), model.into()));
        Self {
            upstreams,
            translates,
            affinity: names::affinity(&config.id).into(),
            aliases: aliases.collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// The models that it and its accounts name, in the order of the alphabet; those that are known by a beginning alone are
    /// not among them.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        let models = self.upstreams.iter();
        let models = models.flat_map(|upstream| upstream.account.models.names());
        let aliases = self.aliases.keys().map(|alias| &**alias);
        models.chain(aliases).collect()
    }

    /// The model that is meant by a name.
    pub(crate) fn model<'m>(&'m self, name: &'m str) -> &'m str {
        self.aliases.get(name).map_or(name, |model| model)
    }

    /// Whether it is the group of this name, whatever accounts it has.
    pub(crate) fn is_also(&self, other: &Self) -> bool {
        self.affinity == other.affinity
    }

    /// Whether it has the same accounts in the same places.
    pub(crate) fn has_those_of(&self, other: &Self) -> bool {
        let pairs = self.upstreams.iter().zip(&other.upstreams);
        let is_same = |(one, other): (&Arc<Upstream>, &Arc<Upstream>)| Arc::ptr_eq(one, other);
        self.upstreams.len() == other.upstreams.len() && pairs.into_iter().all(is_same)
    }

    /// The place of the account of this name.
    pub(crate) fn place_of(&self, account: &str) -> Option<usize> {
        let is_it = |upstream: &Arc<Upstream>| *upstream.account.id == *account;
        self.upstreams.iter().position(is_it)
    }

    /// The places of the accounts that may serve it now.
    pub(crate) fn eligible(
        &self,
        wanted: Wanted<'_>,
        resting: &Resting,
        now: UnixMillis,
    ) -> Result<Vec<usize>, Nobody> {
        let Wanted {
            work,
            dialect,
            kind,
            model,
            only,
            attempts,
        } = wanted;
        let candidate = |(place, upstream): (usize, &Arc<Upstream>)| {
            let account = &upstream.account;
            let others = kind.is_some_and(|kind| kind != account.spoken(work, dialect));
            if others || only.is_some_and(|only| only != place) {
                return Candidate::LacksPart;
            }
            if attempts.includes(place) {
                return Candidate::Tried;
            }
            let translation = account.translation(work, dialect);
            let has_model = || {
                let called = |model| account.called(model, translation);
                model.is_none_or(|model| called(model).is_some())
            };
            let serves = translation.is_some() || account.serves(work, dialect);
            match serves && has_model() {
                true if !account.standing.is_open() => Candidate::Closed,
                true => Candidate::Serves(resting.state(&account.id, model, now)),
                false => Candidate::LacksModel,
            }
        };
        let candidates: Vec<Candidate> = self.upstreams.iter().enumerate().map(candidate).collect();
        eligible(&candidates)
    }

    /// One of them, another one each time.
    pub(crate) fn rotate(&self, places: &[usize]) -> usize {
        places[self.next.fetch_add(1, Relaxed) % places.len()]
    }
}
