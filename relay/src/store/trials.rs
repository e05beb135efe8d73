//! Trials: after a guessed rest one request of all relays goes first. Its right is the one slot of a gate of its own,
//! which ends by itself if its relay dies; with it is read what has become of the rest meanwhile.

use std::time::Duration;

use super::{Batch, Connection, Reply, StoreError, is_away, link::ask_on, names, numbers};
use crate::{gate::Gate, ids::RequestId, time::millis};

const ACQUIRE: &str = "QGATE.ACQUIRE";

/// What Redis says of a trial.
#[derive(Debug)]
pub(crate) struct Tried {
    /// Whether it is ours.
    pub(crate) is_granted: bool,
    /// What is written of the rest; none if it is over.
    pub(crate) written: Option<String>,
}

/// The rest is read after the slot was asked for: whoever tried before has written of it before giving the slot back.
pub(crate) async fn ask_trial(
    over: &Connection,
    gate: &Gate,
    member: RequestId,
    lease: Duration,
    field: &str,
) -> Result<Tried, StoreError> {
    let mut batch = Batch::of(ACQUIRE);
    batch.arg(&*gate.name).arg(member);
    batch.arg("LIMIT").number(gate.limit());
    batch.arg("PX").number(millis(lease));
    batch.command("HGET").arg(names::COOLDOWNS).arg(field);
    let replies = ask_on(over, &batch).await?;
    let [acquired, written] = replies.as_slice() else {
        return Err(StoreError::Form { command: ACQUIRE });
    };
    if is_away(written) {
        return Err(StoreError::Down);
    }
    let [status] = numbers(ACQUIRE, acquired)?;
    Ok(Tried {
        is_granted: status == 1,
        written: Reply::text(written).map(str::to_owned),
    })
}
