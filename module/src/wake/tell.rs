//! Tells waiters how their wait has ended: a reply to who is blocked, a message to who holds a ticket.

use std::sync::Arc;

use super::asker::{Address, Asker};
use super::desk::{Message, with};
use super::{Grant, Granted, Mark};
use crate::call::Call;
use crate::error::Error;
use crate::ffi::blocked::Blocked;
use crate::ffi::{channel, context, string};
use crate::line::hall::Waiter;
use crate::line::name::Family;
use crate::line::plan::Form;
use crate::reply::Reply;
use crate::{qgate, umq};

#[derive(Debug)]
pub(super) enum End {
    Granted(Grant),
    TimedOut,
    Cancelled,
    /// Its id has asked again.
    Replaced,
    /// The server wants no waiters any more.
    Dismissed,
    /// The line cannot be served any longer, or not here.
    Failed(Error),
}

pub(super) fn tell(call: &Call<'_>, waiter: Waiter<Asker>, end: End) {
    match &waiter.asker {
        Asker::Blocked(client) => answer(call, *client, waiter, end),
        Asker::Ticket(address) => post(call, Arc::clone(address), waiter, end),
    }
}

fn answer(call: &Call<'_>, client: Blocked, waiter: Waiter<Asker>, end: End) {
    let reply = match end {
        End::Granted(Grant { reply, mark, .. }) => {
            if let Some(mark) = mark {
                let granted = granted(call, waiter, mark);
                with(|desk| desk.granted.insert(client, granted));
            }
            Ok(reply)
        }
        End::Failed(error) => Err(error),
        End::TimedOut | End::Cancelled | End::Replaced | End::Dismissed => refusal(call, &waiter),
    };
    client.answer(reply);
}

fn post(call: &Call<'_>, address: Arc<Address>, waiter: Waiter<Asker>, end: End) {
    let (word, number, mark) = match end {
        End::Granted(grant) => ("granted", grant.number, grant.mark),
        End::TimedOut => ("timeout", 0, None),
        End::Cancelled => ("cancelled", 0, None),
        End::Replaced | End::Dismissed | End::Failed(_) => ("moved", 0, None),
    };
    let mut text = format!("{word}:{number}:").into_bytes();
    text.extend_from_slice(&waiter.request.id);
    let message = Message {
        address,
        text,
        granted: mark.map(|mark| granted(call, waiter, mark)),
    };
    if with(|desk| desk.post(message)) {
        channel::after_execution();
    }
}

fn granted(call: &Call<'_>, mut waiter: Waiter<Asker>, mark: Mark) -> Granted {
    Granted {
        charges: waiter.take_charges(),
        id: waiter.request.id,
        mark,
        at: call.tick(),
    }
}

/// What a blocked client is answered whose wait ends without a grant: how things stand.
pub(super) fn refusal(call: &Call<'_>, waiter: &Waiter<Asker>) -> Result<Reply, Error> {
    let wants = &waiter.plan.wants;
    let key = wants.some_key().ok_or(Error::Internal)?;
    let here = context::db(call.ctx);
    context::select(call.ctx, key.db());
    let name = string(key.key());
    let reply = match (key.family(), wants.form) {
        (Family::Turn, _) => umq::acquire::refusal(call, &name, &waiter.request),
        (Family::Gate, Form::Acquire) => qgate::acquire::refusal(call, &name),
        (Family::Gate, Form::Admit) => qgate::admit::refusal(call, wants, &waiter.request),
    };
    context::select(call.ctx, here);
    reply
}
