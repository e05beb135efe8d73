//! The fourth step: where an account wants users' own messages one at a time and spaced, the right to send this one. Who
//! finds the turn taken waits in its line.

use std::time::Duration;

use crate::{
    account::Account,
    app::App,
    call::Call,
    gate::{Turn, likely_free},
    line::{self, End},
    permit::Permit,
    read::{Facts, LastMessage},
    route::Work,
    store::{Saying, StoreError, TurnAsking},
};

/// Why it is not this request's turn. A limit of the relay, or its store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoTurn {
    /// How long is exact.
    #[error("the account takes its next message in {} ms", retry.as_millis())]
    Early { retry: Duration },
    /// How long is likely.
    #[error("the account is taking other messages first")]
    Busy { retry: Duration },
    #[error("as many requests as may wait for the account's turn are waiting already")]
    LineFull { retry: Duration },
    #[error("an operator took this request out of the line")]
    Cancelled,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NoTurn {
    /// Whether it is others' messages that stand in the way.
    pub(crate) fn is_busy(&self) -> bool {
        match self {
            Self::Early { .. } | Self::Busy { .. } | Self::LineFull { .. } => true,
            Self::Cancelled | Self::Store(_) => false,
        }
    }
}

/// Who gives up waiting and asks again keeps the place in line.
pub(crate) async fn take_turn(
    app: &App,
    call: &Call,
    facts: &Facts,
    account: &Account,
    saying: &Saying,
    permit: &mut Permit,
) -> Result<(), NoTurn> {
    let Some(turn) = account.turn.as_ref().filter(|_| wants_turn(call, facts)) else {
        return Ok(());
    };
    permit.ask_turn(turn);
    let wanted = TurnAsking {
        turn,
        member: permit.id(),
        lease: app.lease,
        flow: &call.caller.key.id,
        saying,
    };
    match line::wait(app, &wanted, call.patience).await? {
        End::Granted(_) => {
            permit.turn_granted();
            Ok(())
        }
        // It may still stand in line: what was asked for is left to the permit.
        End::Refused(Some(spacing)) => Err(NoTurn::Early { retry: spacing }),
        End::Refused(None) => Err(NoTurn::Busy {
            retry: likely(turn, permit),
        }),
        End::LineFull(_) => Err(NoTurn::LineFull {
            retry: likely(turn, permit),
        }),
        // A turn is wanted until it is had.
        End::Cancelled | End::Outdated => Err(NoTurn::Cancelled),
    }
}

/// Of an account that has turns.
pub(crate) fn wants_turn(call: &Call, facts: &Facts) -> bool {
    call.work == Work::Generate && facts.last == LastMessage::UsersOwn
}

fn likely(turn: &Turn, permit: &Permit) -> Duration {
    likely_free(turn.held.mean() + turn.delay, 1, permit.id().spread())
}
