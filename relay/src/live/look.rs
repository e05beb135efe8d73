//! One look at everything: what is asked of Redis, and in which order.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    build::{Memory, snapshot},
    fairness,
    members::Who,
    seen::{AccountSeen, Glance},
    snapshot::Snapshot,
    stage::Stage,
};
use crate::{
    store::{Store, StoreError, Watch},
    time::{UnixMillis, millis},
};

/// Keys that are looked at each time, whether there is something to see of them or not. Of more, those with something
/// are, and the others in turn.
const MOST_KEYS: usize = 1_000;

/// Looks again and again, and remembers what need not be asked twice.
#[derive(Debug, Default)]
pub(crate) struct Look {
    watch: Watch,
    memory: Memory,
    /// Keys with something, as far as the look before showed.
    busy: BTreeSet<Arc<str>>,
    /// Where the keys that are looked at in turn begin.
    next: usize,
}

impl Look {
    pub(crate) async fn at(
        &mut self,
        store: &Store,
        stage: &Stage,
        now: UnixMillis,
    ) -> Result<Snapshot, StoreError> {
        let keys = self.keys(stage);
        let mut glance = self.watch.glance(store, stage, &keys, now).await?;
        glance.relays = self.watch.relays(store).await?;
        self.learn_members(store, stage, &glance, now).await?;
        let since = UnixMillis(now.0.saturating_sub(millis(fairness::SPAN)));
        let finished = self.watch.finished(store, stage, since).await?;
        self.memory.window.learn(finished, now);
        self.memory.rates.learn(glance.totals, now);
        self.note_busy(stage, &glance);
        Ok(snapshot(stage, &self.memory, glance, now))
    }

    /// Nobody wants to know for now.
    pub(crate) fn rest(&mut self) {
        self.watch.rest();
    }

    fn keys(&mut self, stage: &Stage) -> Vec<Arc<str>> {
        let all = stage.keys.iter().map(|key| Arc::clone(&key.id));
        if stage.keys.len() <= MOST_KEYS {
            // One that was disabled may still have something.
            let unknown = self.busy.iter().filter(|id| stage.key(id).is_none());
            return all.chain(unknown.cloned()).collect();
        }
        let from = self.next % stage.keys.len();
        self.next = from + MOST_KEYS;
        let in_turn = all.clone().cycle().skip(from).take(MOST_KEYS);
        let mut keys = self.busy.clone();
        keys.extend(in_turn);
        keys.into_iter().collect()
    }

    async fn learn_members(
        &mut self,
        store: &Store,
        stage: &Stage,
        glance: &Glance,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let holders = glance.accounts.iter().flat_map(AccountSeen::holders);
        let waiters = glance.accounts.iter().flat_map(AccountSeen::lines);
        let waiters = waiters.map(|waiter| &*waiter.member);
        let members = &mut self.memory.members;
        let unknown = members.look(holders, waiters, now);
        let said = self.watch.said(store, &unknown).await?;
        for (member, said) in unknown.iter().zip(said) {
            if let Some((come, intent)) = said {
                let who = Who {
                    key: stage.id(&intent.key),
                    model: intent.model.map(Into::into),
                    at: intent.at,
                    stage: come,
                };
                members.learn(member, who);
            }
        }
        Ok(())
    }

    fn note_busy(&mut self, stage: &Stage, glance: &Glance) {
        let seen = glance.keys.iter().filter(|key| key.is_busy());
        self.busy = seen.map(|key| Arc::clone(&key.id)).collect();
        let lines = glance.accounts.iter().flat_map(AccountSeen::lines);
        let flows = lines.filter_map(|waiter| waiter.flow.as_deref());
        self.busy.extend(flows.map(|flow| stage.id(flow)));
    }
}
