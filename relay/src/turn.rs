//! The fourth step: where an account wants users' own messages one at a time and spaced, the right to send this one. Who
//! finds the turn taken waits in its line, until operators close the account.

use std::time::Duration;

use crate::{
    account::Account,
    app::App,
    call::Call,
    gate::{Turn, likely_free},
    ids::RequestId,
    line::{self, Answer, Ask, End, Wait},
    permit::Permit,
    read::{Facts, LastMessage},
    route::Work,
    standing::Standing,
    store::{Connection, Saying, StoreError, TurnAsking},
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

/// What came of asking for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is had, or not needed.
    Done,
    /// The account was closed meanwhile: what was asked for is left to the permit.
    Closed,
}

/// A turn that is wanted as long as its account takes requests.
struct Wanted<'a> {
    asking: TurnAsking<'a>,
    app: &'a App,
    standing: &'a Standing,
}

impl Ask for Wanted<'_> {
    type InTheWay = Option<Duration>;

    fn member(&self) -> RequestId {
        self.asking.member()
    }

    async fn ask(
        &self,
        over: &Connection,
        wait: Wait,
    ) -> Result<Answer<Self::InTheWay>, StoreError> {
        self.asking.ask(over, wait).await
    }

    async fn outdated(&self) {
        let mut changes = self.app.resting.changes();
        while self.standing.is_open() && changes.changed().await.is_ok() {}
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
) -> Result<Taken, NoTurn> {
    let Some(turn) = account.turn.as_ref().filter(|_| wants_turn(call, facts)) else {
        return Ok(Taken::Done);
    };
    permit.ask_turn(turn);
    let wanted = Wanted {
        asking: TurnAsking {
            turn,
            member: permit.id(),
            lease: app.lease,
            flow: &call.caller.key.id,
            saying,
        },
        app,
        standing: &account.standing,
    };
    match line::wait(app, &wanted, call.patience).await? {
        End::Granted(_) => {
            permit.turn_granted();
            Ok(Taken::Done)
        }
        End::Outdated => Ok(Taken::Closed),
        // It may still stand in line: what was asked for is left to the permit.
        End::Refused(Some(spacing)) => Err(NoTurn::Early { retry: spacing }),
        End::Refused(None) => Err(NoTurn::Busy {
            retry: likely(turn, permit),
        }),
        End::LineFull(_) => Err(NoTurn::LineFull {
            retry: likely(turn, permit),
        }),
        End::Cancelled => Err(NoTurn::Cancelled),
    }
}

/// Of an account that has turns.
pub(crate) fn wants_turn(call: &Call, facts: &Facts) -> bool {
    call.work == Work::Generate && facts.last == LastMessage::UsersOwn
}

fn likely(turn: &Turn, permit: &Permit) -> Duration {
    likely_free(turn.held.mean() + turn.delay, 1, permit.id().spread())
}
