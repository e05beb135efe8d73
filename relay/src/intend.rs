//! Before anything goes upstream it is said in Redis, so that another relay can book the request should this one die. It
//! is said with the last thing that the request asks for: while it waits in a line, nothing has gone upstream, and that
//! is what is said.

use crate::{
    books::Expected,
    call::Call,
    intent::{Intent, Stage},
    models::written,
    purse::Purse,
    read::Asked,
    store::Saying,
    time::UnixMillis,
    turn::wants_turn,
};

pub(crate) fn saying(call: &Call, asked: &Asked, expected: &Expected, purses: &[Purse]) -> Saying {
    let upstreams = &call.caller.group.upstreams;
    let account = match upstreams.as_slice() {
        [only] => Some(only.account.id.clone()),
        _ => None,
    };
    let key = &call.caller.key;
    let intent = Intent {
        key: key.id.clone(),
        user: key.rules.user.as_deref().map(Box::from),
        group: key.group.clone(),
        account,
        at: UnixMillis::now(),
        estimate: expected.estimate,
        cost: expected.cost,
        purses: purses.into(),
        counted_as: expected.counted_as.clone(),
        model: asked
            .facts
            .model
            .as_deref()
            .map(|name| written(name).into()),
    };
    Saying::new(call.id, intent)
}

/// How far a request comes by being admitted: a turn may have to be asked for after it.
pub(crate) fn when_admitted(call: &Call, asked: &Asked) -> Stage {
    let mut upstreams = call.caller.group.upstreams.iter();
    let may_want_turn =
        wants_turn(call, &asked.facts) && upstreams.any(|one| one.account.turn.is_some());
    match may_want_turn {
        true => Stage::Waits,
        false => Stage::Goes,
    }
}
