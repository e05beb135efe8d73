//! Rates that are charged by themselves, and what is corrected of them afterwards: `RATE.TAKE` and `RATE.GIVE`.

use std::time::Duration;

use super::{Batch, Store, StoreError, numbers};
use crate::allowance::{Charge, Correction, Rate};

pub(super) const MINUTE_MS: u64 = 60_000;
const TAKE: &str = "RATE.TAKE";
const GIVE: &str = "RATE.GIVE";

impl Store {
    /// All of these or none. Gives the place of the one that there has to be waited for longest, and how long.
    pub(crate) async fn take_rates(
        &self,
        charges: &[Charge],
    ) -> Result<Option<(usize, Duration)>, StoreError> {
        let mut batch = Batch::new();
        for charge in charges {
            command(&mut batch, TAKE, &charge.rate, charge.cost);
        }
        let replies = self.domain.ask(&batch).await?;
        let (mut taken, mut short) = (Vec::new(), None);
        for (place, (charge, reply)) in charges.iter().zip(&replies).enumerate() {
            let [allowed, _, retry_ms] = numbers(TAKE, reply)?;
            match allowed {
                1 => taken.push(charge),
                _ => {
                    let retry = Duration::from_millis(u64::try_from(retry_ms).unwrap_or(MINUTE_MS));
                    short = short.max(Some((retry, place)));
                }
            }
        }
        if short.is_some() {
            self.give_back(&taken);
        }
        Ok(short.map(|(retry, place)| (place, retry)))
    }

    /// Sent and not waited for: a minute makes good what is lost.
    fn give_back(&self, taken: &[&Charge]) {
        let mut batch = Batch::new();
        for charge in taken {
            command(&mut batch, GIVE, &charge.rate, charge.cost);
        }
        if let Ok(connection) = self.domain.connection() {
            drop(connection.send(&batch));
        }
    }
}

/// Takes what was used beyond what was taken, or gives back what was not.
pub(super) fn correct(batch: &mut Batch, correction: &Correction) {
    let Correction { rate, taken, used } = correction;
    match used > taken {
        true => {
            command(batch, TAKE, rate, used - taken);
            batch.arg("FORCE");
        }
        false => command(batch, GIVE, rate, taken - used),
    }
}

fn command(batch: &mut Batch, name: &str, rate: &Rate, cost: u64) {
    batch.command(name).arg(&*rate.name);
    batch.arg("BURST").number(rate.per_minute);
    batch.arg("RATE").number(rate.per_minute);
    batch.arg("PER").number(MINUTE_MS).arg("COST").number(cost);
}
