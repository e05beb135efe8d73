//! What operators were told: a hash, each thing that still holds → since when that is known.

use super::{Batch, Reply, Store, StoreError, is_away, list, names};
use crate::time::UnixMillis;

/// Longer than any period of a budget: those of nobody are forgotten.
const KEPT_S: u64 = 40 * 86_400;
const READ: &str = "HKEYS";

impl Store {
    pub(crate) async fn alerts_told(&self) -> Result<Vec<String>, StoreError> {
        let mut batch = Batch::of(READ);
        batch.arg(names::ALERTS);
        let reply = self.domain.ask_one(&batch).await?;
        let told = list(READ, &reply)?.iter().filter_map(Reply::text);
        Ok(told.map(str::to_owned).collect())
    }

    /// It was told that something begins to hold, or is over.
    pub(crate) async fn note_alert(
        &self,
        about: &str,
        begins: bool,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        match begins {
            true => batch
                .command("HSET")
                .arg(names::ALERTS)
                .arg(about)
                .number(now.0),
            false => batch.command("HDEL").arg(names::ALERTS).arg(about),
        };
        batch.command("EXPIRE").arg(names::ALERTS).number(KEPT_S);
        let replies = self.domain.ask(&batch).await?;
        match replies.iter().any(is_away) {
            true => Err(StoreError::Down),
            false => Ok(()),
        }
    }
}
