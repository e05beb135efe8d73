//! Why a request is not admitted, in the words of whatever stands in the way.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    allowance::{Allowance, Owner, Rate},
    call::Call,
    cooldown::Cause,
    gate::{Gate, likely_free},
    line::End,
    store::{Admission, InTheWay, StoreError},
};

/// Why a request is not admitted. A limit of the relay, or its store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("{owner} has {limit} requests running, which is its limit{}", after(*.waited))]
    OwnerBusy {
        owner: Owner,
        limit: u32,
        retry: Duration,
        waited: Duration,
    },
    #[error("{} has used its {} {} per minute; there is room in {} s", rate.owner, rate.per_minute, rate.measure.word(), retry.as_millis().div_ceil(1000).max(1))]
    RateSpent { rate: Arc<Rate>, retry: Duration },
    #[error("{who} busy{}", after(*.waited))]
    AccountsBusy {
        who: Who,
        retry: Duration,
        waited: Duration,
    },
    #[error("no account of this key's group serves this model")]
    NoModel,
    #[error("{who} resting ({}) for another {} s", cause.word(), retry.as_secs().max(1))]
    AccountsRest {
        who: Who,
        cause: Cause,
        retry: Duration,
    },
    #[error("{who} closed by the operator of this relay")]
    AccountsClosed { who: Who },
    #[error("as many requests as may wait are waiting already")]
    LineFull { retry: Duration },
    #[error("an operator took this request out of the line")]
    Cancelled,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who would have to serve the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    All,
    /// The account that has what the request continues.
    Pinned,
}

impl Who {
    pub(super) fn of(call: &Call) -> Self {
        match call.pinned {
            None => Self::All,
            Some(_) => Self::Pinned,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all accounts of this key's group are",
            Self::Pinned => "the account that has what this request continues is",
        })
    }
}

fn owner(call: &Call, gate: &Arc<Gate>) -> Owner {
    let is_its = |one: &&Allowance| one.gate.as_ref().is_some_and(|own| Arc::ptr_eq(own, gate));
    let found = call.caller.allowances().find(is_its);
    found.map_or(Owner::Key, |one| one.owner)
}

/// How a wait that did not help is told.
fn after(waited: Duration) -> String {
    match waited.as_secs() {
        0 => String::new(),
        seconds => format!("; it waited {seconds} s"),
    }
}

pub(super) fn refused(end: End<InTheWay>, admission: &Admission<'_>, call: &Call) -> Refused {
    let waited = call.patience.since.elapsed();
    let retry =
        |gate: &Gate| likely_free(gate.held.mean(), gate.limit(), admission.member.spread());
    let soonest = || {
        let accounts = admission.any.iter().map(|one| retry(one.gate));
        accounts.min().unwrap_or(Duration::from_secs(1))
    };
    match end {
        End::LineFull(InTheWay::Rate { rate, retry })
        | End::Refused(InTheWay::Rate { rate, retry }) => Refused::RateSpent { rate, retry },
        End::Granted(_) | End::Outdated | End::Cancelled => Refused::Cancelled,
        End::LineFull(InTheWay::Gate(place)) => Refused::LineFull {
            retry: admission
                .all
                .get(place)
                .map_or_else(soonest, |gate| retry(gate)),
        },
        End::Refused(InTheWay::Gate(place)) => match admission.all.get(place) {
            Some(gate) => Refused::OwnerBusy {
                owner: owner(call, gate),
                limit: gate.limit(),
                retry: retry(gate),
                waited,
            },
            None => Refused::AccountsBusy {
                who: Who::of(call),
                retry: soonest(),
                waited,
            },
        },
    }
}
