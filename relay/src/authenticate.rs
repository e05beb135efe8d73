//! The first step: who asks? Decided from memory alone; unknown, disabled and malformed keys get the same answer.

use std::sync::Arc;

use hyper::header::{AUTHORIZATION, HeaderMap};

use crate::{
    app::App,
    group::Group,
    key::{Key, KeyTable},
};

/// A caller whose key is good.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) key: Arc<Key>,
    pub(crate) group: Arc<Group>,
}

/// Why nobody is let in. The caller's fault, except for a group that is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unauthorized {
    #[error("no key of this relay was given: send it as x-api-key or as Authorization: Bearer")]
    NoKey,
    #[error("this key is not valid here")]
    UnknownKey,
    #[error("the group of this key has no accounts on this relay")]
    NoGroup,
}

pub(crate) fn authenticate(app: &App, headers: &HeaderMap) -> Result<Caller, Unauthorized> {
    let key = find(&app.keys, headers)?;
    let group = app.groups.get(&*key.group).ok_or(Unauthorized::NoGroup)?;
    Ok(Caller {
        group: Arc::clone(group),
        key,
    })
}

/// Clients that are given a key in two places may hold an old one in either.
fn find(keys: &KeyTable, headers: &HeaderMap) -> Result<Arc<Key>, Unauthorized> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, text) = value.as_bytes().split_at_checked("bearer ".len())?;
        scheme
            .eq_ignore_ascii_case(b"bearer ")
            .then(|| text.trim_ascii())
    });
    let own = headers.get("x-api-key").map(|value| value.as_bytes());
    let given = [own, bearer];
    if given.iter().all(Option::is_none) {
        return Err(Unauthorized::NoKey);
    }
    given
        .into_iter()
        .flatten()
        .find_map(|text| keys.find(text))
        .ok_or(Unauthorized::UnknownKey)
}
