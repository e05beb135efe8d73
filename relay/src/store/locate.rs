//! Which server has a key: the one there is, the master that sentinels know, or the primary of the key's slot.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::timeout;

use super::{
    StoreError,
    wire::{Batch, Connection, Reply},
};
use crate::config::{Access, Address, Place, Servers};

/// How long one of those that know may take: the next is asked then.
const TOLD_WITHIN: Duration = Duration::from_millis(500);

/// Finds the server of one key, each time anew.
#[derive(Debug)]
pub(super) struct Locator {
    servers: Servers,
    key: String,
    /// Who is asked first moves on each time, so that nobody's old news are all that is heard.
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
        let (known_by, question) = match &self.servers {
            Servers::One(address) => return Ok(address.clone()),
            Servers::Sentinel {
                sentinels, master, ..
            } => (sentinels, master_of(master)),
            Servers::Cluster(servers) => (servers, slot_of(&self.key)),
        };
        let first = self.first.fetch_add(1, Relaxed) % known_by.len();
        let (after, before) = known_by.split_at(first);
        let mut last = StoreError::Down;
        for knows in before.iter().chain(after) {
            let told = timeout(TOLD_WITHIN, ask(knows, &question)).await;
            let told = told.unwrap_or(Err(StoreError::Down));
            match told.map(|replies| self.read(knows, &replies)) {
                Ok(Some(address)) => return Ok(address),
                Ok(None) => tracing::debug!(server = %knows, "it does not know which server it is"),
                Err(error) => {
                    tracing::debug!(server = %knows, %error, "it cannot be asked which server it is");
                    last = error;
                }
            }
        }
        Err(last)
    }

    fn read(&self, knows: &Address, replies: &[Reply]) -> Option<Address> {
        match &self.servers {
            Servers::One(address) => Some(address.clone()),
            Servers::Sentinel { access, .. } => read_master(replies, access),
            Servers::Cluster(_) => read_primary(replies, knows),
        }
    }
}

async fn ask(knows: &Address, question: &Batch) -> Result<Vec<Reply>, StoreError> {
    let connection = Connection::open(knows, TOLD_WITHIN, Arc::new(|_| {})).await?;
    Ok(connection.send(question).await?)
}

fn master_of(name: &str) -> Batch {
    let mut batch = Batch::of("SENTINEL");
    batch.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
    batch
}

fn read_master(replies: &[Reply], access: &Access) -> Option<Address> {
    let [host, port] = replies.first()?.list()? else {
        return None;
    };
    Some(access.clone().at(host.text()?, port.text()?.parse().ok()?))
}

fn slot_of(key: &str) -> Batch {
    let mut batch = Batch::of("CLUSTER");
    batch.arg("KEYSLOT").arg(key);
    batch.command("CLUSTER").arg("SLOTS");
    batch
}

/// A server that does not know its own name, or is not to tell it, is where it was asked.
fn read_primary(replies: &[Reply], asked: &Address) -> Option<Address> {
    let [slot, spans] = replies else { return None };
    let slot = slot.int()?;
    let has_it = |span: &&Reply| {
        let Some([from, until, ..]) = span.list() else {
            return false;
        };
        (from.int() <= Some(slot)) && (Some(slot) <= until.int())
    };
    let span = spans.list()?.iter().find(has_it)?.list()?;
    let [host, port, ..] = span.get(2)?.list()? else {
        return None;
    };
    let host = match (host.text(), &asked.place) {
        (Some(host), _) if !host.is_empty() => host,
        (_, Place::Tcp { host, .. }) => host,
        (_, Place::Unix(_)) => return None,
    };
    let port = u16::try_from(port.int()?).ok()?;
    Some(asked.access.clone().at(host, port))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn text(of: &'static str) -> Reply {
        Reply::Text(Bytes::from_static(of.as_bytes()))
    }

    fn span(from: i64, until: i64, host: Reply, port: i64) -> Reply {
        let server = vec![host, Reply::Int(port), text("id"), Reply::List(Vec::new())];
        let server = Reply::List(server);
        Reply::List(vec![Reply::Int(from), Reply::Int(until), server])
    }

    #[test]
    fn the_primary_of_a_slot_is_the_first_server_of_its_span() {
        let asked = Address::of_url("redis://:p@seed:7000").unwrap();
        let spans = Reply::List(vec![
            span(0, 99, text("one"), 1),
            span(100, 200, text(""), 2),
            span(201, 300, Reply::Nil, 3),
        ]);
        for (slot, expected) in [
            (0, Some("redis://one:1")),
            (99, Some("redis://one:1")),
            (100, Some("redis://seed:2")),
            (300, Some("redis://seed:3")),
            (301, None),
        ] {
            let replies = [Reply::Int(slot), spans.clone()];
            let found = read_primary(&replies, &asked);
            assert_eq!(found.as_ref().map(Address::to_string).as_deref(), expected);
            assert!(found.is_none_or(|address| address.access.login.is_some()));
        }
        assert!(read_primary(&[Reply::Nil, spans], &asked).is_none());
        assert!(read_primary(&[Reply::Int(1), Reply::Error("ERR".into())], &asked).is_none());
    }

    #[test]
    fn a_master_that_no_sentinel_knows_is_none() {
        let access = Access::default();
        let known = [Reply::List(vec![text("10.0.0.1"), text("6380")])];
        let found = read_master(&known, &access).unwrap();
        assert_eq!(found.to_string(), "redis://10.0.0.1:6380");
        assert!(read_master(&[Reply::Nil], &access).is_none());
    }
}
