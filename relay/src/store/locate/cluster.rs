//! The primary of a slot as servers of the Cluster know it: they are asked in turn, and the first that knows one is
//! believed. Where it is wrong the server it has named says so, and the next is asked another time.

use super::ask;
use crate::{
    config::{Address, Place},
    store::{
        StoreError,
        wire::{Batch, Reply},
    },
};

pub(super) async fn primary(
    servers: impl Iterator<Item = &Address>,
    key: &str,
) -> Result<Address, StoreError> {
    let mut question = Batch::of("CLUSTER");
    question.arg("KEYSLOT").arg(key);
    question.command("CLUSTER").arg("SLOTS");
    let mut last = StoreError::Down;
    for server in servers {
        match ask(server, &question).await {
            Ok(replies) => match read(&replies, server) {
                Some(address) => return Ok(address),
                None => tracing::debug!(%server, "it knows no server that has our slot"),
            },
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A server that does not know its own name, or is not to tell it, is where it was asked.
fn read(replies: &[Reply], asked: &Address) -> Option<Address> {
    let [slot, spans] = replies else { return None };
    let slot = slot.int()?;
    let has_it = |span: &&Reply| {
        let Some([from, until, ..]) = span.list() else {
            return false;
        };
        let bounds = from.int().zip(until.int());
        bounds.is_some_and(|(from, until)| (from..=until).contains(&slot))
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
    use super::super::text;
    use super::*;

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
            let found = read(&[Reply::Int(slot), spans.clone()], &asked);
            assert_eq!(found.as_ref().map(Address::to_string).as_deref(), expected);
            assert!(found.is_none_or(|address| address.access.login.is_some()));
        }
        assert!(read(&[Reply::Nil, spans], &asked).is_none());
        assert!(read(&[Reply::Int(1), Reply::Error("ERR".into())], &asked).is_none());
    }
}
