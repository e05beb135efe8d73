//! What operators do to queues: take a waiter out of a line, take back what a holder has, and say which accounts are let
//! requests: one that is paused grants nobody while its line stays, one that is drained gives its line to others.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{AdminError, Desk, What, accounts::Drain, audit::Deed};
use crate::{
    config::Misfit,
    ids::RequestId,
    live::Queue,
    time::{UnixMillis, millis},
};

/// How long the relay of a request may take to end it.
const ENDED_WITHIN: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A pause is no shorter and no longer, unless it has no end.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

impl Desk<'_> {
    /// Its caller is told, whichever relay it waits at.
    pub(crate) async fn cancel_waiter(
        &self,
        queue: &Queue,
        member: &str,
    ) -> Result<(), AdminError> {
        if !self.store.cancel(queue, member).await? {
            return Err(gone(queue, member));
        }
        self.note(&deed("cancel", queue, member)).await
    }

    /// The request that holds it is ended by its relay, and gives back all that it holds.
    pub(crate) async fn take_back(&self, queue: &Queue, member: &str) -> Result<(), AdminError> {
        if !self.store.holds(queue, member, UnixMillis::now()).await? {
            return Err(gone(queue, member));
        }
        let deed = deed("take_back", queue, member);
        match RequestId::read(member.as_bytes()) {
            Some(request) if self.store.has_relay_of(request).await? => {
                self.store.tell_taken_back(request).await?;
                // What was told is not taken back, however long it takes.
                self.note(&deed).await?;
                self.until_given_back(queue, member).await
            }
            // Nobody would end it, and nobody would renew it either.
            Some(_) | None => {
                self.store.release(queue, member).await?;
                self.note(&deed).await
            }
        }
    }

    async fn until_given_back(&self, queue: &Queue, member: &str) -> Result<(), AdminError> {
        let end = Instant::now() + ENDED_WITHIN;
        while self.store.holds(queue, member, UnixMillis::now()).await? {
            if Instant::now() > end {
                let member = member.to_owned();
                return Err(AdminError::StillHeld { member });
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Without a span, until it is resumed.
    pub(crate) async fn pause_account(
        &self,
        id: &str,
        span: Option<Duration>,
    ) -> Result<(), AdminError> {
        self.exists(id).await?;
        if span.is_some_and(|span| !(SHORTEST..=LONGEST).contains(&span)) {
            return Err(AdminError::Misfit(Misfit {
                field: Some("for_ms".into()),
                why: "must be 1 second to 30 days, in milliseconds".into(),
            }));
        }
        let now = UnixMillis::now();
        let until = span.map_or(UnixMillis::NEVER, |span| UnixMillis(now.0 + millis(span)));
        self.store.pause_account(id, until, now).await?;
        let mut deed = Deed::to("pause", What::Account, id);
        if let Some(span) = span {
            let for_ms = json!({"for_ms": millis(span)});
            let none = json!({"for_ms": null});
            if let (Some(none), Some(for_ms)) = (none.as_object(), for_ms.as_object()) {
                deed = deed.between(none, for_ms);
            }
        }
        self.note(&deed).await
    }

    /// Ends a pause and a drain.
    pub(crate) async fn resume_account(&self, id: &str) -> Result<(), AdminError> {
        self.drain_account(id, Drain::Ends).await?;
        Ok(self.store.unpause_account(id, UnixMillis::now()).await?)
    }

    pub(crate) async fn clear_cooldown(&self, id: &str) -> Result<(), AdminError> {
        self.exists(id).await?;
        self.store.clear_cooldown(id, UnixMillis::now()).await?;
        let deed = Deed::to("clear_cooldown", What::Account, id);
        self.note(&deed).await
    }

    async fn exists(&self, id: &str) -> Result<(), AdminError> {
        self.account(id).await.map(drop)
    }
}

fn gone(queue: &Queue, member: &str) -> AdminError {
    AdminError::NotThere {
        member: member.to_owned(),
        queue: queue.to_string(),
    }
}

fn deed(act: &'static str, queue: &Queue, member: &str) -> Deed {
    Deed::new(act, "queue", &format!("{queue} {member}"))
}
