//! The fourth step: where an account wants users' own messages one at a time and spaced, the right to send this one.

use std::time::Duration;

use crate::{
    account::Account,
    app::App,
    gate::likely_free,
    permit::Permit,
    read::{Facts, LastMessage},
    route::Work,
    store::{StoreError, TurnReply},
};

/// Why it is not this request's turn. A limit of the relay, or its store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoTurn {
    /// How long is exact.
    #[error("the account takes its next message in {} ms", retry.as_millis())]
    Early { retry: Duration },
    /// How long is likely.
    #[error("the account is taking another message right now")]
    Busy { retry: Duration },
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) async fn take_turn(
    app: &App,
    work: Work,
    facts: &Facts,
    account: &Account,
    permit: &mut Permit,
) -> Result<(), NoTurn> {
    let (Some(turn), Work::Generate, LastMessage::UsersOwn) = (&account.turn, work, facts.last)
    else {
        return Ok(());
    };
    permit.expect_turn(turn);
    let reply = app.store.acquire_turn(turn, permit.id(), app.lease).await?;
    if reply == TurnReply::Granted {
        permit.turn_granted();
        return Ok(());
    }
    permit.turn_refused();
    match reply {
        TurnReply::Granted => Ok(()),
        TurnReply::Early { wait } => Err(NoTurn::Early { retry: wait }),
        TurnReply::Busy => {
            let held = turn.held.mean() + turn.delay;
            Err(NoTurn::Busy {
                retry: likely_free(held, 1, permit.id().spread()),
            })
        }
    }
}
