//! Somebody in line, and how it came there. Pure.

use std::mem;
use std::sync::Arc;

use crate::line::name::{FlowName, KeyName};
use crate::line::plan::{LineName, Plan, Wants};
use crate::line::{Number, Place};
use crate::rate::bucket::Charge;
use crate::time::{Millis, UnixMillis};

/// A waiter's request, as much as a grant needs of it beside the keys.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) id: Box<[u8]>,
    pub(crate) lease: Span,
    /// The spacing that it asks for; nothing for a slot.
    pub(crate) delay: Span,
}

/// A lease or a spacing, in half the room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span(u32);

/// What somebody asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) wants: Wants,
    /// The limits that it names, for as many of its gates as it names one for.
    pub(crate) limits: Vec<(KeyName, usize)>,
    pub(crate) request: Request,
    pub(crate) preference: Option<Preference>,
    /// What it is charged for asking.
    pub(crate) charges: Vec<Charge>,
}

/// How somebody joins a line.
#[derive(Debug)]
pub(crate) struct Join {
    pub(crate) asked: Asked,
    pub(crate) flow: FlowName,
    pub(crate) weight: Option<u32>,
    pub(crate) now: UnixMillis,
    /// How long it has waited elsewhere.
    pub(crate) waited: Millis,
    /// `UnixMillis::NEVER`: without end.
    pub(crate) deadline: UnixMillis,
    /// How many may be in line before it does not join.
    pub(crate) queue: Option<usize>,
}

/// One of `any` that somebody would rather have.
#[derive(Clone, Debug)]
pub(crate) struct Preference {
    pub(crate) index: usize,
    /// Until when it wants no other; `None`: it takes any.
    pub(crate) insists_until: Option<UnixMillis>,
}

#[derive(Debug, Default)]
pub(super) struct Extra {
    preference: Option<Preference>,
    /// The line of the one key that it insists on.
    line: Option<LineName>,
    charges: Vec<Charge>,
}

/// Somebody in line. There may be very many: every byte counts.
#[derive(Debug)]
pub(crate) struct Waiter<A> {
    pub(crate) asker: A,
    pub(crate) plan: Arc<Plan>,
    pub(crate) request: Request,
    /// What few have.
    pub(super) extra: Option<Box<Extra>>,
    pub(crate) flow: FlowName,
    /// Since when it counts as waiting. Who comes later has not waited longer, though the clock be set back.
    pub(crate) since: UnixMillis,
    pub(super) deadline: UnixMillis,
}

impl<A> Waiter<A> {
    /// Where it stands.
    pub(super) fn line(&self) -> &LineName {
        let extra = self.extra.as_ref();
        let preferred = extra.and_then(|extra| extra.line.as_ref());
        preferred.unwrap_or(&self.plan.line)
    }

    pub(super) fn place(&self, number: Number) -> Place {
        let since = self.since;
        Place { since, number }
    }

    /// Until when it waits as it does now.
    pub(super) fn until(&self) -> UnixMillis {
        let patience = self.preference();
        let patience = patience.and_then(|preference| preference.insists_until);
        patience.map_or(self.deadline, |until| until.min(self.deadline))
    }

    /// From now on it takes any.
    pub(super) fn insist_no_more(&mut self) {
        let Some(extra) = &mut self.extra else {
            return;
        };
        extra.line = None;
        if let Some(preference) = &mut extra.preference {
            preference.insists_until = None;
        }
    }
}

impl<A> Waiter<A> {
    pub(crate) fn preference(&self) -> Option<&Preference> {
        self.extra.as_ref()?.preference.as_ref()
    }

    /// What it was charged for asking, which from now on is not its own.
    pub(crate) fn take_charges(&mut self) -> Vec<Charge> {
        let extra = self.extra.as_mut();
        extra.map_or(Vec::new(), |extra| mem::take(&mut extra.charges))
    }

    pub(crate) fn is_charged(&self) -> bool {
        let extra = self.extra.as_ref();
        extra.is_some_and(|extra| !extra.charges.is_empty())
    }
}

impl Extra {
    /// `line` is that of the one key that it insists on.
    pub(super) fn new(
        preference: Option<Preference>,
        line: Option<LineName>,
        charges: Vec<Charge>,
    ) -> Option<Box<Self>> {
        let is_none = preference.is_none() && charges.is_empty();
        (!is_none).then(|| {
            Box::new(Self {
                preference,
                line,
                charges,
            })
        })
    }
}

impl Span {
    pub(crate) fn new(span: Millis) -> Self {
        Self(u32::try_from(span.get()).unwrap_or(u32::MAX))
    }

    pub(crate) fn get(self) -> Millis {
        Millis::new(i64::from(self.0))
    }
}
