//! What requests hold in Redis and leave there, read with plain commands as an operator would.

use super::Weir;
use crate::eventually::eventually_async;
use crate::redis::Redis;
use crate::reply::Reply;

const DOMAIN: &str = "weir:{default}";

/// What is held according to this server.
#[derive(Clone, Copy, Debug)]
pub struct Holdings<'a>(pub &'a Redis);

impl Weir {
    /// Who holds a slot of an account, counted from 1.
    pub fn account_slots(&self, account: u32) -> Vec<String> {
        self.holdings()
            .members(&format!("{DOMAIN}:gate:account:a{account}"))
    }

    /// Who holds a slot of the key with this id.
    pub fn key_slots(&self, id: &str) -> Vec<String> {
        self.holdings().members(&format!("{DOMAIN}:gate:key:{id}"))
    }

    /// Requests in line for an account, counted from 1.
    pub fn waiting(&self, account: u32) -> i64 {
        let gate = format!("{DOMAIN}:gate:account:a{account}");
        let counts = self.redis.call(["QGATE.COUNT", &gate]);
        counts.items()[0].items()[1].int()
    }

    /// Waits until this many requests are in line for the first account.
    pub async fn until_waiting(&self, count: i64) {
        eventually_async("they stand in line", async || match self.waiting(1) {
            seen if seen == count => Ok(()),
            seen => Err(format!("{seen} wait")),
        })
        .await;
    }

    /// Slots of all gates of all accounts and keys.
    pub fn slots_held(&self) -> usize {
        self.holdings().slots()
    }

    /// Turns that somebody holds.
    pub fn turns_held(&self) -> usize {
        self.holdings().turns()
    }

    /// Requests that their relays are going to ask of an account, or have asked.
    pub fn intents(&self) -> Vec<String> {
        self.holdings().intents()
    }

    fn holdings(&self) -> Holdings<'_> {
        Holdings(&self.redis)
    }

    /// Waits until no slot, turn, intent or upstream request is left.
    pub async fn until_nothing_is_held(&self) {
        eventually_async("nothing is held any more", async || {
            match (
                self.slots_held(),
                self.turns_held(),
                self.intents().len(),
                self.provider.stats().in_flight,
            ) {
                (0, 0, 0, 0) => Ok(()),
                seen => Err(format!(
                    "slots, turns, intents, upstream requests: {seen:?}"
                )),
            }
        })
        .await;
    }

    /// Waits until this many requests are with the upstream.
    pub async fn until_upstream_has(&self, requests: u64) {
        eventually_async("the upstream has them", async || {
            match self.provider.stats().in_flight {
                seen if seen == requests => Ok(()),
                seen => Err(format!("{seen} requests are with the upstream")),
            }
        })
        .await;
    }

    /// The records of requests, the oldest first, once there are as many.
    pub async fn records(&self, count: usize) -> Vec<Reply> {
        eventually_async("the records are written", async || {
            let entries = self.redis.call(format!("XRANGE {DOMAIN}:records - +"));
            let records: Vec<Reply> = entries
                .items()
                .iter()
                .map(|entry| entry.items()[1].clone())
                .collect();
            if records.len() == count {
                Ok(records)
            } else {
                Err(format!("{records:?}"))
            }
        })
        .await
    }
}

impl Holdings<'_> {
    /// Slots of all gates of all accounts and keys. One whose lease has ended is free, also before it is swept.
    pub fn slots(&self) -> usize {
        let gates = self.0.call(format!("KEYS {DOMAIN}:gate:*"));
        let in_use = |gate: &Reply| {
            let counts = self.0.call(["QGATE.COUNT".to_owned(), gate.text()]);
            usize::try_from(counts.items()[0].items()[0].int()).expect("it is a count")
        };
        gates.items().iter().map(in_use).sum()
    }

    /// Turns that somebody holds.
    pub fn turns(&self) -> usize {
        let turns = self.0.call(format!("KEYS {DOMAIN}:turn:*"));
        let held = |turn: &&Reply| {
            let info = self.0.call(["UMQ.INFO".to_owned(), turn.text()]);
            *info.field("holder") != Reply::Nil
        };
        turns.items().iter().filter(held).count()
    }

    /// Requests that their relays are going to ask of an account, or have asked.
    pub fn intents(&self) -> Vec<String> {
        let requests = self.0.call(format!("HKEYS {DOMAIN}:intents"));
        requests.items().iter().map(Reply::text).collect()
    }

    fn members(&self, gate: &str) -> Vec<String> {
        let members = self.0.call(["ZRANGE", gate, "0", "-1"]);
        members
            .items()
            .iter()
            .map(Reply::text)
            .filter(|member| !member.is_empty())
            .collect()
    }
}
