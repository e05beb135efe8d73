//! Who rests, as this relay knows: what its own requests met, and what other relays have written, both at once; a look
//! each second finds what was not heard. Requests never ask Redis for it: the task of `run` looks for all of them, and
//! writes what they have found.

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
    ids::RequestId,
    store::{News, Store, StoreError},
    time::UnixMillis,
};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What ended so long ago and was not tried since is nobody's concern any more.
const FORGOTTEN_AFTER_MS: u64 = 86_400_000;

/// What an account on trial turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    IsOnTrial,
    IsWell,
    Rests,
}

#[derive(Debug, Default)]
pub(crate) struct Resting {
    rests: RwLock<Rests>,
    untold: Mutex<Vec<Found>>,
    found: Notify,
    changed: watch::Sender<()>,
}

/// Something that other relays do not know yet.
#[derive(Debug)]
enum Found {
    Rests {
        field: String,
        rest: Rest,
        closes: Option<(Arc<Gate>, Duration)>,
    },
    IsWell {
        field: String,
    },
    TrialIsOver {
        gate: Arc<Gate>,
        member: RequestId,
    },
}

impl Found {
    fn news(&self) -> News<'_> {
        match self {
            Self::Rests {
                field,
                rest,
                closes,
            } => News::Rests {
                field,
                written: rest.written(),
                closes: closes.as_ref().map(|(gate, span)| (&**gate, *span)),
            },
            Self::IsWell { field } => News::IsWell { field },
            Self::TrialIsOver { gate, member } => News::TrialIsOver {
                gate,
                member: *member,
            },
        }
    }
}

impl Resting {
    pub(crate) fn state(&self, account: &str, model: Option<&str>, now: UnixMillis) -> State {
        let rests = self.rests.read().unwrap_or_else(PoisonError::into_inner);
        rests.state(account, model, now)
    }

    /// Of an account as a whole, until it has served again.
    pub(crate) fn whole(&self, account: &str, now: UnixMillis) -> Option<Rest> {
        let rests = self.rests.read().unwrap_or_else(PoisonError::into_inner);
        rests.whole(account, now)
    }

    /// Asked right before a request goes to an account.
    pub(crate) fn enter(&self, account: &str, model: Option<&str>, now: UnixMillis) -> State {
        match self.state(account, model, now) {
            State::OnTrial(_) => self.write(|rests| rests.enter(account, model, now)),
            state => state,
        }
    }

    /// Says whether a rest has begun.
    pub(crate) fn refused(
        &self,
        account: &Account,
        model: Option<&str>,
        cause: Cause,
        stated: Option<Duration>,
        now: UnixMillis,
    ) -> bool {
        let found = self.write(|rests| rests.refused(&account.id, model, cause, stated, now));
        let Some((model, rest)) = found else {
            return false;
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
        self.tell(Found::Rests {
            field: field(&account.id, model),
            rest,
            closes: is_sure.then(|| (Arc::clone(&account.gate), span)),
        });
        true
    }

    /// An account has served, and has nothing left for so long: others go first.
    pub(crate) fn foreseen(&self, account: &str, model: &str, span: Duration, now: UnixMillis) {
        let Some(rest) = self.write(|rests| rests.foreseen(account, model, span, now)) else {
            return;
        };
        let span_s = span.as_secs_f32();
        tracing::info!(account, model, span_s, "an account has nothing left");
        self.tell(Found::Rests {
            field: field(account, Some(model)),
            rest,
            closes: None,
        });
    }

    /// What is written of an account on trial, heard before it is tried: the trial may be over, or have ended badly.
    pub(crate) fn heard(
        &self,
        (account, model): (&str, Option<&str>),
        written: Option<&str>,
        now: UnixMillis,
    ) -> Heard {
        match written.and_then(Rest::read) {
            None => {
                self.write(|rests| rests.forget(account, model));
                Heard::IsWell
            }
            Some(rest) if rest.until > now => {
                self.write(|rests| rests.learn(account, model, rest, now));
                Heard::Rests
            }
            Some(_) => Heard::IsOnTrial,
        }
    }

    /// The request that had the trial knows what came of it, and has told. Others may try when they can read that.
    pub(crate) fn tried(&self, gate: Arc<Gate>, member: RequestId) {
        self.tell(Found::TrialIsOver { gate, member });
    }

    /// Another relay has written something.
    pub(crate) fn look(&self) {
        self.found.notify_one();
    }

    pub(crate) fn succeeded(&self, account: &str, model: Option<&str>, now: UnixMillis) {
        let is_known = !matches!(self.state(account, model, now), State::Well);
        if is_known && self.write(|rests| rests.succeeded(account, model, now)) {
            tracing::info!(account, model, "an account is well again");
            for model in [None, model] {
                self.tell(Found::IsWell {
                    field: field(account, model),
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

    /// Says when somebody may rest who did not, or be well again, within a second; and when accounts were changed.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Others may serve now, or under other limits: an operator has changed accounts or groups.
    pub(crate) fn accounts_changed(&self) {
        self.changed.send_replace(());
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
    let news: Vec<News<'_>> = found.iter().map(Found::news).collect();
    match news.is_empty() {
        true => Ok(()),
        false => store.tell_cooldowns(&news, UnixMillis::now()).await,
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
        false => store.tell_cooldowns(&old, now).await,
    }
}
