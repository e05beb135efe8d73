//! Cooldowns for all relays: one hash that says who rests until when and why, `QGATE.CLOSE` for what is sure, and a word
//! to everybody that something has changed.

use std::time::Duration;

use super::{Batch, Store, StoreError, list, names, pauses::LONGEST as LONGEST_CLOSED};
use crate::{
    gate::Gate,
    ids::RequestId,
    time::{UnixMillis, millis},
};

/// What all relays are told when there is something to be read.
pub(crate) const COOLDOWNS: &[u8] = b"cooldowns";

/// Longer than any cooldown lasts.
const KEPT_S: u64 = 9 * 86_400;

/// What the other relays are to know.
#[derive(Debug)]
pub(crate) enum News<'a> {
    /// A field of the hash and its value; the gate, if nobody is to be granted at all for so long.
    Rests {
        field: &'a str,
        written: String,
        closes: Option<(&'a Gate, Duration)>,
    },
    IsWell {
        field: &'a str,
    },
    /// The one who tried is done; what came of it stands before this.
    TrialIsOver {
        gate: &'a Gate,
        member: RequestId,
    },
}

impl Store {
    pub(crate) async fn tell_cooldowns(
        &self,
        news: &[News<'_>],
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let closes = |news: &News<'_>| {
            matches!(
                news,
                News::Rests {
                    closes: Some(_),
                    ..
                }
            )
        };
        let pauses = match news.iter().any(closes) {
            true => self.pauses().await?,
            false => Vec::new(),
        };
        let mut batch = Batch::new();
        for news in news {
            match news {
                News::Rests {
                    field,
                    written,
                    closes,
                } => {
                    batch.command("HSET").arg(names::COOLDOWNS);
                    batch.arg(*field).arg(written);
                    batch.command("EXPIRE").arg(names::COOLDOWNS).number(KEPT_S);
                    if let Some((gate, span)) = closes {
                        batch.command("QGATE.CLOSE").arg(&*gate.name);
                        batch.arg("PX");
                        batch.number(millis(or_paused(&pauses, field, *span, now)).max(1));
                    }
                }
                News::IsWell { field } => {
                    batch.command("HDEL").arg(names::COOLDOWNS).arg(field);
                }
                News::TrialIsOver { gate, member } => {
                    batch.command("QGATE.RELEASE").arg(&*gate.name);
                    batch.arg(member);
                }
            }
        }
        batch.command("SPUBLISH").arg(names::NEWS).arg(COOLDOWNS);
        let replies = self.domain.ask(&batch).await?;
        for error in replies.iter().filter_map(|reply| reply.error()) {
            tracing::error!(error, "Redis refused to note a cooldown");
        }
        Ok(())
    }

    /// All fields with their values.
    pub(crate) async fn cooldowns(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut batch = Batch::of("HGETALL");
        batch.arg(names::COOLDOWNS);
        let reply = self.domain.ask_one(&batch).await?;
        let (pairs, _) = list("HGETALL", &reply)?.as_chunks();
        let texts = pairs.iter().filter_map(|[field, written]| {
            Some((field.text()?.to_owned(), written.text()?.to_owned()))
        });
        Ok(texts.collect())
    }
}

/// The gate of an account that is paused for longer is not opened any sooner.
fn or_paused(
    pauses: &[(Box<str>, UnixMillis)],
    account: &str,
    span: Duration,
    now: UnixMillis,
) -> Duration {
    let paused = pauses.iter().find(|(paused, _)| **paused == *account);
    let left = paused.map_or(Duration::ZERO, |(_, until)| until.since(now));
    span.max(left.min(LONGEST_CLOSED))
}
