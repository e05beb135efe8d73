//! What operators have changed while a request waits: it is served by the accounts that its group has by then, and under the
//! limits of then, as one that comes now would be. What its model is called, and what was taken of rates, stays. Once an
//! account has had it, it goes on with those that it came for.

use std::sync::Arc;

use crate::{
    app::App, attempts::Attempts, authenticate::Caller, call::Call, error::Error,
    interpret::interpret, pin::pin_to, read::Asked,
};

/// Fails where nobody is left who could serve it.
pub(crate) async fn catch_up(
    app: &App,
    call: &mut Call,
    asked: &Asked,
    attempts: &Attempts,
) -> Result<(), Error> {
    let edition = app.roster.edition();
    if call.caller.edition == edition {
        return Ok(());
    }
    if !attempts.is_empty() {
        call.caller.edition = edition;
        return Ok(());
    }
    let key = Arc::clone(&call.caller.key);
    let caller = Caller::of(&app.roster, key, (call.work, call.dialect))?;
    let before = std::mem::replace(&mut call.caller, caller).group;
    let both = [Some(&call.caller.group), call.caller.fallback.as_ref()];
    let same = both.into_iter().flatten().find(|one| one.is_also(&before));
    if let Some(same) = same.cloned() {
        call.caller.group = same;
    }
    if call.caller.group.has_those_of(&before) {
        return Ok(());
    }
    if let Some(place) = call.pinned {
        pin_to(&before.upstreams[place].account.id, call)?;
    }
    call.kind = None;
    interpret(app, call, asked).await
}
