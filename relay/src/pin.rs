//! Which account has to serve a request, because it made what the request continues. Nobody is served what was made for
//! another key: of that nothing is known here.

use std::sync::Arc;

use crate::{app::App, call::Call, pins::Named, store::StoreError};

/// More than any conversation names.
const MOST: usize = 4_096;

/// Why no account can serve what a request continues. The caller's fault, or nobody's, or that of the store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unpinned {
    #[error("{0} not found.")]
    Unknown(Named),
    #[error("the account that has what this request continues is not there any more: begin anew")]
    Gone,
    #[error("this request continues what different accounts have")]
    Divided,
    #[error("this request names more than {MOST} items")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reasoning that nobody knows may go to any account: its provider is to judge.
pub(crate) async fn pin(app: &App, call: &mut Call) -> Result<(), Unpinned> {
    let (pins, group) = (&call.pins, &call.caller.group);
    let is_alone = group.upstreams.len() == 1 && call.caller.fallback.is_none();
    if pins.named.is_empty() && (pins.reasoning.is_none() || is_alone) {
        return Ok(());
    }
    let marks = pins.marks();
    if marks.len() > MOST {
        return Err(Unpinned::TooMany);
    }
    let makers = app.store.makers(&call.caller.key.id, &marks).await?;
    let (of_named, of_reasoning) = makers.split_at(pins.named.len());
    let mut maker = None;
    for (named, account) in pins.named.iter().zip(of_named) {
        let account = account.as_deref();
        let account = account.ok_or_else(|| Unpinned::Unknown(named.clone()))?;
        if *maker.get_or_insert(account) != account {
            return Err(Unpinned::Divided);
        }
    }
    let of_reasoning = of_reasoning.iter().flatten().next();
    let Some(maker) = maker.or(of_reasoning.map(String::as_str)) else {
        return Ok(());
    };
    pin_to(maker, call)
}

/// In whichever of the key's groups it is.
pub(crate) fn pin_to(maker: &str, call: &mut Call) -> Result<(), Unpinned> {
    let both = [Some(&call.caller.group), call.caller.fallback.as_ref()];
    let found = both.into_iter().flatten().find_map(|group| {
        let place = group.place_of(maker)?;
        Some((Arc::clone(group), place))
    });
    let (group, place) = found.ok_or(Unpinned::Gone)?;
    call.caller.group = group;
    call.pinned = Some(place);
    Ok(())
}
