//! Accounts that operators pause: their gates are closed, their lines stay. A hash says until when, and so does the gate; as
//! cooldowns close gates too, each closing is until the last of both ends.

use std::time::Duration;

use super::{Batch, Reply, Store, StoreError, cooldowns::COOLDOWNS, is_away, list, names};
use crate::{
    cooldown::{Rest, of_field},
    time::{UnixMillis, millis},
};

/// The module closes a gate for so long at most.
pub(super) const LONGEST: Duration = Duration::from_secs(3_650 * 86_400);

impl Store {
    /// Closes the gate of an account until then.
    pub(crate) async fn pause_account(
        &self,
        account: &str,
        until: UnixMillis,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let rests_until = self.rests_until(account, now).await?;
        let mut batch = Batch::of("MULTI");
        batch.command("HSET").arg(names::PAUSES);
        batch.arg(account).number(until.0);
        close(&mut batch, account, until.max(rests_until), now);
        self.tell(batch).await
    }

    /// Opens it again, unless it rests.
    pub(crate) async fn unpause_account(
        &self,
        account: &str,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let rests_until = self.rests_until(account, now).await?;
        let mut batch = Batch::of("MULTI");
        batch.command("HDEL").arg(names::PAUSES).arg(account);
        close(&mut batch, account, rests_until, now);
        self.tell(batch).await
    }

    /// It does not rest any more, neither as a whole nor with any model; one that is paused stays so.
    pub(crate) async fn clear_cooldown(
        &self,
        account: &str,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let (rests, pauses) = (self.cooldowns().await?, self.pauses().await?);
        let mut batch = Batch::of("MULTI");
        for (field, _) in rests
            .iter()
            .filter(|(field, _)| of_field(field).0 == account)
        {
            batch.command("HDEL").arg(names::COOLDOWNS).arg(field);
        }
        let paused = pauses.iter().find(|(paused, _)| **paused == *account);
        close(
            &mut batch,
            account,
            paused.map_or(now, |(_, until)| *until),
            now,
        );
        self.tell(batch).await
    }

    /// Accounts that are or were paused, and until when.
    pub(crate) async fn pauses(&self) -> Result<Vec<(Box<str>, UnixMillis)>, StoreError> {
        let mut batch = Batch::of("HGETALL");
        batch.arg(names::PAUSES);
        let reply = self.domain.ask_one(&batch).await?;
        let pairs = list("HGETALL", &reply)?.as_chunks().0.iter();
        let read = pairs.filter_map(|[account, until]| pause((account.text()?, until)));
        Ok(read.collect())
    }

    /// When its gate opens by itself, had nobody paused it.
    async fn rests_until(&self, account: &str, now: UnixMillis) -> Result<UnixMillis, StoreError> {
        let rests = self.cooldowns().await?;
        let own = rests.iter().find(|(field, _)| field == account);
        let rest = own.and_then(|(_, written)| Rest::read(written));
        let rest = rest.filter(Rest::is_stated);
        Ok(rest.map_or(now, |rest| rest.until.max(now)))
    }

    /// Does all of it, known to every relay at once.
    async fn tell(&self, mut batch: Batch) -> Result<(), StoreError> {
        batch.command("EXEC");
        batch.command("SPUBLISH").arg(names::NEWS).arg(COOLDOWNS);
        let replies = self.domain.ask(&batch).await?;
        if replies.iter().any(is_away) {
            return Err(StoreError::Down);
        }
        let refused = |error: &str| StoreError::Refused {
            command: "EXEC",
            error: error.to_owned(),
        };
        let nested = replies.iter().filter_map(Reply::list).flatten();
        let failed = replies.iter().chain(nested).find_map(Reply::error);
        failed.map_or(Ok(()), |error| Err(refused(error)))
    }
}

/// An account and until when it is paused. What is stored is input: others are passed over.
pub(super) fn pause((account, until): (&str, &Reply)) -> Option<(Box<str>, UnixMillis)> {
    let until = until.text()?.parse().ok()?;
    Some((account.into(), UnixMillis(until)))
}

fn close(batch: &mut Batch, account: &str, until: UnixMillis, now: UnixMillis) {
    let gate = names::account_gate(account);
    match until.since(now) {
        Duration::ZERO => {
            batch.command("QGATE.OPEN").arg(gate);
        }
        span => {
            batch.command("QGATE.CLOSE").arg(gate);
            batch.arg("PX").number(millis(span.min(LONGEST)));
        }
    }
}
