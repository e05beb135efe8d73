//! Turns: `UMQ.ACQUIRE`, `UMQ.RENEW`.

use std::time::Duration;

use redis::{Cmd, Pipeline, Value};

use super::{Store, StoreError, numbers};
use crate::{gate::Turn, ids::RequestId, time::millis};

const ACQUIRE: &str = "UMQ.ACQUIRE";

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
        let mut command = Cmd::new();
        command.arg(ACQUIRE).arg(&*turn.name).arg(member.as_str());
        command
            .arg("PX")
            .arg(millis(lease))
            .arg("DELAY")
            .arg(millis(turn.delay));
        match numbers(ACQUIRE, &self.ask_one(&command).await?)? {
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
        held: impl ExactSizeIterator<Item = (&'a Turn, RequestId)>,
        lease: Duration,
    ) -> Result<Vec<bool>, StoreError> {
        let mut pipeline = Pipeline::with_capacity(held.len());
        for (turn, member) in held {
            pipeline
                .cmd("UMQ.RENEW")
                .arg(&*turn.name)
                .arg(member.as_str());
            pipeline.arg("PX").arg(millis(lease));
        }
        let answers = self.ask(&pipeline).await?;
        Ok(answers
            .iter()
            .map(|answer| *answer == Value::Int(1))
            .collect())
    }
}
