//! Who is signed in: a key for each session, by the digest of its secret, which ends by itself; and the browsers in which
//! somebody has signed in before.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Batch, Reply, Store, StoreError, is_away, names};
use crate::time::millis;

/// How long a browser is known after somebody has signed in there.
const BROWSER_KNOWN: Duration = Duration::from_hours(90 * 24);

/// A session as Redis has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredSession {
    /// Whose it is.
    pub(crate) name: String,
    /// The operator's when it began.
    pub(crate) epoch: String,
    pub(crate) made_ms: u64,
}

impl Store {
    pub(crate) async fn put_session(
        &self,
        digest: &str,
        session: &StoredSession,
        span: Duration,
    ) -> Result<(), StoreError> {
        let text = serde_json::to_string(session).expect("it is JSON");
        let mut batch = Batch::of("SET");
        batch.arg(names::session(digest)).arg(text);
        batch.arg("PX").number(millis(span));
        self.done(&batch).await
    }

    /// A session that has not ended, and when it does if nothing happens.
    pub(crate) async fn session(
        &self,
        digest: &str,
    ) -> Result<Option<(StoredSession, Duration)>, StoreError> {
        let name = names::session(digest);
        let mut batch = Batch::of("GET");
        batch.arg(&name);
        batch.command("PTTL").arg(&name);
        let replies = self.callers.ask(&batch).await?;
        let [text, left] = &replies[..] else {
            return Err(StoreError::Form { command: "GET" });
        };
        if is_away(text) {
            return Err(StoreError::Down);
        }
        let session = text.text().and_then(|text| serde_json::from_str(text).ok());
        let left = left.int().and_then(|left| u64::try_from(left).ok());
        Ok(session.zip(left.map(Duration::from_millis)))
    }

    pub(crate) async fn keep_session(
        &self,
        digest: &str,
        span: Duration,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::of("PEXPIRE");
        batch.arg(names::session(digest)).number(millis(span));
        self.done(&batch).await
    }

    pub(crate) async fn end_session(&self, digest: &str) -> Result<(), StoreError> {
        let mut batch = Batch::of("DEL");
        batch.arg(names::session(digest));
        self.done(&batch).await
    }

    /// Somebody has signed in there.
    pub(crate) async fn know_browser(&self, digest: &str, name: &str) -> Result<(), StoreError> {
        let mut batch = Batch::of("SET");
        batch.arg(names::browser(digest)).arg(name);
        batch.arg("PX").number(millis(BROWSER_KNOWN));
        self.done(&batch).await
    }

    /// Who has signed in there.
    pub(crate) async fn browser(&self, digest: &str) -> Result<Option<String>, StoreError> {
        let mut batch = Batch::of("GET");
        batch.arg(names::browser(digest));
        let reply = self.callers.ask_one(&batch).await?;
        Ok(reply.text().map(str::to_owned))
    }

    /// Commands of which nobody wants to know more than that they were done.
    pub(super) async fn done(&self, batch: &Batch) -> Result<(), StoreError> {
        let replies = self.callers.ask(batch).await?;
        if replies.iter().any(is_away) {
            return Err(StoreError::Down);
        }
        match replies.iter().find_map(Reply::error) {
            None => Ok(()),
            Some(error) => Err(StoreError::Refused {
                command: "a write of the operators' side",
                error: error.to_owned(),
            }),
        }
    }
}
