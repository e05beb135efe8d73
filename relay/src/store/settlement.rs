//! What ends a request: `QGATE.LEAVE`, `UMQ.RELEASE`, their lines' `CANCEL`, and its booking. Many requests are one batch.
//! All of it may be sent again: giving back twice is giving back once, and a request is counted once.

use std::sync::Arc;

use super::{
    Batch, Reply, Store, StoreError,
    booking::{Bookings, Period},
    budgets,
    intents::withdraw,
    is_away,
    link::ask_on,
    rates::correct,
};
use crate::{
    allowance::Correction,
    budget::Spending,
    gate::{Gate, Turn},
    ids::RequestId,
    price::MicroUsd,
    settle::Record,
};

/// What one request owes. What Redis has is taken out of it.
#[derive(Debug)]
pub(crate) struct Debt {
    pub(crate) member: RequestId,
    /// Of these it gives back what it holds. If it may stand in line, the first is one that it asked for.
    pub(crate) gates: Vec<Arc<Gate>>,
    pub(crate) place: Place,
    pub(crate) turn: Option<TurnDebt>,
    pub(crate) record: Option<Box<Record>>,
    pub(crate) intent: Place,
    /// Told once: twice would be wrong, and a minute makes good what is lost.
    pub(crate) corrections: Vec<Correction>,
    /// Settled with the record, where there is one.
    pub(crate) spent: Option<SpendDebt>,
}

/// What a request has cost, and what it has reserved for that.
#[derive(Debug)]
pub(crate) struct SpendDebt {
    pub(crate) spending: Arc<Spending>,
    pub(crate) cost: MicroUsd,
}

#[derive(Debug)]
pub(crate) struct TurnDebt {
    pub(crate) turn: Arc<Turn>,
    pub(crate) stamp: Stamp,
    pub(crate) place: Place,
}

/// Whether a place in line has to be left too, or an intent withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Left,
    /// It was asked for, and no answer came.
    MayStand,
}

/// From when on the next turn keeps its distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// From this release.
    Now,
    /// From where it did before: nothing was sent.
    Former,
}

impl Debt {
    pub(crate) fn is_settled(&self) -> bool {
        let holds = !self.gates.is_empty() || self.turn.is_some() || !self.corrections.is_empty();
        let owes = self.record.is_some() || self.spent.is_some();
        !holds && !owes && self.intent == Place::Left
    }
}

impl Store {
    /// One round trip for all. What is left in the debts is to be settled again.
    pub(crate) async fn settle(
        &self,
        debts: &mut [Debt],
        period: &mut Period,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::of_requests(debts.len());
        let releases = debts.iter().map(|debt| release(&mut batch, debt));
        let releases: Vec<usize> = releases.collect();
        let released = batch.len();
        let connection = self.domain.connection()?;
        let mut bookings = Bookings::default();
        for debt in debts.iter() {
            if let Some(record) = &debt.record {
                bookings.add(
                    &mut batch,
                    (record, debt.spent.as_ref()),
                    (connection.number(), period),
                );
            }
        }
        bookings.end(&mut batch, period);
        let replies = ask_on(&connection, &batch).await.inspect_err(|error| {
            if let StoreError::Unanswered(_) = error {
                debts.iter_mut().for_each(|debt| debt.corrections.clear());
            }
        })?;
        let (released, transaction) = replies.split_at_checked(released).unwrap_or_default();
        strike_released(debts, &releases, released);
        match bookings.done(transaction, period) {
            Some(_) => strike_booked(debts),
            None => keep_again(debts),
        }
        Ok(())
    }

    /// Gives back what a request does not need any more, before whatever it asks for next. Sent and not waited for: what is
    /// lost on the way ends with its lease. Says whether it was sent.
    pub(crate) fn give_back_first(&self, debt: &Debt) -> bool {
        let mut batch = Batch::new();
        release(&mut batch, debt);
        let sent = self.domain.connection().map(|over| over.send(&batch));
        sent.is_ok()
    }

    /// Leaves a line, and gives back what was granted before. Sent and not waited for: it is done before whatever is asked
    /// next.
    pub(crate) fn leave(&self, member: RequestId, gates: &[Arc<Gate>]) {
        let mut batch = Batch::new();
        leave(&mut batch, member, gates, Place::MayStand);
        if let Ok(connection) = self.domain.connection() {
            drop(connection.send(&batch));
        }
    }
}

/// Adds the commands that give back what a request holds: how many.
fn release(batch: &mut Batch, debt: &Debt) -> usize {
    let from = batch.len();
    leave(batch, debt.member, &debt.gates, debt.place);
    if debt.record.is_none() && debt.intent == Place::MayStand {
        withdraw(batch, debt.member);
    }
    if let (None, Some(spent)) = (&debt.record, &debt.spent) {
        budgets::settle(batch, debt.member, &spent.spending.purses, spent.cost);
    }
    if let Some(owed) = &debt.turn {
        if owed.place == Place::MayStand {
            batch.command("UMQ.CANCEL").arg(&*owed.turn.name);
            batch.arg(debt.member);
        }
        batch.command("UMQ.RELEASE").arg(&*owed.turn.name);
        batch.arg(debt.member);
        match owed.stamp {
            Stamp::Now => {}
            Stamp::Former => {
                batch.arg("NOSTAMP");
            }
        }
    }
    debt.corrections.iter().for_each(|one| correct(batch, one));
    batch.len() - from
}

fn leave(batch: &mut Batch, member: RequestId, gates: &[Arc<Gate>], place: Place) {
    if let (Place::MayStand, Some(gate)) = (place, gates.first()) {
        batch.command("QGATE.CANCEL").arg(&*gate.name);
        batch.arg(member);
    }
    if !gates.is_empty() {
        batch.command("QGATE.LEAVE").arg(member);
        batch.number(gates.len() as u64);
        for gate in gates {
            batch.arg(&*gate.name);
        }
    }
}

/// What a server that serves us has answered is done, or cannot be.
fn strike_released(debts: &mut [Debt], commands: &[usize], mut replies: &[Reply]) {
    for (debt, commands) in debts.iter_mut().zip(commands) {
        let (own, rest) = replies.split_at_checked(*commands).unwrap_or_default();
        replies = rest;
        if own.iter().any(is_away) {
            continue;
        }
        for error in own.iter().filter_map(Reply::error) {
            tracing::error!(error, "Redis refuses that something is given back");
        }
        debt.gates.clear();
        debt.turn = None;
        debt.corrections.clear();
        if debt.record.is_none() {
            debt.intent = Place::Left;
            debt.spent = None;
        }
    }
}

/// A server that takes no bookings may have taken nothing before them either.
fn keep_again(debts: &mut [Debt]) {
    let records = debts.iter_mut().filter_map(|debt| debt.record.as_mut());
    let kept = records.flat_map(|record| record.kept.iter_mut());
    kept.for_each(|kept| kept.over = None);
}

fn strike_booked(debts: &mut [Debt]) {
    for debt in debts.iter_mut().filter(|debt| debt.record.is_some()) {
        debt.record = None;
        debt.spent = None;
        debt.intent = Place::Left;
    }
}
