//! The first step: who asks? Decided from memory alone; unknown, disabled and malformed keys get the same answer.

use std::sync::Arc;

use hyper::{
    header::{AUTHORIZATION, HeaderValue},
    http::request::Parts,
};

use crate::{
    allowance::Allowance,
    app::App,
    dialect::Dialect,
    gate::Gate,
    group::Group,
    key::{Key, KeyTable},
    provider::Api,
    roster::{Roster, Served},
    route::Work,
    time::UnixMillis,
};

/// A caller whose key is good.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) key: Arc<Key>,
    /// Those accounts of the key's group that can serve the request.
    pub(crate) group: Arc<Group>,
    /// The same of the key's other group, where it has one.
    pub(crate) fallback: Option<Arc<Group>>,
    /// Of the roster that these are of.
    pub(crate) edition: u64,
    /// What all keys of its user, and of its group, may use together; none where that has no limits.
    shared: [Option<Arc<Allowance>>; 2],
}

impl Caller {
    /// Whom no limits hold for but the key's.
    pub(crate) fn alone(key: Arc<Key>, group: &Arc<Group>) -> Self {
        Self {
            key,
            group: Arc::clone(group),
            fallback: None,
            edition: 0,
            shared: [None, None],
        }
    }

    /// By the accounts, groups and users of now.
    pub(crate) fn of(
        roster: &Roster,
        key: Arc<Key>,
        (work, dialect): (Work, Dialect),
    ) -> Result<Self, Unauthorized> {
        // Before what it counts: what changes in between is seen again.
        let edition = roster.edition();
        let served = roster.served();
        let fallback = key.fallback_group.as_deref();
        let fallback = fallback.and_then(|group| served.groups.get(group)?.serving(work, dialect));
        let group = match (serving(&served, &key.group, (work, dialect)), fallback) {
            (Ok(group), _) | (Err(_), Some(group)) => group,
            (Err(error), None) => return Err(error),
        };
        let user = key.rules.user.as_deref();
        Ok(Self {
            group: Arc::clone(group),
            fallback: fallback.cloned(),
            edition,
            shared: [
                user.and_then(|user| served.shared.of_user(user)),
                served.shared.of_group(&key.group),
            ],
            key,
        })
    }

    /// Whether any account that may serve its requests has what one is for.
    pub(crate) fn has_who_serves(&self, work: Work, dialect: Dialect) -> bool {
        let both = [Some(&self.group), self.fallback.as_ref()];
        let mut upstreams = both.into_iter().flatten().flat_map(|one| &one.upstreams);
        upstreams.any(|upstream| upstream.account.serves(work, dialect))
    }

    /// A slot of each of these is needed: how many they are, the key's first. Without a place on the heap.
    pub(crate) fn gates(&self) -> ([&Arc<Gate>; 3], usize) {
        let mut gates = [&self.key.gate; 3];
        let all = self.allowances().filter_map(|one| one.gate.as_ref());
        let mut count = 0;
        for (place, gate) in gates.iter_mut().zip(all) {
            *place = gate;
            count += 1;
        }
        (gates, count)
    }

    /// Whose limits hold for it.
    pub(crate) fn allowances(&self) -> impl Iterator<Item = &Allowance> {
        let shared = self.shared.iter().flatten();
        std::iter::once(&self.key.allowance).chain(shared.map(|one| &**one))
    }
}

/// Why nobody is let in. The caller's fault, except for what is missing on the relay.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unauthorized {
    #[error(
        "no key of this relay was given: send it as x-api-key, as Authorization: Bearer or as x-goog-api-key"
    )]
    NoKey,
    #[error("this key is not valid here")]
    UnknownKey,
    #[error("the group of this key has no accounts on this relay")]
    NoGroup,
    #[error("the group of this key has no account that speaks {api}'s API, which this route needs")]
    NoAccount { api: Api },
}

/// Whose request it is.
pub(crate) fn authenticate(
    app: &App,
    head: &Parts,
    dialect: Dialect,
    now: UnixMillis,
) -> Result<Arc<Key>, Unauthorized> {
    find(&app.keys, head, dialect.api(), now)
}

fn serving<'s>(
    served: &'s Served,
    group: &str,
    (work, dialect): (Work, Dialect),
) -> Result<&'s Arc<Group>, Unauthorized> {
    let sides = served.groups.get(group).ok_or(Unauthorized::NoGroup)?;
    let api = dialect.api();
    sides
        .serving(work, dialect)
        .ok_or(Unauthorized::NoAccount { api })
}

/// Clients that are given a key in several places may hold an old one in any.
fn find(
    keys: &KeyTable,
    head: &Parts,
    api: Api,
    now: UnixMillis,
) -> Result<Arc<Key>, Unauthorized> {
    let plain = |name| head.headers.get(name).map(HeaderValue::as_bytes);
    let in_query = match api {
        Api::Gemini => head.uri.query().and_then(key_of_query),
        Api::Anthropic | Api::OpenAi => None,
    };
    let given = [
        plain("x-api-key"),
        head.headers.get(AUTHORIZATION).and_then(bearer),
        plain("x-goog-api-key"),
        in_query,
    ];
    if given.iter().all(Option::is_none) {
        return Err(Unauthorized::NoKey);
    }
    given
        .into_iter()
        .flatten()
        .find_map(|text| keys.find(text, now))
        .ok_or(Unauthorized::UnknownKey)
}

fn bearer(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, text) = value.as_bytes().split_at_checked("bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| text.trim_ascii())
}

fn key_of_query(query: &str) -> Option<&[u8]> {
    let mut pairs = query.split('&');
    pairs.find_map(|pair| pair.strip_prefix("key=").map(str::as_bytes))
}
