//! The third step: a slot of the key's gate, then a slot of the account that has the most room. Where there is none the
//! caller is told when one is likely; nothing waits here.

use std::{sync::Arc, time::Duration};

use crate::{
    app::App,
    authenticate::Caller,
    forward::Upstream,
    gate::{Gate, likely_free},
    group::{Group, by_room},
    ids::RequestId,
    permit::Permit,
    route::Work,
    store::{Load, Slot, StoreError},
};

/// Who serves the request, and what it holds for that.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) permit: Permit,
}

/// Why a request is not admitted. A limit of the relay, or its store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("this key already has {limit} requests running, which is its limit")]
    KeyBusy { limit: u32, retry: Duration },
    #[error("all accounts of this key's group are busy")]
    AccountsBusy { retry: Duration },
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) async fn admit(
    app: &App,
    id: RequestId,
    work: Work,
    caller: &Caller,
) -> Result<Admitted, Refused> {
    let mut permit = Permit::new(id, &app.ledger);
    let group = &caller.group;
    let any = &group.upstreams[group.rotate()];
    match work {
        Work::ListModels | Work::CountTokens | Work::Health => {
            permit.expect(&caller.key.gate);
            let slot = app
                .store
                .acquire_slot(&caller.key.gate, id, app.lease)
                .await?;
            settle_key(&mut permit, &caller.key.gate, slot)?;
            return Ok(Admitted {
                upstream: Arc::clone(any),
                permit,
            });
        }
        Work::Generate | Work::Embed => {}
    }
    permit.expect(&caller.key.gate);
    let gates = group
        .upstreams
        .iter()
        .map(|upstream| &*upstream.account.gate);
    let (slot, loads) = app
        .store
        .acquire_slot_and_count(&caller.key.gate, id, app.lease, gates)
        .await?;
    settle_key(&mut permit, &caller.key.gate, slot)?;
    let upstream = take_account(app, &mut permit, group, &loads).await?;
    Ok(Admitted { upstream, permit })
}

fn settle_key(permit: &mut Permit, gate: &Arc<Gate>, slot: Slot) -> Result<(), Refused> {
    match slot {
        Slot::Granted => {
            permit.granted(gate);
            Ok(())
        }
        Slot::Full => {
            permit.refused(gate);
            let retry = likely_free(gate.held.mean(), gate.limit, permit.id().spread());
            Err(Refused::KeyBusy {
                limit: gate.limit,
                retry,
            })
        }
    }
}

/// The counts may be old by now: whoever refuses is passed over for the next.
async fn take_account(
    app: &App,
    permit: &mut Permit,
    group: &Group,
    loads: &[Load],
) -> Result<Arc<Upstream>, Refused> {
    for place in by_room(loads, group.rotate()) {
        let upstream = &group.upstreams[place];
        let gate = &upstream.account.gate;
        permit.expect(gate);
        match app.store.acquire_slot(gate, permit.id(), app.lease).await? {
            Slot::Granted => {
                permit.granted(gate);
                return Ok(Arc::clone(upstream));
            }
            Slot::Full => permit.refused(gate),
        }
    }
    Err(Refused::AccountsBusy {
        retry: soonest(group, permit.id()),
    })
}

fn soonest(group: &Group, id: RequestId) -> Duration {
    let gates = group
        .upstreams
        .iter()
        .map(|upstream| &upstream.account.gate);
    gates
        .map(|gate| likely_free(gate.held.mean(), gate.limit, id.spread()))
        .min()
        .unwrap_or(Duration::from_secs(1))
}
