//! The third step: a slot of the key's gate and a slot of one account, together or not at all, in one command. Who finds
//! no room waits in line, as one of its caller's flow, and is served by the first account that has room for it.

use std::{sync::Arc, time::Duration};

use crate::{
    app::App,
    flow::Call,
    forward::Upstream,
    gate::{Gate, likely_free},
    line::{self, End, Patience},
    permit::Permit,
    route::Work,
    store::{Admission, Saying, StoreError},
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
    #[error("this key has {limit} requests running, which is its limit{}", after(*.waited))]
    KeyBusy {
        limit: u32,
        retry: Duration,
        waited: Duration,
    },
    #[error("all accounts of this key's group are busy{}", after(*.waited))]
    AccountsBusy { retry: Duration, waited: Duration },
    #[error("as many requests as may wait are waiting already")]
    LineFull { retry: Duration },
    #[error("an operator took this request out of the line")]
    Cancelled,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a wait that did not help is told.
fn after(waited: Duration) -> String {
    match waited.as_secs() {
        0 => String::new(),
        seconds => format!("; it waited {seconds} s"),
    }
}

pub(crate) async fn admit(
    app: &App,
    call: &Call,
    saying: Option<&Saying>,
) -> Result<Admitted, Refused> {
    let (id, caller) = (call.id, &call.caller);
    let mut permit = Permit::new(id, &app.ledger);
    let upstreams = &caller.group.upstreams;
    let accounts: Vec<&Arc<Gate>> = match call.work {
        Work::Generate | Work::Embed => upstreams.iter().map(|one| &one.account.gate).collect(),
        Work::CountTokens | Work::ListModels | Work::Health => Vec::new(),
    };
    let admission = Admission {
        member: id,
        lease: app.lease,
        all: &[&caller.key.gate],
        any: &accounts,
        flow: &caller.key.id,
        saying,
    };
    permit.ask(admission.gates().cloned());
    permit.intend();
    let end = line::wait(app, &admission, call.patience).await?;
    let End::Granted(index) = end else {
        permit.granted([]);
        return Err(refused(&end, &admission, call.patience));
    };
    let chosen = usize::try_from(index).ok();
    let account = chosen.and_then(|index| accounts.get(index).copied());
    permit.granted(admission.all.iter().copied().chain(account).cloned());
    let place = chosen.unwrap_or_else(|| caller.group.rotate());
    Ok(Admitted {
        upstream: Arc::clone(&upstreams[place]),
        permit,
    })
}

/// In the words of whatever stands in the way: the gate with this place among all that were asked for.
fn refused(end: &End<usize>, admission: &Admission<'_>, patience: Patience) -> Refused {
    let waited = patience.since.elapsed();
    let retry = |gates: &[&Arc<Gate>]| {
        let of_gate = |gate: &&Arc<Gate>| {
            likely_free(gate.held.mean(), gate.limit, admission.member.spread())
        };
        let soonest = gates.iter().map(of_gate).min();
        soonest.unwrap_or(Duration::from_secs(1))
    };
    match *end {
        End::Granted(_) | End::Cancelled => Refused::Cancelled,
        End::LineFull(place) => Refused::LineFull {
            retry: match admission.all.get(place) {
                Some(gate) => retry(&[gate]),
                None => retry(admission.any),
            },
        },
        End::Refused(place) => match admission.all.get(place) {
            Some(gate) => Refused::KeyBusy {
                limit: gate.limit,
                retry: retry(&[gate]),
                waited,
            },
            None => Refused::AccountsBusy {
                retry: retry(admission.any),
                waited,
            },
        },
    }
}
