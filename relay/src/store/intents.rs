//! Intents: a hash, request → what it waits for or was going to ask of an account.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::{
    Batch, Connection, Reply, Store, StoreError,
    booking::{Bookings, Period},
    is_away,
    link::ask_on,
    list, names,
};
use crate::{
    ids::RequestId,
    intent::{Intent, Stage},
    line::Answer,
    time::UnixMillis,
};

/// How many intents are looked at in one step.
const PAGE: u64 = 256;
const SAY: &str = "HSET";
const SCAN: &str = "HSCAN";

/// A few of all intents.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) intents: Vec<(RequestId, (Stage, Intent))>,
    /// Where the next begins; none after the last.
    pub(crate) next: Option<u64>,
}

/// An intent on its way: it is said together with the last thing that a request asks for, so that it stands when that is
/// granted at once; while the request waits it says just that.
#[derive(Debug)]
pub(crate) struct Saying {
    pub(crate) request: RequestId,
    pub(crate) intent: Intent,
    stands: AtomicBool,
}

impl Saying {
    pub(crate) fn new(request: RequestId, intent: Intent) -> Self {
        Self {
            request,
            intent,
            stands: AtomicBool::new(false),
        }
    }

    /// As soon as it has a slot of that account.
    pub(crate) fn goes_to(&mut self, account: &str, now: UnixMillis) {
        self.intent.account = Some(account.into());
        self.intent.at = now;
    }

    fn say(&self, batch: &mut Batch, stage: Stage) {
        batch.command(SAY).arg(names::INTENTS);
        batch.arg(self.request).arg(self.intent.text(stage));
    }
}

/// Asks for something once, and says what the request is going to do when that is granted. `read` has the replies to what
/// was asked.
pub(super) async fn ask_saying<D>(
    over: &Connection,
    mut batch: Batch,
    (saying, when_granted): (&Saying, Stage),
    read: impl FnOnce(&[Reply]) -> Result<Answer<D>, StoreError>,
) -> Result<Answer<D>, StoreError> {
    saying.say(&mut batch, when_granted);
    let replies = ask_on(over, &batch).await?;
    if replies.iter().any(is_away) {
        return Err(StoreError::Down);
    }
    let [asked @ .., said] = replies.as_slice() else {
        return read(&replies);
    };
    let answer = read(asked)?;
    match (&answer, when_granted) {
        (Answer::Granted(_), Stage::Goes) => saying.stands.store(said.int().is_some(), Relaxed),
        (Answer::Queued(_), Stage::Goes) => {
            let mut batch = Batch::new();
            saying.say(&mut batch, Stage::Waits);
            drop(over.send(&batch));
        }
        (Answer::Granted(_) | Answer::Queued(_), Stage::Waits) => {}
        // Its permit withdraws it.
        (Answer::Refused(_) | Answer::LineFull(_), _) => {}
    }
    Ok(answer)
}

impl Store {
    /// Says what is going to be asked of an account, unless that was said already.
    pub(crate) async fn say(&self, saying: &Saying) -> Result<(), StoreError> {
        if saying.stands.load(Relaxed) {
            return Ok(());
        }
        let mut batch = Batch::new();
        saying.say(&mut batch, Stage::Goes);
        match self.domain.ask_one(&batch).await? {
            Reply::Int(_) => Ok(()),
            refused => list(SAY, &refused).map(drop),
        }
    }

    pub(crate) async fn intents(&self, from: u64) -> Result<Page, StoreError> {
        let mut batch = Batch::of(SCAN);
        batch.arg(names::INTENTS).number(from);
        batch.arg("COUNT").number(PAGE);
        let reply = self.domain.ask_one(&batch).await?;
        let [next, fields] = list(SCAN, &reply)? else {
            return Err(StoreError::Form { command: SCAN });
        };
        let next = next.text().and_then(|next| next.parse().ok());
        let next: u64 = next.ok_or(StoreError::Form { command: SCAN })?;
        let pairs = list(SCAN, fields)?.as_chunks().0.iter();
        let read = |[request, intent]: &[Reply; 2]| {
            let request = RequestId::read(request.bytes()?)?;
            Some((request, Intent::read(intent.text()?)?))
        };
        Ok(Page {
            intents: pairs.filter_map(read).collect(),
            next: (next != 0).then_some(next),
        })
    }

    /// Takes back what was said of requests that no account has seen.
    pub(crate) async fn forget(&self, requests: &[RequestId]) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        for request in requests {
            withdraw(&mut batch, *request);
        }
        match batch.is_empty() {
            true => Ok(()),
            false => self.domain.ask(&batch).await.map(drop),
        }
    }

    /// Books what became of nobody knows what: how many of them nobody had counted.
    pub(crate) async fn interrupt(
        &self,
        orphans: &[(RequestId, Intent)],
        period: &mut Period,
    ) -> Result<usize, StoreError> {
        let (mut batch, mut bookings) = (Batch::new(), Bookings::default());
        for (request, intent) in orphans {
            bookings.add_interrupted(&mut batch, (*request, intent), period);
        }
        bookings.end(&mut batch, period);
        let replies = self.domain.ask(&batch).await?;
        Ok(bookings.done(&replies, period).unwrap_or(0))
    }
}

pub(super) fn withdraw(batch: &mut Batch, request: RequestId) {
    batch.command("HDEL").arg(names::INTENTS).arg(request);
}
