//! Slots: `QGATE.ACQUIRE`, `QGATE.COUNT`, `QGATE.RENEW`.

use std::time::Duration;

use super::{Batch, Reply, Store, StoreError, list, numbers};
use crate::{gate::Gate, ids::RequestId, time::millis};

const ACQUIRE: &str = "QGATE.ACQUIRE";
const COUNT: &str = "QGATE.COUNT";
const RENEW: &str = "QGATE.RENEW";

/// What came of asking for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Granted,
    Full,
}

/// How full a gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) in_use: u64,
    /// 0 = no limit.
    pub(crate) limit: u32,
}

impl Store {
    pub(crate) async fn acquire_slot(
        &self,
        gate: &Gate,
        member: RequestId,
        lease: Duration,
    ) -> Result<Slot, StoreError> {
        let mut batch = Batch::new();
        acquire(&mut batch, gate, gate.limit, member, lease);
        slot(&self.domain.ask_one(&batch).await?)
    }

    /// In one round trip: a slot of `gate`, and how full the `others` are.
    pub(crate) async fn acquire_slot_and_count<'a>(
        &self,
        gate: &Gate,
        member: RequestId,
        lease: Duration,
        others: impl Iterator<Item = &'a Gate> + Clone,
    ) -> Result<(Slot, Vec<Load>), StoreError> {
        let mut batch = Batch::new();
        acquire(&mut batch, gate, gate.limit, member, lease);
        batch.command(COUNT);
        for other in others.clone() {
            batch.arg(&*other.name);
        }
        match self.domain.ask(&batch).await?.as_slice() {
            [first, second] => Ok((slot(first)?, loads(second, others)?)),
            _ => Err(StoreError::Form { command: COUNT }),
        }
    }

    /// Per member, whether it still held its slot; its lease then runs anew.
    pub(crate) async fn renew_slots(
        &self,
        gate: &Gate,
        members: &[RequestId],
        lease: Duration,
    ) -> Result<Vec<bool>, StoreError> {
        let mut batch = Batch::of(RENEW);
        batch.arg(&*gate.name).arg("PX").number(millis(lease));
        for member in members {
            batch.arg(member.as_str());
        }
        let reply = self.domain.ask_one(&batch).await?;
        match list(RENEW, &reply)? {
            held if held.len() == members.len() => {
                Ok(held.iter().map(|held| held.int() == Some(1)).collect())
            }
            _ => Err(StoreError::Form { command: RENEW }),
        }
    }

    /// Counts members that hold their slots although their lease was lost, whatever the limit says.
    pub(crate) async fn register_slots(
        &self,
        gate: &Gate,
        members: &[RequestId],
        lease: Duration,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        for member in members {
            acquire(&mut batch, gate, 0, *member, lease);
        }
        self.domain.ask(&batch).await.map(drop)
    }
}

fn acquire(batch: &mut Batch, gate: &Gate, limit: u32, member: RequestId, lease: Duration) {
    batch.command(ACQUIRE).arg(&*gate.name).arg(member.as_str());
    batch.arg("LIMIT").number(limit);
    batch.arg("PX").number(millis(lease));
}

fn slot(reply: &Reply) -> Result<Slot, StoreError> {
    let [status, _in_use] = numbers(ACQUIRE, reply)?;
    match status {
        1 => Ok(Slot::Granted),
        0 | -1 => Ok(Slot::Full),
        _ => Err(StoreError::Form { command: ACQUIRE }),
    }
}

fn loads<'a>(
    reply: &Reply,
    gates: impl Iterator<Item = &'a Gate>,
) -> Result<Vec<Load>, StoreError> {
    gates
        .zip(list(COUNT, reply)?)
        .map(|(gate, count)| {
            let [in_use] = numbers(COUNT, count)?;
            Ok(Load {
                in_use: u64::try_from(in_use).unwrap_or(0),
                limit: gate.limit,
            })
        })
        .collect()
}
