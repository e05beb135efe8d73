//! What an account makes for a caller is kept as long as its answer is on its way, so that only that account is asked to
//! continue it (`pin.rs`).

use crate::{
    app::App,
    call::Call,
    dialect::Dialect,
    forward::Upstream,
    pins::{Made, Mark, Storing},
    route::{Act, Work},
    settle::Kept,
    store::Store,
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
    /// None where nothing is made that could be continued. What was stored may have grown since.
    pub(crate) fn of(app: &App, call: &Call, upstream: &Upstream) -> Option<Self> {
        let is_deleted = call.work == Work::Stored(Act::Delete);
        (call.dialect == Dialect::Responses && !is_deleted).then(|| Self {
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

    /// Before the caller knows of it.
    pub(crate) fn keep(&self, marks: Vec<Mark>) -> Kept {
        Kept {
            over: self.store.pin(&self.key, &self.account, &marks),
            marks,
        }
    }
}
