//! Turns: `UMQ.ACQUIRE`, `UMQ.RENEW`.

use std::time::Duration;

use super::{Batch, Store, StoreError, numbers};
use crate::{gate::Turn, ids::RequestId, time::millis};

const ACQUIRE: &str = "UMQ.ACQUIRE";
const RENEW: &str = "UMQ.RENEW";

/// What came of asking for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnReply {
    Granted,
    /// Nobody has it, but the last was too short a time ago.
    Early {
        wait: Duration,
    },
    /// Somebody has it or stands before us.
    Busy,
}

impl Store {
    pub(crate) async fn acquire_turn(
        &self,
        turn: &Turn,
        member: RequestId,
        lease: Duration,
    ) -> Result<TurnReply, StoreError> {
        let mut batch = Batch::of(ACQUIRE);
        batch.arg(&*turn.name).arg(member.as_str());
        batch.arg("PX").number(millis(lease));
        batch.arg("DELAY").number(millis(turn.delay));
        match numbers(ACQUIRE, &self.domain.ask_one(&batch).await?)? {
            [1, _] => Ok(TurnReply::Granted),
            [_, wait] => Ok(
                u64::try_from(wait).map_or(TurnReply::Busy, |wait| TurnReply::Early {
                    wait: Duration::from_millis(wait),
                }),
            ),
        }
    }

    /// Per turn, whether the member still held it; its lease then runs anew.
    pub(crate) async fn renew_turns<'a>(
        &self,
        held: impl Iterator<Item = (&'a Turn, RequestId)>,
        lease: Duration,
    ) -> Result<Vec<bool>, StoreError> {
        let mut batch = Batch::new();
        for (turn, member) in held {
            batch.command(RENEW).arg(&*turn.name).arg(member.as_str());
            batch.arg("PX").number(millis(lease));
        }
        let replies = self.domain.ask(&batch).await?;
        Ok(replies.iter().map(|held| held.int() == Some(1)).collect())
    }
}
