//! A request of a caller, as the steps see it: what was asked of whom, and which accounts may serve it.

use std::{borrow::Cow, sync::Arc, time::Duration};

use hyper::http::request::Parts;

use crate::{
    account::Account,
    allowance::Reservation,
    app::App,
    attempts::Attempts,
    authenticate::Caller,
    books::Prospect,
    choice::Nobody,
    dialect::Dialect,
    group::Wanted,
    ids::RequestId,
    line::Patience,
    pins::{Pins, Storing},
    read::{Asked, Facts},
    route::Work,
    telemetry::Origin,
    time::UnixMillis,
    translate::{Telling, Translation},
    words::Words,
};

/// No account has a priority of so high a number.
const AFTER_ALL_NATIVE: u32 = 1_001;

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: RequestId,
    pub(crate) work: Work,
    pub(crate) dialect: Dialect,
    pub(crate) head: Parts,
    pub(crate) caller: Caller,
    /// Under its own name, whatever the caller called it.
    model: Option<Box<str>>,
    /// By what the group's accounts know the conversation, where there are several.
    pub(crate) chain: Option<Box<str>>,
    /// What it continues, and the place of the account that has it, once that is known.
    pub(crate) pins: Pins,
    pub(crate) pinned: Option<usize>,
    pub(crate) storing: Storing,
    pub(crate) patience: Patience,
    /// What is spoken with the accounts that have what it continues, where those of several kinds could serve it.
    pub(crate) kind: Option<Dialect>,
    /// What it is in other words, where that was looked for.
    pub(crate) words: Option<Words>,
    /// Where it stands in its trace, if it is followed.
    pub(crate) origin: Option<Arc<Origin>>,
    /// What it takes of rates; none where there are none.
    pub(crate) reservation: Option<Arc<Reservation>>,
}

impl Call {
    pub(crate) fn new(
        id: RequestId,
        (work, dialect): (Work, Dialect),
        head: Parts,
        caller: Caller,
        facts: &mut Facts,
        patience: Patience,
    ) -> Self {
        let group = &caller.group;
        let model = facts.model.as_deref().map(|name| group.model(name));
        let conversation = facts.conversation.take();
        let chain = conversation
            .as_ref()
            .filter(|_| group.upstreams.len() > 1)
            .and_then(|conversation| conversation.chain(model.unwrap_or_default()));
        Self {
            id,
            work,
            dialect,
            head,
            model: model.map(Box::from),
            chain: chain.map(Box::from),
            pins: std::mem::take(&mut facts.pins),
            pinned: None,
            storing: facts.storing,
            patience,
            kind: None,
            words: None,
            caller,
            origin: None,
            reservation: None,
        }
    }

    pub(crate) fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// What can be foreseen of it.
    pub(crate) fn prospect<'a>(&'a self, asked: &Asked) -> Prospect<'a> {
        Prospect {
            key: &self.caller.key.id,
            model: self.model().unwrap_or_default(),
            work: self.work,
            body_bytes: asked.body.len(),
            max_output: asked.facts.max_output,
        }
    }

    /// The places, in the caller's group, of the accounts that may serve it now and have not been tried.
    pub(crate) fn eligible(
        &self,
        app: &App,
        attempts: &Attempts,
        now: UnixMillis,
    ) -> Result<Vec<usize>, Nobody> {
        let wanted = Wanted {
            work: self.work,
            dialect: self.dialect,
            kind: self.kind,
            model: self.model(),
            only: self.pinned,
            attempts,
        };
        let group = &self.caller.group;
        group.eligible(wanted, &app.resting, now)
    }

    /// What an account calls the model, where that is not what the caller said.
    pub(crate) fn renamed(&self, facts: &Facts, account: &Account) -> Option<String> {
        let called = account.called(self.model()?, self.translation(account))?;
        let said = facts.model.as_deref();
        (said != Some(&*called)).then(|| Cow::into_owned(called))
    }

    /// How it is put into an account's words; none where that one speaks the caller's.
    pub(crate) fn translation(&self, account: &Account) -> Option<Translation> {
        account.translation(self.work, self.dialect)
    }

    /// What the words of a translated answer depend on.
    pub(crate) fn telling(&self, asked: &Asked, now: UnixMillis) -> Telling {
        let words = self.words.as_ref();
        Telling {
            tells_usage: asked.tells_usage(),
            tools: words.map(|words| words.tools.clone()).unwrap_or_default(),
            now,
        }
    }

    /// The tier of an account: who needs a translation comes after all who need none.
    pub(crate) fn tier(&self, account: &Account) -> u32 {
        match self.translation(account) {
            None => account.priority,
            Some(_) => account.priority + AFTER_ALL_NATIVE,
        }
    }

    /// How long it waits for the account that has its conversation. What only that one can read waits as long as it may.
    pub(crate) fn affinity_patience(&self, app: &App) -> Duration {
        match self.patience.until {
            Some(until) if !self.may_move() => until - self.patience.since,
            _ => app.settings().affinity_patience,
        }
    }

    /// Whether another account could make something of it.
    pub(crate) fn may_move(&self) -> bool {
        self.pins.is_empty()
    }
}
