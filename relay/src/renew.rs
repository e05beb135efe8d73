//! Keeps the leases of everything held: one task, a third of a lease per round, in chunks spread over the round.
//! What was lost meanwhile (Redis was away for longer than a lease) is registered again, above the limit if need be.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use hashbrown::HashMap;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    budget::Spending,
    gate::{Gate, Turn},
    ids::RequestId,
    price::MicroUsd,
    purse::Purse,
    store::{
        Aside, Connection, Store, StoreError, register_purse, register_slots, release_slots,
        renew_purse, renew_slots, renew_turns,
    },
    take_back::{Holder, TakeBack, holder},
};

/// Members per command, so that no command keeps Redis for long.
const CHUNK: usize = 256;
/// Before a Redis that did not answer is asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// What is held by whom right now.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    held: Mutex<HashMap<RequestId, Holding>>,
    /// How many slots were.
    lost: AtomicU64,
}

#[derive(Debug, Default)]
struct Holding {
    /// Of whom an operator may take all of it back.
    holder: Option<Holder>,
    gates: Vec<Arc<Gate>>,
    turn: Option<Arc<Turn>>,
    spending: Option<Arc<Spending>>,
}

/// Who has reserved how much of it.
type OfPurse = (Purse, Vec<(RequestId, MicroUsd)>);

/// What one command renews.
enum Chunk {
    Slots {
        gate: Arc<Gate>,
        members: Vec<RequestId>,
    },
    Turns(Vec<(Arc<Turn>, RequestId)>),
    Purse {
        purse: Purse,
        members: Vec<(RequestId, MicroUsd)>,
    },
}

impl Leases {
    /// A request comes that may hold something until [`Self::drop_all`].
    pub(crate) fn begin(&self, id: RequestId) -> TakeBack {
        let (holder, take_back) = holder();
        self.table().entry(id).or_default().holder = Some(holder);
        take_back
    }

    /// An operator takes back what a request holds, if it is one of this relay's.
    pub(crate) fn take_back(&self, id: RequestId) {
        let mut table = self.table();
        let holder = table.get_mut(&id).and_then(|one| one.holder.take());
        drop(table);
        if let Some(holder) = holder {
            holder.take_back();
        }
    }

    pub(crate) fn hold_slot(&self, id: RequestId, gate: &Arc<Gate>) {
        self.table()
            .entry(id)
            .or_default()
            .gates
            .push(Arc::clone(gate));
    }

    pub(crate) fn drop_slot(&self, id: RequestId, gate: &Arc<Gate>) {
        if let Some(holding) = self.table().get_mut(&id) {
            holding.gates.retain(|held| !Arc::ptr_eq(held, gate));
        }
    }

    pub(crate) fn hold_turn(&self, id: RequestId, turn: &Arc<Turn>) {
        self.table().entry(id).or_default().turn = Some(Arc::clone(turn));
    }

    pub(crate) fn hold_spending(&self, id: RequestId, spending: &Arc<Spending>) {
        self.table().entry(id).or_default().spending = Some(Arc::clone(spending));
    }

    pub(crate) fn drop_turn(&self, id: RequestId) {
        if let Some(holding) = self.table().get_mut(&id) {
            holding.turn = None;
        }
    }

    pub(crate) fn drop_all(&self, id: RequestId) {
        let holding = self.table().remove(&id);
        drop(holding);
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    fn table(&self) -> MutexGuard<'_, HashMap<RequestId, Holding>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn holds(&self, id: RequestId, gate: &Gate) -> bool {
        self.table()
            .get(&id)
            .is_some_and(|holding| holding.gates.iter().any(|held| held.name == gate.name))
    }

    fn spends(&self, id: RequestId) -> bool {
        let table = self.table();
        table.get(&id).is_some_and(|one| one.spending.is_some())
    }

