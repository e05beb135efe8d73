//! How often a password may be tried: buckets that all relays share, each with room for a few tries, and more with time.
//! Whoever exhausts one delays others by minutes and never locks them out.

use std::time::Duration;

use super::{Batch, Store, StoreError, names, numbers};

const TAKE: &str = "RATE.TAKE";
const GIVE: &str = "RATE.GIVE";
const MOST: u64 = 10;
const NOTED_AN_HOUR: u64 = 200;
const WITHIN: Duration = Duration::from_secs(600);

impl Store {
    /// Counts a try in each of these buckets, or in none of them: then it gives how long there is to wait.
    pub(crate) async fn begin_try(
        &self,
        buckets: &[String],
    ) -> Result<Option<Duration>, StoreError> {
        let mut batch = Batch::new();
        for bucket in buckets {
            one(&mut batch, TAKE, bucket);
        }
        let replies = self.callers.ask(&batch).await?;
        let (mut taken, mut wait) = (Vec::new(), None);
        for (bucket, reply) in buckets.iter().zip(&replies) {
            let [allowed, _, retry_ms] = numbers(TAKE, reply)?;
            match allowed {
                1 => taken.push(bucket.clone()),
                _ => {
                    let retry = u64::try_from(retry_ms).map(Duration::from_millis);
                    wait = wait.max(Some(retry.unwrap_or(WITHIN)));
                }
            }
        }
        if wait.is_some() && !taken.is_empty() {
            self.undo_try(&taken).await?;
        }
        Ok(wait)
    }

    /// Whether one more failure is written down.
    pub(crate) async fn begin_note(&self) -> Result<bool, StoreError> {
        let mut batch = Batch::of(TAKE);
        batch.arg(names::tries("noted"));
        batch.arg("BURST").number(NOTED_AN_HOUR);
        batch.arg("RATE").number(NOTED_AN_HOUR);
        batch.arg("PER").arg("3600000");
        let [allowed] = numbers(TAKE, &self.callers.ask_one(&batch).await?)?;
        Ok(allowed == 1)
    }

    /// It does not count: the password was right.
    pub(crate) async fn undo_try(&self, buckets: &[String]) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        for bucket in buckets {
            one(&mut batch, GIVE, bucket);
        }
        self.done(&batch).await
    }
}

fn one(batch: &mut Batch, command: &str, bucket: &str) {
    batch.command(command).arg(names::tries(bucket));
    batch.arg("BURST").number(MOST).arg("RATE").number(MOST);
    batch.arg("PER").number(WITHIN.as_millis() as u64);
    batch.arg("COST").arg("1");
}
