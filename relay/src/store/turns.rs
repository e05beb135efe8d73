//! Turns: `UMQ.ACQUIRE`, `UMQ.RENEW`, `UMQ.INFO`.

use std::time::Duration;

use super::{
    Batch, Connection, Reply, Saying, Store, StoreError, intents::ask_saying, link::ask_on, list,
    numbers, tickets::add_wait,
};
use crate::{
    gate::Turn,
    ids::RequestId,
    intent::Stage,
    line::{Answer, Ask, Wait},
    time::millis,
};

const ACQUIRE: &str = "UMQ.ACQUIRE";
const RENEW: &str = "UMQ.RENEW";
const INFO: &str = "UMQ.INFO";

/// A turn of one account.
#[derive(Debug)]
pub(crate) struct TurnAsking<'a> {
    pub(crate) member: RequestId,
    pub(crate) lease: Duration,
    pub(crate) turn: &'a Turn,
    pub(crate) flow: &'a str,
    pub(crate) saying: &'a Saying,
}

impl Ask for TurnAsking<'_> {
    /// The time until the next turn; none where somebody has it.
    type InTheWay = Option<Duration>;

    fn member(&self) -> RequestId {
        self.member
    }

    async fn ask(
        &self,
        over: &Connection,
        wait: Wait,
    ) -> Result<Answer<Option<Duration>>, StoreError> {
        let mut batch = Batch::of(ACQUIRE);
        batch.arg(&*self.turn.name).arg(self.member);
        batch.arg("PX").number(millis(self.lease));
        batch.arg("DELAY").number(millis(self.turn.delay));
        add_wait(&mut batch, self.flow, wait);
        ask_saying(over, batch, (self.saying, Stage::Goes), |replies| {
            let first = replies.first().unwrap_or(&Reply::Nil);
            answer(first, wait)
        })
        .await
    }
}

fn answer(reply: &Reply, wait: Wait) -> Result<Answer<Option<Duration>>, StoreError> {
    let [status, wait_ms, token] = numbers(ACQUIRE, reply)?;
    let spacing = u64::try_from(wait_ms).ok().map(Duration::from_millis);
    Ok(match (status, spacing, wait) {
        (1, ..) => Answer::Granted(token),
        // It is known already that waiting would be in vain.
        (2, Some(spacing), Wait::Ticket { within, .. }) if spacing > within => {
            Answer::Refused(Some(spacing))
        }
        (2, ..) => Answer::Queued(spacing),
        (-1, ..) => Answer::LineFull(spacing),
        _ => Answer::Refused(spacing),
    })
}

impl Store {
    /// Which of them nobody has or waits for, and are far enough from the last one.
    pub(crate) async fn free_turns(&self, turns: &[&Turn]) -> Result<Vec<bool>, StoreError> {
        let mut batch = Batch::new();
        for turn in turns {
            batch.command(INFO).arg(&*turn.name);
        }
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let replies = self.domain.ask(&batch).await?;
        let free = turns.iter().zip(&replies);
        free.map(|(turn, reply)| is_free(turn, list(INFO, reply)?))
            .collect()
    }
}

fn is_free(turn: &Turn, info: &[Reply]) -> Result<bool, StoreError> {
    let fields = info.as_chunks().0;
    let field = |name: &str| {
        let mut fields = fields.iter();
        let found = fields.find(|[known, _]: &&[Reply; 2]| known.text() == Some(name));
        found.map(|[_, value]| value)
    };
    let (Some(holder), Some(waiting)) = (field("holder"), field("waiting")) else {
        return Err(StoreError::Form { command: INFO });
    };
    let since_stamp = field("since-stamp-ms").and_then(Reply::int);
    let is_spaced =
        since_stamp.is_none_or(|ms| u64::try_from(ms).is_ok_and(|ms| ms >= millis(turn.delay)));
    Ok(*holder == Reply::Nil && waiting.int() == Some(0) && is_spaced)
}

/// Per turn, whether the member still held it; its lease then runs anew.
pub(crate) async fn renew_turns<'a>(
    over: &Connection,
    held: impl Iterator<Item = (&'a Turn, RequestId)>,
    lease: Duration,
) -> Result<Vec<bool>, StoreError> {
    let mut batch = Batch::new();
    for (turn, member) in held {
        batch.command(RENEW).arg(&*turn.name).arg(member);
        batch.arg("PX").number(millis(lease));
    }
    let replies = ask_on(over, &batch).await?;
    Ok(replies.iter().map(|held| held.int() == Some(1)).collect())
}
