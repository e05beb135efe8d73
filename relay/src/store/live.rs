//! What there is to see of all gates and turns at one moment, in three steps, each one round trip over a connection of its
//! own: how many hold and wait; who these are, where there are any; whose requests they are.

use std::sync::Arc;

use super::{
    Aside, Batch, Connection, Reply, Store, StoreError, is_away, link::ask_on, names, pauses::pause,
};
use crate::{
    cooldown::{Rest, of_field},
    intent::{Intent, Stage as Come},
    live::{
        AccountKnown, AccountSeen, Finished, GateSeen, Glance, KeySeen, RelaySeen, Stage, Totals,
        TurnSeen, WaiterSeen,
    },
    tally::COST,
    time::UnixMillis,
};

/// How many of those who hold or wait are read of each gate.
pub(crate) const MOST_SLOTS: u64 = 64;
pub(crate) const MOST_WAITERS: u64 = 100;
/// Records read in one look: of more, the newest stand for all.
const MOST_RECORDS: u64 = 500;
/// Members asked for in one command.
const AT_ONCE: usize = 1_000;

/// Looks at everything, now and then.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    aside: Aside,
    /// The newest record that was read.
    last: Option<String>,
}

/// What is known of a member: how far it has come, and its intent.
pub(crate) type Said = Option<(Come, Intent)>;

impl Watch {
    /// Numbers of all accounts and of these keys, and who they are of.
    pub(crate) async fn glance(
        &mut self,
        store: &Store,
        stage: &Stage,
        keys: &[Arc<str>],
        now: UnixMillis,
    ) -> Result<Glance, StoreError> {
        let over = self.aside.connection(store).await?;
        let mut batch = Batch::new();
        let day = now.hour() / 24;
        for command in [names::COOLDOWNS, names::PAUSES, &names::totals(day)] {
            batch.command("HGETALL").arg(command);
        }
        for account in &stage.accounts {
            batch
                .command("QGATE.INFO")
                .arg(names::account_gate(&account.id));
            if account.turn_delay.is_some() {
                batch.command("UMQ.INFO").arg(names::turn(&account.id));
            }
        }
        for key in keys {
            batch.command("QGATE.INFO").arg(names::gate_of("key", key));
        }
        let replies = ask(&over, &batch).await?;
        let mut replies = replies.iter();
        let mut next = || replies.next().unwrap_or(&Reply::Nil);
        let mut glance = Glance {
            rests: pairs(next()).filter_map(rest).collect(),
            pauses: pairs(next()).filter_map(pause).collect(),
            totals: totals(day, next()),
            ..Glance::default()
        };
        for account in &stage.accounts {
            let gate = gate(next());
            let turn = account.turn_delay.map(|_| turn(next()));
            glance.accounts.push(AccountSeen { gate, turn });
        }
        glance.keys = keys.iter().map(|id| key(id, next())).collect();
        self.lines(&over, stage, &mut glance).await?;
        Ok(glance)
    }

    /// Who holds and who waits, of as many as are shown.
    async fn lines(
        &self,
        over: &Connection,
        stage: &Stage,
        glance: &mut Glance,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        for (known, seen) in stage.accounts.iter().zip(&glance.accounts) {
            ask_lines(&mut batch, known, seen);
        }
        if batch.is_empty() {
            return Ok(());
        }
        let replies = ask(over, &batch).await?;
        let mut replies = replies.iter();
        let mut next = || replies.next().and_then(Reply::list).unwrap_or_default();
        for seen in &mut glance.accounts {
            if seen.gate.in_use > 0 {
                let first = |row: &Reply| lossy(row.list()?.first()?);
                seen.gate.holders = next().iter().filter_map(first).collect();
            }
            if seen.gate.waiting > 0 {
                seen.gate.line = next().iter().filter_map(waiter).collect();
            }
            if let Some(turn) = seen.turn.as_mut().filter(|turn| turn.waiting > 0) {
                turn.line = next().iter().filter_map(waiter).collect();
            }
        }
        Ok(())
    }

    /// What these have said, each in its place.
    pub(crate) async fn said(
        &mut self,
        store: &Store,
        members: &[&str],
    ) -> Result<Vec<Said>, StoreError> {
        let over = self.aside.connection(store).await?;
        let mut batch = Batch::new();
        for some in members.chunks(AT_ONCE) {
            batch.command("HMGET").arg(names::INTENTS);
            for member in some {
                batch.arg(member);
            }
        }
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let replies = ask(&over, &batch).await?;
        let texts = replies.iter().filter_map(Reply::list).flatten();
        Ok(texts.map(|text| Intent::read(text.text()?)).collect())
    }

    /// Requests that have ended since the look before, or since then; the oldest first.
    pub(crate) async fn finished(
        &mut self,
        store: &Store,
        stage: &Stage,
        since: UnixMillis,
    ) -> Result<Vec<Finished>, StoreError> {
        let over = self.aside.connection(store).await?;
        let from = match &self.last {
            Some(last) => format!("({last}"),
            None => since.0.to_string(),
        };
        let mut batch = Batch::of("XREVRANGE");
        batch.arg(names::RECORDS).arg("+").arg(from);
        batch.arg("COUNT").number(MOST_RECORDS);
        let replies = ask(&over, &batch).await?;
        let entries = replies.first().and_then(Reply::list).unwrap_or_default();
        let place = |entry: &Reply| entry.list()?.first()?.text().map(str::to_owned);
        if let Some(newest) = entries.first().and_then(place) {
            self.last = Some(newest);
        }
        let read = entries.iter().rev();
        Ok(read.filter_map(|entry| finished(stage, entry)).collect())
    }

