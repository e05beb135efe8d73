//! Whole admissions: `QGATE.ADMIT`.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use super::{
    Batch, Connection, Reply, Saying, Store, StoreError, intents::ask_saying, link::ask_on, list,
    rates::MINUTE_MS, tickets::add_wait,
};
use crate::{
    allowance::{Charge, Rate},
    gate::Gate,
    ids::RequestId,
    intent::Stage,
    line::{Answer, Ask, Wait},
    time::millis,
};

const ADMIT: &str = "QGATE.ADMIT";
const FIND: &str = "TRIE.FIND_RO";
/// As long as a provider may keep a prompt in its cache.
const REMEMBERED_S: u64 = 3_600;

/// What a request is not admitted for.
#[derive(Debug, Clone)]
pub(crate) enum InTheWay {
    /// The place of a full gate among all that were asked for.
    Gate(usize),
    /// A rate, and when there is enough of it again.
    Rate { rate: Arc<Rate>, retry: Duration },
}

/// A slot of every gate of `all` and of one gate of `any`.
#[derive(Debug)]
pub(crate) struct Admission<'a> {
    pub(crate) member: RequestId,
    pub(crate) lease: Duration,
    pub(crate) all: &'a [&'a Arc<Gate>],
    pub(crate) any: &'a [Tiered<'a>],
    pub(crate) affinity: Option<Affinity<'a>>,
    /// The place, in `any`, of the gate that has the conversation, once that is known.
    pub(crate) known: OnceLock<usize>,
    /// What is taken of rates with it.
    pub(crate) charges: &'a [Charge],
    /// Whose requests wait behind each other; others' wait beside them.
    pub(crate) flow: &'a str,
    /// What is said with it, and how far the request comes by it; none where all was said before.
    pub(crate) saying: Option<(&'a Saying, Stage)>,
}

/// A gate, and the number of its tier: lower ones come first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiered<'a> {
    pub(crate) gate: &'a Arc<Gate>,
    pub(crate) priority: u32,
}

/// Where it is written which gate has the conversation, and how long to wait for that one alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Affinity<'a> {
    pub(crate) trie: &'a str,
    pub(crate) chain: &'a str,
    pub(crate) patience: Duration,
}

impl Store {
    /// Writes that the account with this gate has a conversation now. Sent and not waited for: it is there before whatever
    /// is asked next; and if it is lost, a turn is served elsewhere.
    pub(crate) fn remember(&self, trie: &str, chain: &str, gate: &Gate) {
        let mut batch = Batch::of("TRIE.SAVE");
        batch.arg(trie).arg(chain).arg(&*gate.name);
        batch.arg("EX").number(REMEMBERED_S);
        if let Ok(connection) = self.domain.connection() {
            drop(connection.send(&batch));
        }
    }
}

impl Store {
    /// The name of the gate whose account has a conversation.
    pub(crate) async fn knows(
        &self,
        trie: &str,
        chain: &str,
    ) -> Result<Option<String>, StoreError> {
        let mut batch = Batch::of(FIND);
        batch.arg(trie).arg(chain);
        let replies = self.domain.ask(&batch).await?;
        match replies.first() {
            Some(Reply::Nil) | None => Ok(None),
            Some(found @ Reply::Text(_)) => Ok(found.text().map(str::to_owned)),
            Some(refused) => list(FIND, refused).and(Err(StoreError::Form { command: FIND })),
        }
    }
}

