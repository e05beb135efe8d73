//! Which relays are there: each says so with a key that ends by itself, and stands in a hash of all,
//! process → since when, of which version, with which declarations.

use std::{collections::HashSet, time::Duration};

use super::{Batch, Connection, Reply, Store, StoreError, link::ask_on};
use crate::{
    ids::{RequestId, process_name},
    live::RelaySeen,
    store::names,
    time::{UnixMillis, millis},
};

/// After which intents, and the relays that there were, are forgotten if no relay comes any more.
const KEPT_S: u64 = 7 * 86_400;
const EXISTS: &str = "EXISTS";

impl Store {
    /// For so long this relay is there.
    pub(crate) async fn be_present(
        &self,
        span: Duration,
        (since, digest): (UnixMillis, &str),
    ) -> Result<(), StoreError> {
        let process = process_name();
        let version = env!("CARGO_PKG_VERSION");
        let mut batch = Batch::of("SET");
        batch.arg(names::relay(&process)).arg("1");
        batch.arg("PX").number(millis(span));
        batch.command("HSET").arg(names::RELAYS);
        batch.arg(&process);
        batch.arg(format!("{} {version} {digest}", since.0));
        for name in [names::INTENTS, names::RELAYS] {
            batch.command("EXPIRE").arg(name).number(KEPT_S);
        }
        self.domain.ask(&batch).await.map(drop)
    }

    /// It goes, and needs nobody to look for what it leaves.
    pub(crate) async fn be_absent(&self) -> Result<(), StoreError> {
        let mut batch = Batch::of("HDEL");
        batch.arg(names::RELAYS).arg(process_name());
        self.domain.ask(&batch).await.map(drop)
    }

    /// Those of the requests whose relay is not there.
    pub(crate) async fn without_relay(
        &self,
        requests: impl Iterator<Item = RequestId> + Clone,
    ) -> Result<HashSet<RequestId>, StoreError> {
        let processes = requests.clone();
        let over = self.connection()?;
        let there = are_there(
            &over,
            processes.map(|request| names::relay(request.process())),
        );
        let gone = requests.zip(there.await?).filter(|(_, there)| !there);
        Ok(gone.map(|(request, _)| request).collect())
    }

    /// All that are there, the oldest first.
    pub(crate) async fn relays(&self) -> Result<Vec<RelaySeen>, StoreError> {
        self.relays_over(&self.connection()?).await
    }

    /// [`relays`](Self::relays) over a connection that the caller has chosen.
    pub(super) async fn relays_over(
        &self,
        over: &Connection,
    ) -> Result<Vec<RelaySeen>, StoreError> {
        let mut relays = known(over).await?;
        let names = relays.iter().map(|relay| names::relay(&relay.process));
        let mut there = are_there(over, names).await?.into_iter();
        relays.retain(|_| there.next().unwrap_or(false));
        Ok(relays)
    }

    /// Strikes those that are not there any more.
    pub(crate) async fn forget_relays(&self) -> Result<(), StoreError> {
        let over = self.connection()?;
        let relays = known(&over).await?;
        let names = relays.iter().map(|relay| names::relay(&relay.process));
        let there = are_there(&over, names).await?;
        let mut batch = Batch::new();
        for (relay, there) in relays.iter().zip(there) {
            if !there {
                batch.command("HDEL").arg(names::RELAYS);
                batch.arg(&*relay.process);
            }
        }
        match batch.is_empty() {
            true => Ok(()),
            false => ask_on(&over, &batch).await.map(drop),
        }
    }
}

/// All that have been there, the oldest first.
async fn known(over: &Connection) -> Result<Vec<RelaySeen>, StoreError> {
    let mut batch = Batch::of("HGETALL");
    batch.arg(names::RELAYS);
    let replies = ask_on(over, &batch).await?;
    let fields = replies.first().and_then(Reply::list).unwrap_or_default();
    let relay = |[process, said]: &[Reply; 2]| {
        let mut words = said.text()?.split(' ');
        Some(RelaySeen {
            process: process.text()?.into(),
            since: UnixMillis(words.next()?.parse().ok()?),
            version: words.next().unwrap_or_default().into(),
            digest: words.next().unwrap_or_default().into(),
        })
    };
    let mut relays: Vec<_> = fields.as_chunks().0.iter().filter_map(relay).collect();
    relays.sort_unstable_by(|one, other| {
        (one.since, &one.process).cmp(&(other.since, &other.process))
    });
    Ok(relays)
}

async fn are_there(
    over: &Connection,
    names: impl Iterator<Item = String>,
) -> Result<Vec<bool>, StoreError> {
    let mut batch = Batch::new();
    for name in names {
        batch.command(EXISTS).arg(name);
    }
    match batch.is_empty() {
        true => Ok(Vec::new()),
        false => {
            let replies = ask_on(over, &batch).await?;
            Ok(replies.iter().map(|there| there.int() != Some(0)).collect())
        }
    }
}
