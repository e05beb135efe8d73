//! Waiting in a line that Redis keeps: ask once, then hear. No polling, no connection per waiter; whoever loses the
//! connection asks again with the time that it has waited, and keeps its place.

use std::{future::pending, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    app::App,
    config::Waits,
    ids::RequestId,
    read,
    store::{Connection, Message, StoreError},
};

/// How much later than the server's own end of a wait its message may come.
const MESSAGE_WITHIN: Duration = Duration::from_secs(2);
/// Before a Redis that did not answer is asked again.
const PAUSE: Duration = Duration::from_millis(10);

/// Whether and how long a request may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Since when it has waited.
    pub(crate) since: Instant,
    /// None: it wants its answer at once.
    pub(crate) until: Option<Instant>,
}

impl Waits {
    /// From now on.
    pub(crate) fn patience(&self, may_wait: bool, answer: read::Answer) -> Patience {
        let at_most = match answer {
            read::Answer::Stream => self.stream,
            read::Answer::Whole => self.whole,
        };
        let since = Instant::now();
        let until = (may_wait && !at_most.is_zero()).then(|| since + at_most);
        Patience { since, until }
    }
}

/// What asking may come with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// An answer at once, whatever it is.
    None,
    /// A ticket for at most this long, counted as having waited so long already.
    Ticket { within: Duration, waited: Duration },
}

/// The answer to one asking; `D` tells what stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer<D> {
    Granted(i64),
    Queued(D),
    Refused(D),
    /// The line has as many waiters as it may have.
    LineFull(D),
}

/// Something that a line may be kept for.
pub(crate) trait Ask: Sync {
    /// What a reply tells of those in the way.
    type InTheWay: Send;

    fn member(&self) -> RequestId;

    /// Asks once.
    fn ask(
        &self,
        over: &Connection,
        wait: Wait,
    ) -> impl Future<Output = Result<Answer<Self::InTheWay>, StoreError>> + Send;

    /// Ends when it is not what should be asked for any more.
    fn outdated(&self) -> impl Future<Output = ()> + Send {
        pending()
    }
}

/// How the wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End<D> {
    Granted(i64),
    /// Not within its patience.
    Refused(D),
    LineFull(D),
    Cancelled,
    /// It may still stand in line; whoever asks for something else instead keeps the place.
    Outdated,
}

/// Asks, and waits for the message if that is the answer. An asker that was in line asks again when its connection is
/// lost, and bears with a Redis that is away until its patience ends.
pub(crate) async fn wait<A: Ask>(
    app: &App,
    wanted: &A,
    patience: Patience,
) -> Result<End<A::InTheWay>, StoreError> {
    let mut was_in_line = false;
    loop {
        let now = Instant::now();
        let Some(until) = patience.until.filter(|until| now < *until) else {
            let connection = app.store.connection()?;
            return Ok(at_once(wanted.ask(&connection, Wait::None).await?));
        };
        match in_line(app, wanted, until - now, now - patience.since).await {
            Ok(Some(end)) => return Ok(end),
            Ok(None) => was_in_line = true,
            Err(StoreError::Down | StoreError::Unanswered(_)) if was_in_line => sleep(PAUSE).await,
            Err(error) => return Err(error),
        }
        drop(timeout_at(until, app.store.up()).await);
    }
}

/// Asks and waits once. None: it stood in line, and has to ask again.
async fn in_line<A: Ask>(
    app: &App,
    wanted: &A,
    within: Duration,
    waited: Duration,
) -> Result<Option<End<A::InTheWay>>, StoreError> {
    let connection = app.store.connection()?;
    let mut ticket = app.tickets.take(wanted.member());
    let as_ticket = Wait::Ticket { within, waited };
    let in_the_way = match wanted.ask(&connection, as_ticket).await? {
        Answer::Queued(in_the_way) => in_the_way,
        answer => return Ok(Some(at_once(answer))),
    };
    let told = tokio::select! {
        told = ticket.told() => told,
        // The server has forgotten whom it cannot tell.
        () = connection.lost() => Message::Moved,
        () = sleep(within + MESSAGE_WITHIN) => Message::Moved,
        () = wanted.outdated() => return Ok(Some(End::Outdated)),
    };
    Ok(match told {
        Message::Granted(number) => Some(End::Granted(number)),
        Message::TimedOut => Some(End::Refused(in_the_way)),
        Message::Cancelled => Some(End::Cancelled),
        Message::Moved => None,
    })
}

fn at_once<D>(answer: Answer<D>) -> End<D> {
    match answer {
        Answer::Granted(number) => End::Granted(number),
        Answer::Refused(in_the_way) | Answer::Queued(in_the_way) => End::Refused(in_the_way),
        Answer::LineFull(in_the_way) => End::LineFull(in_the_way),
    }
}
