//! A key's other group: its accounts serve what none of its own group can at the moment at which the request comes. A
//! request that continues what an account has made goes to that one (`pin.rs`), and is not led elsewhere by this.

use std::sync::Arc;

use crate::{
    app::App,
    attempts::Attempts,
    authenticate::Caller,
    dialect::Dialect,
    group::{Group, Wanted},
    read::Facts,
    route::Work,
    time::UnixMillis,
};

pub(crate) fn fall_back(
    app: &App,
    caller: &mut Caller,
    (work, dialect): (Work, Dialect),
    facts: &Facts,
    now: UnixMillis,
) {
    let Some(fallback) = caller.fallback.as_ref().filter(|_| facts.pins.is_empty()) else {
        return;
    };
    let serves = |group: &Group| {
        let wanted = Wanted {
            work,
            dialect,
            kind: None,
            model: facts.model.as_deref().map(|name| group.model(name)),
            only: None,
            attempts: &Attempts::default(),
        };
        group.eligible(wanted, &app.resting, now).is_ok()
    };
    if !serves(&caller.group) && serves(fallback) {
        caller.group = Arc::clone(fallback);
    }
}