    fn chunks(&self) -> Vec<Chunk> {
        let mut slots: HashMap<Box<str>, (Arc<Gate>, Vec<RequestId>)> = HashMap::new();
        let mut turns = Vec::new();
        for (id, holding) in &*self.table() {
            turns.extend(holding.turn.iter().map(|turn| (Arc::clone(turn), *id)));
            for gate in &holding.gates {
                let of_gate = slots.entry(gate.name.clone());
                of_gate
                    .or_insert_with(|| (Arc::clone(gate), Vec::new()))
                    .1
                    .push(*id);
            }
        }
        let of_gate = |(gate, members): (Arc<Gate>, Vec<RequestId>)| {
            let chunk = |members: &[RequestId]| Chunk::Slots {
                gate: Arc::clone(&gate),
                members: members.to_vec(),
            };
            members.chunks(CHUNK).map(chunk).collect::<Vec<_>>()
        };
        let turns = turns
            .chunks(CHUNK)
            .map(|chunk| Chunk::Turns(chunk.to_vec()))
            .collect::<Vec<_>>();
        let mut chunks = turns;
        chunks.extend(slots.into_values().flat_map(of_gate));
        chunks.extend(self.chunks_of_purses());
        chunks
    }

    fn chunks_of_purses(&self) -> Vec<Chunk> {
        let mut purses: HashMap<Box<str>, OfPurse> = HashMap::new();
        for (id, holding) in &*self.table() {
            let Some(spending) = &holding.spending else {
                continue;
            };
            for purse in &spending.purses {
                let of_purse = purses.entry(purse.called.clone());
                let (_, members) = of_purse.or_insert_with(|| (purse.clone(), Vec::new()));
                members.push((*id, spending.cost));
            }
        }
        let of_purse = |(purse, members): OfPurse| {
            let chunk = |members: &[(RequestId, MicroUsd)]| Chunk::Purse {
                purse: purse.clone(),
                members: members.to_vec(),
            };
            members.chunks(CHUNK).map(chunk).collect::<Vec<_>>()
        };
        purses.into_values().flat_map(of_purse).collect()
    }
}

/// Renews for ever. A round begins a third of a lease after the one before; a chunk that Redis does not answer is
/// repeated when it is back, and those behind it catch up.
pub(crate) async fn run(leases: &Leases, store: &Store, lease: Duration) {
    let round = lease / 3;
    let mut begin = Instant::now();
    let mut aside = Aside::default();
    loop {
        // Rounds that an outage swallowed are not made up for.
        begin = (begin + round).max(Instant::now());
        sleep_until(begin).await;
        let chunks = leases.chunks();
        let apart = round / u32::try_from(chunks.len().max(1)).unwrap_or(u32::MAX);
        for (place, chunk) in (0_u32..).zip(&chunks) {
            sleep_until(begin + apart * place).await;
            renew_until_answered(leases, (store, &mut aside), chunk, lease).await;
        }
    }
}

/// Renews everything once, and registers what was lost, over a connection that nobody else uses yet: so what is held
/// counts before anybody new is admitted.
pub(crate) async fn restore(
    leases: &Leases,
    over: &Connection,
    lease: Duration,
) -> Result<(), StoreError> {
    for chunk in leases.chunks() {
        match renew(leases, over, &chunk, lease).await {
            Err(error @ (StoreError::Down | StoreError::Unanswered(_))) => return Err(error),
            Err(error) => tracing::error!(%error, "leases were not renewed"),
            Ok(()) => {}
        }
    }
    Ok(())
}

async fn renew_until_answered(
    leases: &Leases,
    (store, aside): (&Store, &mut Aside),
    chunk: &Chunk,
    lease: Duration,
) {
    loop {
        store.up().await;
        let renewed = match aside.connection(store).await {
            Ok(over) => renew(leases, &over, chunk, lease).await,
            Err(error) => Err(error),
        };
        match renewed {
            Ok(()) => return,
            Err(StoreError::Down | StoreError::Unanswered(_)) => sleep(PAUSE).await,
            Err(error) => {
                tracing::error!(%error, "leases were not renewed");
                return;
            }
        }
    }
}

