//! What a Redis says of itself to somebody who looks whether it is fit for relays.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::{Batch, Connection, Reply, Store, StoreError};
use crate::time::UnixMillis;

/// The settings that matter to relays.
const SETTINGS: [&str; 9] = [
    "appendonly",
    "appendfsync",
    "lazyfree-lazy-eviction",
    "lazyfree-lazy-expire",
    "lazyfree-lazy-server-del",
    "lazyfree-lazy-user-del",
    "maxclients",
    "maxmemory",
    "maxmemory-policy",
];
const LOOKS: usize = 21;

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerKnown {
    /// As the server calls itself: "redis", "valkey".
    pub(crate) server: String,
    pub(crate) version: String,
    /// Of Weir's module: 100 is 0.1.0.
    pub(crate) module: Option<i64>,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkup {
    /// As the server calls itself: "redis", "valkey".
    pub(crate) server: String,
    pub(crate) version: String,
    /// Of Weir's module: 100 is 0.1.0.
    pub(crate) module: Option<i64>,
    /// None where the relay's user may not look.
    pub(crate) settings: Option<BTreeMap<String, String>>,
    /// By how much the clocks differ.
    pub(crate) clocks_apart: Duration,
    /// Of an empty question: the usual time, and the longest.
    pub(crate) usual: Duration,
    pub(crate) longest: Duration,
}

impl Store {
    pub(crate) async fn server(&self) -> Result<ServerKnown, StoreError> {
        let reply = self.domain.ask_one(&Batch::of("HELLO")).await?;
        Ok(server(&reply))
    }

    pub(crate) async fn look(&self) -> Result<Checkup, StoreError> {
        let over = self.another_connection().await?;
        let known = server(&one(&over, Batch::of("HELLO")).await?);
        let settings = settings(&over).await?;
        let (clocks_apart, mut took) = (clocks_apart(&over).await?, Vec::new());
        for _ in 0..LOOKS {
            let began = Instant::now();
            one(&over, Batch::of("PING")).await?;
            took.push(began.elapsed());
        }
        took.sort_unstable();
        Ok(Checkup {
            server: known.server,
            version: known.version,
            module: known.module,
            settings,
            clocks_apart,
            usual: took[LOOKS / 2],
            longest: took[LOOKS - 1],
        })
    }
}

async fn one(over: &Connection, batch: Batch) -> Result<Reply, StoreError> {
    Ok(over.send(&batch).await?.pop().unwrap_or(Reply::Nil))
}

/// Since 7.0 several are asked for at once.
async fn settings(over: &Connection) -> Result<Option<BTreeMap<String, String>>, StoreError> {
    let mut batch = Batch::of("CONFIG");
    batch.arg("GET");
    for name in SETTINGS {
        batch.arg(name);
    }
    let reply = one(over, batch).await?;
    let pairs = reply.list().map(|words| words.as_chunks().0);
    let read = |[name, value]: &[Reply; 2]| {
        let value = value.text().unwrap_or_default();
        Some((name.text()?.to_owned(), value.to_owned()))
    };
    Ok(pairs.map(|pairs| pairs.iter().filter_map(read).collect()))
}

/// The server's, as it was in the middle of the question.
async fn clocks_apart(over: &Connection) -> Result<Duration, StoreError> {
    let before = UnixMillis::now().0;
    let reply = one(over, Batch::of("TIME")).await?;
    let here = before.midpoint(UnixMillis::now().0);
    let words = reply.list().unwrap_or_default().iter();
    let mut numbers = words.filter_map(|word| word.text()?.parse::<u64>().ok());
    let (Some(seconds), Some(micros)) = (numbers.next(), numbers.next()) else {
        return Err(StoreError::Form { command: "TIME" });
    };
    let there = seconds.saturating_mul(1000).saturating_add(micros / 1000);
    Ok(Duration::from_millis(there.abs_diff(here)))
}

fn server(hello: &Reply) -> ServerKnown {
    ServerKnown {
        server: text(hello, "server"),
        version: text(hello, "version"),
        module: field(hello, "modules").and_then(module),
    }
}

fn field<'a>(map: &'a Reply, name: &str) -> Option<&'a Reply> {
    let pairs = map.list()?.as_chunks().0.iter();
    let mut found = pairs.filter(|[key, _]: &&[Reply; 2]| key.text() == Some(name));
    found.next().map(|[_, value]| value)
}

fn text(map: &Reply, name: &str) -> String {
    let found = field(map, name).and_then(Reply::text);
    found.unwrap_or_default().to_owned()
}

fn module(all: &Reply) -> Option<i64> {
    let ours = |module: &&Reply| field(module, "name").and_then(Reply::text) == Some("weir");
    field(all.list()?.iter().find(ours)?, "ver")?.int()
}
