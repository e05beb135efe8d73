//! What an account makes for a caller is kept as long as its answer is on its way, so that only that account is asked to
//! continue it (`pin.rs`).

use crate::{
    app::App,
    call::Call,
    dialect::Dialect,
    forward::Upstream,
    pins::{Made, Mark, Storing},
    store::{Store, StoreError},
};

/// Whose answer it is, and who gave it.
#[derive(Debug)]
pub(crate) struct Keeper {
    store: Store,
    key: Box<str>,
    account: Box<str>,
    storing: Storing,
}

impl Keeper {
    /// None where nothing is made that could be continued.
    pub(crate) fn of(app: &App, call: &Call, upstream: &Upstream) -> Option<Self> {
        (call.dialect == Dialect::Responses).then(|| Self {
            store: app.store.clone(),
            key: call.caller.key.id.clone(),
            account: upstream.account.id.clone(),
            storing: call.storing,
        })
    }

    /// Where an answer notes what it makes.
    pub(crate) fn made(&self) -> Made {
        Made::new(self.storing)
    }

    /// Fails where it has to be told again.
    pub(crate) fn keep(&self, made: &[Mark]) -> Result<(), StoreError> {
        self.store.pin(&self.key, &self.account, made)
    }
}
