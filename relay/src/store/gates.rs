//! Slots that are held: `QGATE.RENEW`, and `QGATE.ACQUIRE` for those whose lease was lost.

use std::time::Duration;

use super::{Batch, Store, StoreError, list};
use crate::{gate::Gate, ids::RequestId, time::millis};

const ACQUIRE: &str = "QGATE.ACQUIRE";
const RENEW: &str = "QGATE.RENEW";

impl Store {
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
            register(&mut batch, gate, *member, lease);
        }
        self.domain.ask(&batch).await.map(drop)
    }
}

fn register(batch: &mut Batch, gate: &Gate, member: RequestId, lease: Duration) {
    batch.command(ACQUIRE).arg(&*gate.name).arg(member.as_str());
    batch.arg("LIMIT").number(0_u32);
    batch.arg("PX").number(millis(lease));
}
