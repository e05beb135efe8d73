//! A grant on its way to its waiter: what it is known by, and how it is taken back when the waiter is gone.

use redis_module::RedisString;

use super::serve;
use crate::call::Call;
use crate::error::Error;
use crate::ffi::{context, string};
use crate::line::name::{Family, KeyName};
use crate::rate::bucket::Charge;
use crate::reply::Reply;
use crate::time::UnixMillis;
use crate::{qgate, rate, stats, umq};

/// What a waiter is granted.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) reply: Reply,
    /// What the message of a ticket says of it.
    pub(crate) number: i64,
    /// `None`: it had been granted before, and is nobody's to take back.
    pub(crate) mark: Option<Mark>,
    pub(crate) next: Next,
}

/// When the one behind is worth an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    AtOnce,
    /// Nothing is left; `None`: when somebody gives something back.
    NotBefore(Option<UnixMillis>),
}

/// By what a grant is known, so that it is taken back only while it is still the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Token(KeyName, i64),
    /// The gates entered, with the ends of the leases.
    Slots(Vec<(KeyName, UnixMillis)>),
}

/// A grant that has not reached its client yet.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) id: Box<[u8]>,
    pub(super) mark: Mark,
    pub(super) charges: Vec<Charge>,
    /// When, in µs.
    pub(super) at: i64,
}

impl Granted {
    pub(super) fn family(&self) -> Family {
        match &self.mark {
            Mark::Token(..) => Family::Turn,
            Mark::Slots(_) => Family::Gate,
        }
    }

    /// Of this key it is certain. Whether anything is left that is not.
    pub(super) fn confirm(&mut self, key: &KeyName) -> bool {
        match &mut self.mark {
            Mark::Token(own, _) => own != key,
            Mark::Slots(slots) => {
                slots.retain(|(own, _)| own != key);
                !slots.is_empty()
            }
        }
    }
}

/// Takes a grant back whose waiter is gone, as far as it is still the same, and grants the next.
pub(super) fn undo(call: &Call<'_>, granted: &Granted) {
    let take_back = |key: &KeyName, take: &dyn Fn(&RedisString) -> Result<bool, Error>| {
        context::select(call.ctx, key.db());
        let name = string(key.key());
        let undone = context::serves(call.ctx, &name) && take(&name) == Ok(true);
        undone.then(|| key.clone())
    };
    let id = &granted.id;
    let undone: Vec<_> = match &granted.mark {
        Mark::Token(key, token) => {
            let back = |name: &RedisString| umq::release::take_back(call, name, id, *token);
            take_back(key, &back).into_iter().collect()
        }
        Mark::Slots(slots) => {
            let back = slots.iter().map(|(key, end)| {
                take_back(key, &|name| qgate::release::take_back(call, name, id, *end))
            });
            back.flatten().collect()
        }
    };
    if !undone.is_empty() {
        stats::of(granted.family()).roll_backs.add();
        rate::charge::give(call, &granted.charges);
    }
    for key in undone {
        serve::key(call, &key);
    }
}
