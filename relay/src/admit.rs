//! The third step: a slot of the key's gate and a slot of one account, together or not at all, in one command. Who finds
//! no room waits in line, as one of its caller's flow, and is served by the first account that has room for it.

mod refused;
mod trial;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::time::{Instant, timeout, timeout_at};

pub(crate) use refused::{Refused, Who};

use refused::refused;

use crate::{
    app::App,
    attempts::Attempts,
    call::Call,
    choice::{Nobody, Reason},
    cooldown::State,
    forward::Upstream,
    gate::Gate,
    ids::RequestId,
    intent::Stage,
    line::{self, Answer, Ask, End, Patience, Wait},
    permit::Permit,
    route::Work,
    store::{Admission, Affinity, Connection, InTheWay, Saying, StoreError, Tiered},
    time::UnixMillis,
};

/// Who serves the request, and why.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// In its group.
    pub(crate) place: usize,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) reason: Reason,
    /// The gate of the trial that it is, if it is one.
    pub(crate) trial: Option<Arc<Gate>>,
}

impl Admitted {
    /// The gates of the account that it holds a slot of.
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Arc<Gate>> {
        self.trial.iter().chain([&self.upstream.account.gate])
    }
}

/// `attempts` are the accounts that have had the request already; what the permit still holds is kept. None: others may
/// serve it by now, or under other limits.
pub(crate) async fn admit(
    app: &App,
    call: &Call,
    attempts: &Attempts,
    saying: (&Saying, Stage),
    permit: &mut Permit,
) -> Result<Option<Admitted>, Refused> {
    let places = match call.eligible(app, attempts, UnixMillis::now()) {
        Ok(places) => places,
        Err(nobody) => {
            permit.leave_line(&app.store);
            until_somebody_is_back(app, call, attempts, nobody).await?;
            return Ok(None);
        }
    };
    let asking = Asking {
        places: &places,
        attempts,
        patience: call.patience,
        saying: Some(saying),
    };
    let Some(mut admitted) = ask(app, call, asking, permit).await? else {
        return Ok(None);
    };
    // It may have been cooled while this one was in line, or have another's trial just now.
    let state = trial::enter(app, call, &mut admitted, permit).await;
    if let State::Resting(_) = state
        && let Ok(others) = call.eligible(app, attempts, UnixMillis::now())
        && !others.contains(&admitted.place)
    {
        permit.give_back(&admitted.upstream.account.gate);
        return Ok(None);
    }
    Ok(Some(admitted))
}

