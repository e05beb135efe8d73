//! Offices: what one relay of all does for all. Whoever holds the one slot of an office's gate has it, and keeps it by
//! asking again within the term; when it stops asking, another one gets it.

use std::time::Duration;

use super::{Batch, Store, StoreError, names, numbers};
use crate::{ids::RequestId, time::millis};

const ACQUIRE: &str = "QGATE.ACQUIRE";

/// What is done by one relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Office {
    /// To tell what all relays share.
    Gauges,
    /// To tell operators what they should know.
    Alerts,
}

impl Office {
    fn word(self) -> &'static str {
        match self {
            Self::Gauges => "gauges",
            Self::Alerts => "alerts",
        }
    }
}

impl Store {
    /// Whether a relay has an office, or gets it now, for a term.
    pub(crate) async fn holds_office(
        &self,
        office: Office,
        relay: RequestId,
        term: Duration,
    ) -> Result<bool, StoreError> {
        let mut batch = Batch::of(ACQUIRE);
        batch.arg(names::office(office.word())).arg(relay.as_str());
        batch.arg("LIMIT").number(1_u32);
        batch.arg("PX").number(millis(term));
        let reply = self.domain.ask_one(&batch).await?;
        let [status] = numbers(ACQUIRE, &reply)?;
        Ok(status == 1)
    }
}
