//! What operators do to queues: take a waiter out of a line, take back what a holder has.

use super::{Batch, Reply, Store, StoreError, list, names};
use crate::{
    ids::RequestId,
    live::{Of, Queue},
    time::UnixMillis,
};

/// What all relays are told when a request is to give back what it holds, before its id.
const TAKEN_BACK: &[u8] = b"taken-back:";
const INFO: &str = "UMQ.INFO";
const SCORE: &str = "ZSCORE";

/// The request that such a message names.
pub(crate) fn taken_back(message: &[u8]) -> Option<RequestId> {
    RequestId::read(message.strip_prefix(TAKEN_BACK)?)
}

/// Under which key its slots, or its turn, are.
fn name(queue: &Queue) -> String {
    match queue.of {
        Of::Account => names::account_gate(&queue.id),
        Of::Turn => names::turn(&queue.id),
        Of::Key | Of::User | Of::Group => names::gate_of(queue.of.word(), &queue.id),
    }
}

/// The command of the family that a queue is of.
fn command(queue: &Queue, of_turn: &'static str, of_gate: &'static str) -> &'static str {
    match queue.of {
        Of::Turn => of_turn,
        Of::Account | Of::Key | Of::User | Of::Group => of_gate,
    }
}

impl Store {
    /// Whether it was in line there. It is told, whichever relay it waits at.
    pub(crate) async fn cancel(&self, queue: &Queue, member: &str) -> Result<bool, StoreError> {
        let command = command(queue, "UMQ.CANCEL", "QGATE.CANCEL");
        self.did(command, queue, member).await
    }

    /// For a holder that nobody can tell: whether it had something, which counts as given back.
    pub(crate) async fn release(&self, queue: &Queue, member: &str) -> Result<bool, StoreError> {
        let command = command(queue, "UMQ.RELEASE", "QGATE.RELEASE");
        self.did(command, queue, member).await
    }

    async fn did(
        &self,
        command: &'static str,
        queue: &Queue,
        member: &str,
    ) -> Result<bool, StoreError> {
        let mut batch = Batch::of(command);
        batch.arg(name(queue)).arg(member);
        let reply = self.domain.ask_one(&batch).await?;
        Ok(count(command, &reply)? > 0)
    }

    /// Whether it holds a slot, or the turn, there.
    pub(crate) async fn holds(
        &self,
        queue: &Queue,
        member: &str,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let command = command(queue, INFO, SCORE);
        let mut batch = Batch::of(command);
        batch.arg(name(queue));
        if command == SCORE {
            batch.arg(member);
        }
        let reply = self.domain.ask_one(&batch).await?;
        match reply {
            Reply::Nil => Ok(false),
            // Until when its lease runs.
            Reply::Double(end) => Ok(end > now.0 as f64),
            info => {
                let fields = list(command, &info)?.as_chunks().0;
                let is_holder = |[field, value]: &[Reply; 2]| {
                    field.text() == Some("holder") && value.text() == Some(member)
                };
                Ok(fields.iter().any(is_holder))
            }
        }
    }

    /// Tells all relays that what this request holds is taken back.
    pub(crate) async fn tell_taken_back(&self, request: RequestId) -> Result<(), StoreError> {
        let mut batch = Batch::of("SPUBLISH");
        batch.arg(names::NEWS);
        batch.joined([TAKEN_BACK, request.as_ref()]);
        let reply = self.domain.ask_one(&batch).await?;
        count("SPUBLISH", &reply).map(drop)
    }

    /// Whether the relay of this request is there.
    pub(crate) async fn has_relay_of(&self, request: RequestId) -> Result<bool, StoreError> {
        let gone = self.without_relay(std::iter::once(request)).await?;
        Ok(gone.is_empty())
    }
}

fn count(command: &'static str, reply: &Reply) -> Result<i64, StoreError> {
    match reply {
        Reply::Int(count) => Ok(*count),
        refused => list(command, refused).and(Err(StoreError::Form { command })),
    }
}
