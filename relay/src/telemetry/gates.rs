//! What all relays share: the slots and lines of accounts, and which of these rest. One relay tells it, so that sums over
//! relays are right: whoever is asked for metrics first, as long as it is asked again within the term.

use std::time::Duration;

use prometheus_client::{
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{
    catalogue as all,
    catalogue::register,
    labels::{OfAccount, OfCause},
};
use crate::{
    app::App,
    cooldown::State,
    gate::{Gate, Turn},
    store::{Line, Office, StoreError},
    time::UnixMillis,
};

/// Longer than between two looks of those who collect metrics.
const TERM: Duration = Duration::from_secs(90);

/// An account, as Redis has it.
#[derive(Debug)]
pub(super) struct Seen {
    account: Box<str>,
    limit: u32,
    gate: Line,
    turn: Option<Line>,
    is_open: bool,
    state: State,
}

/// None where another relay tells it, or nobody can.
pub(super) async fn look(app: &App, now: UnixMillis) -> Option<Vec<Seen>> {
    match seen(app, now).await {
        Ok(seen) => seen,
        Err(error) => {
            tracing::debug!(%error, "the lines of accounts are not in the metrics");
            None
        }
    }
}

async fn seen(app: &App, now: UnixMillis) -> Result<Option<Vec<Seen>>, StoreError> {
    let (store, own) = (&app.store, app.own_id);
    if !store.holds_office(Office::Gauges, own, TERM).await? {
        return Ok(None);
    }
    let served = app.roster.served().clone();
    let accounts: Vec<_> = served.upstreams().map(|one| &one.account).collect();
    let gates: Vec<&Gate> = accounts.iter().map(|account| &*account.gate).collect();
    let turns = accounts
        .iter()
        .filter_map(|account| account.turn.as_deref());
    let turns: Vec<&Turn> = turns.collect();
    let gates = store.lines_of_gates(&gates).await?;
    let mut turns = store.lines_of_turns(&turns).await?.into_iter();
    let seen = accounts.into_iter().zip(gates).map(|(account, gate)| Seen {
        account: account.id.clone(),
        limit: account.gate.limit(),
        gate,
        turn: account.turn.as_ref().and_then(|_| turns.next()),
        is_open: account.standing.is_open(),
        state: app.resting.state(&account.id, None, now),
    });
    Ok(Some(seen.collect()))
}

pub(super) fn register_all(registry: &mut Registry, seen: &[Seen], now: UnixMillis) {
    let gauge = |registry: &mut Registry, metric, of: &dyn Fn(&Seen) -> Option<f64>| {
        let family = Family::<OfAccount, Gauge<f64, std::sync::atomic::AtomicU64>>::default();
        for one in seen {
            if let Some(value) = of(one) {
                let account = one.account.clone();
                family.get_or_create(&OfAccount { account }).set(value);
            }
        }
        register(registry, metric, family);
    };
    gauge(registry, &all::GATE_IN_USE, &|one| {
        Some(one.gate.held as f64)
    });
    gauge(registry, &all::GATE_LIMIT, &|one| Some(one.limit.into()));
    gauge(registry, &all::GATE_WAITING, &|one| {
        Some(one.gate.waiting as f64)
    });
    gauge(registry, &all::GATE_OLDEST, &|one| {
        Some(one.gate.oldest.as_secs_f64())
    });
    let turn = |one: &Seen| one.turn;
    gauge(registry, &all::TURN_WAITING, &|one| {
        turn(one).map(|line| line.waiting as f64)
    });
    gauge(registry, &all::TURN_OLDEST, &|one| {
        turn(one).map(|line| line.oldest.as_secs_f64())
    });
    gauge(registry, &all::ACCOUNT_UP, &|one| {
        Some(f64::from(u8::from(one.is_up())))
    });
    let left = Family::<OfCause, Gauge<f64, std::sync::atomic::AtomicU64>>::default();
    for one in seen {
        if let State::Resting(rest) = one.state {
            let labels = OfCause {
                account: one.account.clone(),
                cause: rest.cause.word(),
            };
            let ms = rest.until.0.saturating_sub(now.0);
            left.get_or_create(&labels).set(ms as f64 / 1e3);
        }
    }
    register(registry, &all::COOLDOWN_LEFT, left);
}

impl Seen {
    fn is_up(&self) -> bool {
        match self.state {
            State::Well => self.is_open,
            State::OnTrial(_) | State::Resting(_) => false,
        }
    }
}
