//! Which server has a key: the one there is, the master that sentinels know, or the primary of the key's slot.

mod cluster;
mod sentinel;

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use tokio::time::{sleep, timeout};

use super::{
    StoreError,
    wire::{Batch, Connection, Keeping, Reply},
};
use crate::{
    config::{Address, Servers},
    telemetry::{Scale, Spread},
};

/// How long one of those that know may take to say it.
const TOLD_WITHIN: Duration = Duration::from_millis(500);
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Finds the server of one key, each time anew.
#[derive(Debug)]
pub(super) struct Locator {
    servers: Servers,
    key: String,
    /// Who is asked first in a Cluster moves on each time, so that nobody's old news are all that is heard.
    first: AtomicUsize,
}

impl Locator {
    pub(super) fn new(servers: Servers, key: String) -> Self {
        Self {
            servers,
            key,
            first: AtomicUsize::new(0),
        }
    }

    pub(super) async fn address(&self) -> Result<Address, StoreError> {
        match &self.servers {
            Servers::One(address) => Ok(address.clone()),
            Servers::Sentinel {
                sentinels,
                master,
                access,
            } => sentinel::master(sentinels, master, access).await,
            Servers::Cluster(servers) => {
                let first = self.first.fetch_add(1, Relaxed) % servers.len();
                let (after, before) = servers.split_at(first);
                cluster::primary(before.iter().chain(after), &self.key).await
            }
        }
    }

    /// Waits until another server is the one. Sentinels make a new master some time before the old one is told; servers
    /// of a Cluster know it themselves and refuse to go on.
    pub(super) async fn moves_from(&self, current: &Address) {
        match self.servers {
            Servers::Sentinel { .. } => {}
            Servers::One(_) | Servers::Cluster(_) => return std::future::pending().await,
        }
        loop {
            sleep(LOOK_EVERY).await;
            let found = self.address().await;
            if found.is_ok_and(|found| found.place != current.place) {
                return;
            }
        }
    }
}

async fn ask(knows: &Address, question: &Batch) -> Result<Vec<Reply>, StoreError> {
    let told = async {
        let latency = Spread::new(Scale::RoundTrips);
        let connection = Connection::open(knows, Keeping::deaf(TOLD_WITHIN, latency)).await?;
        Ok(connection.send(question).await?)
    };
    let told = timeout(TOLD_WITHIN, told)
        .await
        .unwrap_or(Err(StoreError::Down));
    if let Err(error) = &told {
        tracing::debug!(server = %knows, %error, "it cannot be asked which server it is");
    }
    told
}

#[cfg(test)]
fn text(of: &'static str) -> Reply {
    Reply::Text(bytes::Bytes::from_static(of.as_bytes()))
}