async fn renew(
    leases: &Leases,
    over: &Connection,
    chunk: &Chunk,
    lease: Duration,
) -> Result<(), StoreError> {
    match chunk {
        Chunk::Slots { gate, members } => {
            let held = renew_slots(over, gate, members, lease).await?;
            let lost = members
                .iter()
                .zip(held)
                .filter(|(_, held)| !held)
                .map(|(id, _)| *id);
            // Most of those not held were released since the chunk was made.
            let lost: Vec<_> = lost.filter(|id| leases.holds(*id, gate)).collect();
            register(leases, over, gate, lost, lease).await
        }
        Chunk::Turns(turns) => {
            let members = turns.iter().map(|(turn, id)| (&**turn, *id));
            renew_turns(over, members, lease).await.map(drop)
        }
        Chunk::Purse { purse, members } => {
            renew_spending(leases, over, (purse, members), lease).await
        }
    }
}

/// What is reserved of a budget. What is settled meanwhile is not reserved again.
async fn renew_spending(
    leases: &Leases,
    over: &Connection,
    (purse, members): (&Purse, &[(RequestId, MicroUsd)]),
    lease: Duration,
) -> Result<(), StoreError> {
    let ids: Vec<_> = members.iter().map(|(id, _)| *id).collect();
    let held = renew_purse(over, purse, &ids, lease).await?;
    let lost = members.iter().zip(held).filter(|(_, held)| !held);
    let lost = lost.map(|(one, _)| *one);
    let lost: Vec<_> = lost.filter(|(id, _)| leases.spends(*id)).collect();
    if lost.is_empty() {
        return Ok(());
    }
    tracing::warn!(
        budget = &*purse.called,
        reservations.lost = lost.len(),
        "lost reservations are made again"
    );
    register_purse(over, purse, &lost, lease).await
}

/// A member that was released while it was registered again would stay for a lease: it is released once more.
async fn register(
    leases: &Leases,
    over: &Connection,
    gate: &Gate,
    lost: Vec<RequestId>,
    lease: Duration,
) -> Result<(), StoreError> {
    if lost.is_empty() {
        return Ok(());
    }
    tracing::warn!(
        gate = &*gate.name,
        leases.lost = lost.len(),
        "lost leases are registered again"
    );
    register_slots(over, gate, &lost, lease).await?;
    leases.lost.fetch_add(lost.len() as u64, Relaxed);
    let gone: Vec<_> = lost
        .into_iter()
        .filter(|id| !leases.holds(*id, gate))
        .collect();
    release_slots(over, gate, &gone).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_renewed_in_chunks_until_it_is_dropped() {
        let leases = Leases::default();
        let gate = Arc::new(Gate::new("gate".into(), 0));
        let other = Arc::new(Gate::new("other".into(), 0));
        let ids: Vec<_> = (0..300).map(|_| RequestId::next()).collect();
        for id in &ids {
            leases.hold_slot(*id, &gate);
        }
        leases.hold_slot(ids[0], &other);
        let sizes = |leases: &Leases| {
            let mut sizes: Vec<_> = leases
                .chunks()
                .iter()
                .map(|chunk| match chunk {
                    Chunk::Slots { members, .. } => members.len(),
                    Chunk::Turns(turns) => turns.len(),
                    Chunk::Purse { members, .. } => members.len(),
                })
                .collect();
            sizes.sort_unstable();
            sizes
        };
        assert_eq!(sizes(&leases), [1, 44, 256]);
        assert!(leases.holds(ids[0], &other) && !leases.holds(ids[1], &other));
        ids.iter().for_each(|id| leases.drop_all(*id));
        assert_eq!(sizes(&leases), [0_usize; 0]);
    }
}
