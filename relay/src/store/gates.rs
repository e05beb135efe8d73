//! Slots: `QGATE.ACQUIRE`, `QGATE.COUNT`, `QGATE.RENEW`.

use std::time::Duration;

use redis::{Cmd, Pipeline, Value};

use super::{Store, StoreError, not_an_array, numbers};
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
        slot(
            &self
                .ask_one(&acquire(gate, gate.limit, member, lease))
                .await?,
        )
    }

    /// In one round trip: a slot of `gate`, and how full the `others` are.
    pub(crate) async fn acquire_slot_and_count<'a>(
        &self,
        gate: &Gate,
        member: RequestId,
        lease: Duration,
        others: impl Iterator<Item = &'a Gate> + Clone,
    ) -> Result<(Slot, Vec<Load>), StoreError> {
        let mut count = Cmd::new();
        count.arg(COUNT);
        others.clone().for_each(|other| {
            count.arg(&*other.name);
        });
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline
            .add_command(acquire(gate, gate.limit, member, lease))
            .add_command(count);
        match self.ask(&pipeline).await?.as_slice() {
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
        let mut command = Cmd::new();
        command
            .arg(RENEW)
            .arg(&*gate.name)
            .arg("PX")
            .arg(millis(lease));
        for member in members {
            command.arg(member.as_str());
        }
        match self.ask_one(&command).await? {
            Value::Array(answers) if answers.len() == members.len() => Ok(answers
                .iter()
                .map(|answer| *answer == Value::Int(1))
                .collect()),
            other => Err(not_an_array(RENEW, &other)),
        }
    }

    /// Counts members that hold their slots although their lease was lost, whatever the limit says.
    pub(crate) async fn register_slots(
        &self,
        gate: &Gate,
        members: &[RequestId],
        lease: Duration,
    ) -> Result<(), StoreError> {
        let mut pipeline = Pipeline::with_capacity(members.len());
        for member in members {
            pipeline.add_command(acquire(gate, 0, *member, lease));
        }
        self.ask(&pipeline).await.map(drop)
    }
}

fn acquire(gate: &Gate, limit: u32, member: RequestId, lease: Duration) -> Cmd {
    let mut command = Cmd::new();
    command.arg(ACQUIRE).arg(&*gate.name).arg(member.as_str());
    command.arg("LIMIT").arg(limit).arg("PX").arg(millis(lease));
    command
}

fn slot(reply: &Value) -> Result<Slot, StoreError> {
    let [status, _in_use] = numbers(ACQUIRE, reply)?;
    match status {
        1 => Ok(Slot::Granted),
        0 | -1 => Ok(Slot::Full),
        _ => Err(StoreError::Form { command: ACQUIRE }),
    }
}

fn loads<'a>(
    reply: &Value,
    gates: impl Iterator<Item = &'a Gate>,
) -> Result<Vec<Load>, StoreError> {
    let Value::Array(counts) = reply else {
        return Err(not_an_array(COUNT, reply));
    };
    gates
        .zip(counts)
        .map(|(gate, count)| {
            let [in_use] = numbers(COUNT, count)?;
            Ok(Load {
                in_use: u64::try_from(in_use).unwrap_or(0),
                limit: gate.limit,
            })
        })
        .collect()
}
