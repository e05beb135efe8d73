//! Who rests, as this relay knows: what its own requests met, at once, and what other relays have written, within a
//! second. Requests never ask Redis for it: the task of `run` looks for all of them, and writes what they have found.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use crate::{
    account::Account,
    cooldown::{Basis, Cause, Rest, Rests, State, field, of_field},
    gate::Gate,
    store::{News, Store, StoreError},
    time::UnixMillis,
};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What ended so long ago and was not tried since is nobody's concern any more.
const FORGOTTEN_AFTER_MS: u64 = 86_400_000;

#[derive(Debug, Default)]
pub(crate) struct Resting {
    rests: RwLock<Rests>,
    untold: Mutex<Vec<Found>>,
    found: Notify,
    changed: watch::Sender<()>,
}

/// Something that other relays do not know yet.
#[derive(Debug)]
struct Found {
    field: String,
    /// None: it is well.
    rest: Option<Rest>,
    closes: Option<(Arc<Gate>, Duration)>,
}

impl Resting {
    pub(crate) fn state(&self, account: &str, model: Option<&str>, now: UnixMillis) -> State {
        let rests = self.rests.read().unwrap_or_else(PoisonError::into_inner);
        rests.state(account, model, now)
    }

    /// Asked right before a request goes to an account.
    pub(crate) fn enter(&self, account: &str, model: Option<&str>, now: UnixMillis) -> State {
        match self.state(account, model, now) {
            State::OnTrial => self.write(|rests| rests.enter(account, model, now)),
            state => state,
        }
    }

    pub(crate) fn refused(
        &self,
        account: &Account,
        model: Option<&str>,
        cause: Cause,
        stated: Option<Duration>,
        now: UnixMillis,
    ) {
        let found = self.write(|rests| rests.refused(&account.id, model, cause, stated, now));
        let Some((model, rest)) = found else {
            return;
        };
        let span = Duration::from_millis(rest.until.0.saturating_sub(now.0));
        tracing::warn!(
            account = &*account.id,
            model,
            cause = cause.word(),
            span_s = span.as_secs_f32(),
            "an account rests"
        );
        // A guess may be wrong, and it may be everybody's last account: relays pass it over, but its gate stays open.
        let is_sure = rest.basis == Basis::Stated && model.is_none();
        self.tell(Found {
            field: field(&account.id, model),
            rest: Some(rest),
            closes: is_sure.then(|| (Arc::clone(&account.gate), span)),
        });
    }

    /// An account has served, and has nothing left for so long: others go first.
    pub(crate) fn foreseen(&self, account: &str, model: &str, span: Duration, now: UnixMillis) {
        let Some(rest) = self.write(|rests| rests.foreseen(account, model, span, now)) else {
            return;
        };
        let span_s = span.as_secs_f32();
        tracing::info!(account, model, span_s, "an account has nothing left");
        self.tell(Found {
            field: field(account, Some(model)),
            rest: Some(rest),
            closes: None,
        });
    }

    pub(crate) fn succeeded(&self, account: &str, model: Option<&str>, now: UnixMillis) {
        let is_known = !matches!(self.state(account, model, now), State::Well);
        if is_known && self.write(|rests| rests.succeeded(account, model, now)) {
            tracing::info!(account, model, "an account is well again");
            for model in [None, model] {
                self.tell(Found {
                    field: field(account, model),
                    rest: None,
                    closes: None,
                });
            }
        }
    }

    fn write<T>(&self, change: impl FnOnce(&mut Rests) -> T) -> T {
        let mut rests = self.rests.write().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut rests);
        drop(rests);
        self.changed.send_replace(());
        changed
    }

    /// Says when somebody may rest who did not, or be well again, within a second.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn tell(&self, found: Found) {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        untold.push(found);
        self.found.notify_one();
    }

    /// Writes what was found and reads what others have, for ever.
    pub(crate) async fn run(&self, store: &Store) {
        let mut known = HashSet::new();
        loop {
            store.up().await;
            if let Err(error) = self.exchange(store, &mut known).await {
                tracing::debug!(%error, "cooldowns are exchanged a little later");
            }
            drop(timeout(LOOK_EVERY, self.found.notified()).await);
        }
    }

    /// `known` are the fields that were there at the last look.
    async fn exchange(&self, store: &Store, known: &mut HashSet<String>) -> Result<(), StoreError> {
        let found =
            std::mem::take(&mut *self.untold.lock().unwrap_or_else(PoisonError::into_inner));
        if let Err(error) = write(store, &found).await {
            let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
            untold.splice(..0, found);
            return Err(error);
        }
        let all = store.cooldowns().await?;
        let now = UnixMillis::now();
        self.write(|rests| {
            let there = |field: &String| all.iter().any(|(there, _)| there == field);
            for gone in known.iter().filter(|field| !there(field)) {
                let (account, model) = of_field(gone);
                rests.forget(account, model);
            }
            for (field, written) in &all {
                let (account, model) = of_field(field);
                if let Some(rest) = Rest::read(written) {
                    rests.learn(account, model, rest, now);
                }
            }
        });
        *known = all.iter().map(|(field, _)| field.clone()).collect();
        forget_old(store, &all, now).await
    }
}

async fn write(store: &Store, found: &[Found]) -> Result<(), StoreError> {
    let written: Vec<Option<String>> = found
        .iter()
        .map(|found| found.rest.map(|rest| rest.written()))
        .collect();
    let news: Vec<News<'_>> = found
        .iter()
        .zip(&written)
        .map(|(found, written)| match written {
            None => News::IsWell {
                field: &found.field,
            },
            Some(written) => News::Rests {
                field: &found.field,
                written,
                closes: found.closes.as_ref().map(|(gate, span)| (&**gate, *span)),
            },
        })
        .collect();
    match news.is_empty() {
        true => Ok(()),
        false => store.tell_cooldowns(&news).await,
    }
}

async fn forget_old(
    store: &Store,
    all: &[(String, String)],
    now: UnixMillis,
) -> Result<(), StoreError> {
    let is_old = |written: &str| {
        let rest = Rest::read(written);
        rest.is_none_or(|rest| rest.until.0.saturating_add(FORGOTTEN_AFTER_MS) < now.0)
    };
    let old: Vec<News<'_>> = all
        .iter()
        .filter(|(_, written)| is_old(written))
        .map(|(field, _)| News::IsWell { field })
        .collect();
    match old.is_empty() {
        true => Ok(()),
        false => store.tell_cooldowns(&old).await,
    }
}