    /// The relays that are there.
    pub(crate) async fn relays(&mut self, store: &Store) -> Result<Vec<RelaySeen>, StoreError> {
        let over = self.aside.connection(store).await?;
        store.relays_over(&over).await
    }

    /// Nobody looks for now.
    pub(crate) fn rest(&mut self) {
        self.aside.close();
    }
}

async fn ask(over: &Connection, batch: &Batch) -> Result<Vec<Reply>, StoreError> {
    let replies = ask_on(over, batch).await?;
    match replies.iter().any(is_away) {
        true => Err(StoreError::Down),
        false => Ok(replies),
    }
}

fn ask_lines(batch: &mut Batch, known: &AccountKnown, seen: &AccountSeen) {
    let gate = names::account_gate(&known.id);
    if seen.gate.in_use > 0 {
        batch.command("QGATE.MEMBERS").arg(&gate);
        batch.arg("COUNT").number(MOST_SLOTS);
    }
    if seen.gate.waiting > 0 {
        batch.command("QGATE.WAITERS").arg(&gate);
        batch.arg("COUNT").number(MOST_WAITERS);
    }
    if seen.turn.as_ref().is_some_and(|turn| turn.waiting > 0) {
        batch.command("UMQ.WAITERS").arg(names::turn(&known.id));
        batch.arg("COUNT").number(MOST_WAITERS);
    }
}

/// Of a map its fields. What is stored is input: one that is none of ours counts as empty.
fn pairs(reply: &Reply) -> impl Iterator<Item = (&str, &Reply)> {
    let pairs = reply.list().unwrap_or_default().as_chunks().0.iter();
    pairs.filter_map(|[name, value]| Some((name.text()?, value)))
}

fn count(reply: &Reply) -> u64 {
    let number = reply.int().and_then(|number| u64::try_from(number).ok());
    number.unwrap_or(0)
}

fn lossy(reply: &Reply) -> Option<Box<str>> {
    Some(String::from_utf8_lossy(reply.bytes()?).into())
}

fn gate(info: &Reply) -> GateSeen {
    let mut gate = GateSeen::default();
    for (name, value) in pairs(info) {
        match name {
            "in-use" => gate.in_use = count(value),
            "waiting" => gate.waiting = count(value),
            "closed-ms" => gate.closed_ms = count(value),
            _ => {}
        }
    }
    gate
}

fn key(id: &Arc<str>, info: &Reply) -> KeySeen {
    let gate = gate(info);
    KeySeen {
        id: Arc::clone(id),
        in_use: gate.in_use,
        waiting: gate.waiting,
    }
}

fn turn(info: &Reply) -> TurnSeen {
    let mut turn = TurnSeen::default();
    for (name, value) in pairs(info) {
        match name {
            "holder" => turn.holder = lossy(value),
            "since-stamp-ms" => turn.since_stamp_ms = value.int().map(|_| count(value)),
            "waiting" => turn.waiting = count(value),
            _ => {}
        }
    }
    turn
}

fn waiter(row: &Reply) -> Option<WaiterSeen> {
    let [member, flow, waited, ..] = row.list()? else {
        return None;
    };
    Some(WaiterSeen {
        member: lossy(member)?,
        flow: lossy(flow),
        waited_ms: count(waited),
    })
}

fn rest((field, written): (&str, &Reply)) -> Option<(Box<str>, Option<Box<str>>, Rest)> {
    let (account, model) = of_field(field);
    let rest = Rest::read(written.text()?)?;
    Some((account.into(), model.map(Into::into), rest))
}

fn totals(day: u64, reply: &Reply) -> Totals {
    let mut totals = Totals {
        day,
        ..Totals::default()
    };
    for (name, value) in pairs(reply) {
        let number = value.text().and_then(|text| text.parse().ok()).unwrap_or(0);
        match name {
            "requests" => totals.requests = number,
            "failed" => totals.failed = number,
            "tokens" => totals.tokens = number,
            COST => totals.cost_micro_usd = number,
            _ => {}
        }
    }
    totals
}

/// A record of the stream.
fn finished(stage: &Stage, entry: &Reply) -> Option<Finished> {
    let [place, fields] = entry.list()? else {
        return None;
    };
    let (ended, _) = place.text()?.split_once('-')?;
    let (mut id, mut waited_ms, mut lasted_ms) = (None, 0, 0);
    for (name, value) in pairs(fields) {
        let number = || value.text().and_then(|text| text.parse().ok()).unwrap_or(0);
        match name {
            "key" => id = value.text(),
            "wait_ms" => waited_ms = number(),
            "duration_ms" => lasted_ms = number(),
            _ => {}
        }
    }
    Some(Finished {
        key: stage.id(id?),
        at: UnixMillis(ended.parse().ok()?),
        waited_ms,
        held_ms: u64::saturating_sub(lasted_ms, waited_ms),
    })
}