impl Admission<'_> {
    pub(crate) fn gates(&self) -> impl Iterator<Item = &Arc<Gate>> {
        let any = self.any.iter().map(|one| one.gate);
        self.all.iter().copied().chain(any)
    }

    fn command(&self) -> Batch {
        let mut batch = Batch::of(ADMIT);
        batch.arg(self.member);
        batch.arg("PX").number(millis(self.lease));
        batch.arg("ALL").number(self.all.len() as u64);
        for gate in self.all {
            batch.arg(&*gate.name).number(gate.limit());
        }
        self.add_rates(&mut batch);
        if self.any.is_empty() {
            return batch;
        }
        batch.arg("ANY").number(self.any.len() as u64);
        for one in self.any {
            batch.arg(&*one.gate.name).number(one.gate.limit());
        }
        let is_other = |one: &Tiered<'_>| one.priority != self.any[0].priority;
        if self.any.iter().any(is_other) {
            batch.arg("PRIORITY");
            for one in self.any {
                batch.number(one.priority);
            }
        }
        if let Some(affinity) = &self.affinity {
            batch.arg("AFFINITY").arg(affinity.trie).arg(affinity.chain);
            if !affinity.patience.is_zero() {
                batch.arg("PATIENCE").number(millis(affinity.patience));
            }
        }
        batch
    }

    fn add_rates(&self, batch: &mut Batch) {
        if self.charges.is_empty() {
            return;
        }
        batch.arg("RATES").number(self.charges.len() as u64);
        for charge in self.charges {
            let per_minute = charge.rate.per_minute;
            batch.arg(&*charge.rate.name).number(per_minute);
            batch
                .number(per_minute)
                .number(MINUTE_MS)
                .number(charge.cost);
        }
    }

    /// Asks, with the admission, who has the conversation: the record is to say so, and the answer does not.
    fn find(&self, batch: &mut Batch) {
        if let Some(affinity) = &self.affinity {
            batch.command(FIND).arg(affinity.trie).arg(affinity.chain);
        }
    }

    fn found(&self, reply: &Reply) {
        let name = reply.bytes();
        let has_name = |one: &Tiered<'_>| Some(one.gate.name.as_bytes()) == name;
        if let Some(place) = self.any.iter().position(has_name) {
            self.known.get_or_init(|| place);
        }
    }

    fn answer(&self, replies: &[Reply]) -> Result<Answer<InTheWay>, StoreError> {
        let [reply, found @ ..] = replies else {
            return Err(StoreError::Form { command: ADMIT });
        };
        found.iter().for_each(|reply| self.found(reply));
        let [status, index, _, _, blocking, ..] = list(ADMIT, reply)? else {
            return Err(StoreError::Form { command: ADMIT });
        };
        let in_the_way = || InTheWay::Gate(self.place(blocking));
        match (status.int(), index.int()) {
            (Some(1), Some(index)) => Ok(Answer::Granted(index)),
            (Some(2), _) => Ok(Answer::Queued(in_the_way())),
            (Some(0), _) => Ok(Answer::Refused(in_the_way())),
            (Some(-1), _) => Ok(Answer::LineFull(in_the_way())),
            (Some(-2), Some(retry_ms)) => Ok(Answer::Refused(self.rate(blocking, retry_ms)?)),
            _ => Err(StoreError::Form { command: ADMIT }),
        }
    }

    fn rate(&self, name: &Reply, retry_ms: i64) -> Result<InTheWay, StoreError> {
        let has_name = |charge: &&Charge| Some(charge.rate.name.as_bytes()) == name.bytes();
        let charge = self.charges.iter().find(has_name);
        let charge = charge.ok_or(StoreError::Form { command: ADMIT })?;
        Ok(InTheWay::Rate {
            rate: Arc::clone(&charge.rate),
            retry: Duration::from_millis(u64::try_from(retry_ms).unwrap_or(MINUTE_MS)),
        })
    }

    /// The place, among all gates, of the one with this name.
    fn place(&self, name: &Reply) -> usize {
        let name = name.bytes().unwrap_or_default();
        let place = self.gates().position(|gate| gate.name.as_bytes() == name);
        place.unwrap_or_default()
    }
}

impl Ask for Admission<'_> {
    type InTheWay = InTheWay;

    fn member(&self) -> RequestId {
        self.member
    }

    async fn ask(&self, over: &Connection, wait: Wait) -> Result<Answer<InTheWay>, StoreError> {
        let mut batch = self.command();
        add_wait(&mut batch, self.flow, wait);
        self.find(&mut batch);
        match self.saying {
            Some(saying) => ask_saying(over, batch, saying, |replies| self.answer(replies)).await,
            None => self.answer(&ask_on(over, &batch).await?),
        }
    }
}
