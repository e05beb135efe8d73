//! Slots that are held: `QGATE.RENEW`, and `QGATE.ACQUIRE` for those whose lease was lost. Over a connection of the
//! caller's choice: renewals have one of their own, and what was lost in an outage comes back before anything else.

use std::time::Duration;

use super::{
    Batch, Connection, StoreError,
    link::{ask_on, ask_one_on},
    list,
};
use crate::{gate::Gate, ids::RequestId, time::millis};

const ACQUIRE: &str = "QGATE.ACQUIRE";
const RENEW: &str = "QGATE.RENEW";

/// Per member, whether it still held its slot; its lease then runs anew.
pub(crate) async fn renew_slots(
    over: &Connection,
    gate: &Gate,
    members: &[RequestId],
    lease: Duration,
) -> Result<Vec<bool>, StoreError> {
    let mut batch = Batch::of(RENEW);
    batch.arg(&*gate.name).arg("PX").number(millis(lease));
    for member in members {
        batch.arg(member);
    }
    let reply = ask_one_on(over, &batch).await?;
    match list(RENEW, &reply)? {
        held if held.len() == members.len() => {
            Ok(held.iter().map(|held| held.int() == Some(1)).collect())
        }
        _ => Err(StoreError::Form { command: RENEW }),
    }
}

/// Counts members that hold their slots although their lease was lost, whatever the limit says.
pub(crate) async fn register_slots(
    over: &Connection,
    gate: &Gate,
    members: &[RequestId],
    lease: Duration,
) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    for member in members {
        batch.command(ACQUIRE).arg(&*gate.name).arg(member);
        batch.arg("LIMIT").number(0_u32);
        batch.arg("PX").number(millis(lease));
    }
    ask_on(over, &batch).await.map(drop)
}

pub(crate) async fn release_slots(
    over: &Connection,
    gate: &Gate,
    members: &[RequestId],
) -> Result<(), StoreError> {
    if members.is_empty() {
        return Ok(());
    }
    let mut batch = Batch::of("QGATE.RELEASE");
    batch.arg(&*gate.name);
    for member in members {
        batch.arg(member);
    }
    ask_one_on(over, &batch).await.map(drop)
}