/// To one of `places` that has room at once, if there is one; what the permit holds is kept.
pub(crate) async fn admit_at_once(
    app: &App,
    call: &Call,
    places: &[usize],
    attempts: &Attempts,
    permit: &mut Permit,
) -> Result<Option<Admitted>, Refused> {
    let asking = Asking {
        places,
        attempts,
        patience: Patience {
            until: None,
            ..call.patience
        },
        saying: None,
    };
    let mut admitted = match ask(app, call, asking, permit).await {
        Ok(Some(admitted)) => admitted,
        Ok(None) => return Ok(None),
        Err(Refused::Store(StoreError::Down)) => {
            permit.granted([]);
            return Ok(None);
        }
        Err(
            Refused::AccountsBusy { .. } | Refused::OwnerBusy { .. } | Refused::RateSpent { .. },
        ) => return Ok(None),
        Err(Refused::LineFull { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    match trial::enter(app, call, &mut admitted, permit).await {
        State::Well | State::OnTrial(_) => Ok(Some(admitted)),
        State::Resting(_) => {
            permit.give_back(&admitted.upstream.account.gate);
            Ok(None)
        }
    }
}

/// Where the first to come back does so while the request may still wait, it waits for that, or for others.
async fn until_somebody_is_back(
    app: &App,
    call: &Call,
    attempts: &Attempts,
    nobody: Nobody,
) -> Result<(), Refused> {
    let rest = match nobody {
        Nobody::Rests(rest) => rest,
        Nobody::Closed => return until_opened(app, call, attempts, nobody).await,
        Nobody::LacksModel | Nobody::Tried => return Err(Refused::NoModel),
    };
    let now = UnixMillis::now();
    let span = Duration::from_millis(rest.end().0.saturating_sub(now.0));
    let in_time = |until: Instant| Instant::now() + span < until;
    if !attempts.is_empty() || !call.patience.until.is_some_and(in_time) {
        return Err(Refused::AccountsRest {
            who: Who::of(call),
            cause: rest.cause,
            retry: span,
        });
    }
    drop(timeout(span, until_others(app, call, attempts, Err(&nobody))).await);
    Ok(())
}

/// An account may be drained for a short time: who may wait does.
async fn until_opened(
    app: &App,
    call: &Call,
    attempts: &Attempts,
    nobody: Nobody,
) -> Result<(), Refused> {
    let closed = Refused::AccountsClosed { who: Who::of(call) };
    let Some(until) = call.patience.until.filter(|_| attempts.is_empty()) else {
        return Err(closed);
    };
    let opened = until_others(app, call, attempts, Err(&nobody));
    timeout_at(until, opened).await.map_err(|_| closed)
}

/// Others may serve than those that were found, or the roster is another one: with that there may be other limits.
async fn until_others(
    app: &App,
    call: &Call,
    attempts: &Attempts,
    found: Result<&[usize], &Nobody>,
) {
    let mut changes = app.resting.changes();
    let is_true = || {
        let eligible = call.eligible(app, attempts, UnixMillis::now());
        app.roster.edition() == call.caller.edition && eligible.as_deref() == found
    };
    while is_true() && changes.changed().await.is_ok() {}
}

/// An admission to one of some accounts.
struct Asking<'a> {
    places: &'a [usize],
    /// By which others may serve.
    attempts: &'a Attempts,
    patience: Patience,
    saying: Option<(&'a Saying, Stage)>,
}

/// An admission that is wanted as long as these are the accounts that may serve.
struct Wanted<'a> {
    admission: Admission<'a>,
    app: &'a App,
    call: &'a Call,
    asking: &'a Asking<'a>,
}

impl Ask for Wanted<'_> {
    type InTheWay = InTheWay;

    fn member(&self) -> RequestId {
        self.admission.member()
    }

    async fn ask(&self, over: &Connection, wait: Wait) -> Result<Answer<InTheWay>, StoreError> {
        self.admission.ask(over, wait).await
    }

    async fn outdated(&self) {
        let Asking {
            places, attempts, ..
        } = self.asking;
        until_others(self.app, self.call, attempts, Ok(places)).await;
    }
}

/// None: other accounts may serve now.
async fn ask(
    app: &App,
    call: &Call,
    asking: Asking<'_>,
    permit: &mut Permit,
) -> Result<Option<Admitted>, Refused> {
    let Asking {
        places,
        patience,
        saying,
        ..
    } = asking;
    let accounts = tiers(call, places);
    let (gates, count) = call.caller.gates();
    let charges = call.reservation.as_ref().filter(|_| !permit.has_reserved());
    let admission = Admission {
        member: call.id,
        lease: app.lease,
        all: &gates[..count],
        charges: charges.map_or(&[], |reservation| &reservation.charges),
        any: &accounts,
        affinity: affinity(app, call),
        known: OnceLock::new(),
        flow: &call.caller.key.id,
        saying,
    };
    permit.ask(admission.gates().cloned());
    permit.intend();
    let wanted = Wanted {
        admission,
        app,
        call,
        asking: &asking,
    };
    let end = line::wait(app, &wanted, patience).await?;
    let admission = &wanted.admission;
    let index = match end {
        End::Granted(index) => index,
        End::Outdated => {
            permit.outdated();
            return Ok(None);
        }
        _ => {
            permit.granted([]);
            return Err(refused(end, admission, call));
        }
    };
    let chosen = usize::try_from(index)
        .ok()
        .filter(|index| *index < places.len());
    let slot = chosen
        .and_then(|index| accounts.get(index))
        .map(|one| one.gate);
    permit.granted(admission.all.iter().copied().chain(slot).cloned());
    permit.reserved(call.reservation.as_ref());
    let known = admission.known.get().map(|index| places[*index]);
    let mut admitted = admitted(call, places, chosen, known);
    admitted.upstream = app.roster.newest(admitted.upstream);
    Ok(Some(admitted))
}

/// The gates of the accounts at these places, where a slot of one is needed.
fn tiers<'a>(call: &'a Call, places: &[usize]) -> Vec<Tiered<'a>> {
    let tiered = |place: &usize| {
        let account = &call.caller.group.upstreams[*place].account;
        Tiered {
            gate: &account.gate,
            priority: call.tier(account),
        }
    };
    match call.work {
        Work::Generate | Work::Embed => places.iter().map(tiered).collect(),
        Work::CountTokens | Work::ListModels | Work::ShowModel => Vec::new(),
        Work::Stored(_) | Work::Usage | Work::Health => Vec::new(),
    }
}

/// `chosen` is the index of one of these places; without it any of them may serve.
fn admitted(
    call: &Call,
    places: &[usize],
    chosen: Option<usize>,
    known: Option<usize>,
) -> Admitted {
    let group = &call.caller.group;
    let place = chosen.map_or_else(|| group.rotate(places), |index| places[index]);
    let priority = |place: usize| call.tier(&group.upstreams[place].account);
    Admitted {
        place,
        upstream: Arc::clone(&group.upstreams[place]),
        reason: match call.pinned {
            Some(_) => Reason::Pinned,
            None => Reason::of(places, priority, place, known),
        },
        trial: None,
    }
}

/// Where there is a choice to make by it.
fn affinity<'a>(app: &App, call: &'a Call) -> Option<Affinity<'a>> {
    let chain = call.chain.as_deref().filter(|_| call.pinned.is_none());
    chain.map(|chain| Affinity {
        trie: &call.caller.group.affinity,
        chain,
        patience: call.affinity_patience(app),
    })
}
