//! Whole admissions: `QGATE.ADMIT`.

use std::{sync::Arc, time::Duration};

use super::{
    Batch, Connection, Reply, Saying, StoreError, intents::ask_saying, list, tickets::add_wait,
};
use crate::{
    gate::Gate,
    ids::RequestId,
    line::{Answer, Ask, Wait},
    time::millis,
};

const ADMIT: &str = "QGATE.ADMIT";

/// A slot of every gate of `all` and of one gate of `any`.
#[derive(Debug)]
pub(crate) struct Admission<'a> {
    pub(crate) member: RequestId,
    pub(crate) lease: Duration,
    pub(crate) all: &'a [&'a Arc<Gate>],
    pub(crate) any: &'a [&'a Arc<Gate>],
    /// Whose requests wait behind each other; others' wait beside them.
    pub(crate) flow: &'a str,
    /// What is said with it; none where a turn is to be asked for after it.
    pub(crate) saying: Option<&'a Saying>,
}

impl Admission<'_> {
    pub(crate) fn gates(&self) -> impl Iterator<Item = &Arc<Gate>> {
        self.all.iter().chain(self.any).copied()
    }

    fn command(&self) -> Batch {
        let mut batch = Batch::of(ADMIT);
        batch.arg(self.member.as_str());
        batch.arg("PX").number(millis(self.lease));
        for (word, gates) in [("ALL", self.all), ("ANY", self.any)] {
            if gates.is_empty() {
                continue;
            }
            batch.arg(word).number(gates.len() as u64);
            for gate in gates {
                batch.arg(&*gate.name).number(gate.limit);
            }
        }
        batch
    }

    fn answer(&self, reply: &Reply) -> Result<Answer<usize>, StoreError> {
        let [status, index, _, _, blocking, ..] = list(ADMIT, reply)? else {
            return Err(StoreError::Form { command: ADMIT });
        };
        let in_the_way = || self.place(blocking);
        match (status.int(), index.int()) {
            (Some(1), Some(index)) => Ok(Answer::Granted(index)),
            (Some(2), _) => Ok(Answer::Queued(in_the_way())),
            (Some(0), _) => Ok(Answer::Refused(in_the_way())),
            (Some(-1), _) => Ok(Answer::LineFull(in_the_way())),
            _ => Err(StoreError::Form { command: ADMIT }),
        }
    }

    /// The place, among all gates, of the one with this name.
    fn place(&self, name: &Reply) -> usize {
        let name = name.bytes().unwrap_or_default();
        let place = self.gates().position(|gate| gate.name.as_bytes() == name);
        place.unwrap_or_default()
    }
}

impl Ask for Admission<'_> {
    /// The place of a gate among all that were asked for.
    type InTheWay = usize;

    fn member(&self) -> RequestId {
        self.member
    }

    async fn ask(&self, over: &Connection, wait: Wait) -> Result<Answer<usize>, StoreError> {
        let mut batch = self.command();
        add_wait(&mut batch, self.flow, wait);
        ask_saying(over, batch, self.saying, |reply| self.answer(reply)).await
    }
}
