//! Groups: which accounts serve which keys, and under which other names models are asked for there.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use crate::{
    attempts::Attempts,
    choice::{Candidate, Nobody, eligible},
    config::GroupConfig,
    forward::Upstream,
    models::pairs,
    resting::Resting,
    store::names,
    time::UnixMillis,
};

/// A set of accounts of one provider.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) upstreams: Vec<Arc<Upstream>>,
    /// The key in Redis under which is known which of them has which conversation.
    pub(crate) affinity: Box<str>,
    aliases: HashMap<Box<str>, Box<str>>,
    next: AtomicUsize,
}

/// What is wanted of an account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) model: Option<&'a str>,
    /// The place of the one that has what is continued.
    pub(crate) only: Option<usize>,
    /// By those that have been tried it is not wanted.
    pub(crate) attempts: &'a Attempts,
}

impl Group {
    pub(crate) fn new(config: &GroupConfig, upstreams: Vec<Arc<Upstream>>) -> Self {
        let aliases = pairs(&config.aliases).map(|(alias, model)| (alias.into(), model.into()));
        Self {
            upstreams,
            affinity: names::affinity(&config.id).into(),
            aliases: aliases.collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// The model that is meant by a name.
    pub(crate) fn model<'m>(&'m self, name: &'m str) -> &'m str {
        self.aliases.get(name).map_or(name, |model| model)
    }

    /// The places of the accounts that may serve it now.
    pub(crate) fn eligible(
        &self,
        wanted: Wanted<'_>,
        resting: &Resting,
        now: UnixMillis,
    ) -> Result<Vec<usize>, Nobody> {
        let Wanted {
            model,
            only,
            attempts,
        } = wanted;
        let candidate = |(place, upstream): (usize, &Arc<Upstream>)| {
            let account = &upstream.account;
            if only.is_some_and(|only| only != place) {
                return Candidate::LacksPart;
            }
            if attempts.includes(place) {
                return Candidate::Tried;
            }
            match model.is_none_or(|model| account.models.called(model).is_some()) {
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
