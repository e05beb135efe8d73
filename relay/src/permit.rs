//! What one request holds, as one value: slots, a turn, and the record of what came of it. Dropping it, whenever and
//! wherever that happens, hands all of it to the settling task, once.

use std::sync::Arc;

use tokio::{sync::mpsc, time::Instant};

use crate::{
    gate::{Gate, Turn},
    ids::RequestId,
    renew::Leases,
    settle::Record,
    store::{Debt, Stamp, Told, TurnDebt},
};

/// Where permits are known while they live, and where they go.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) leases: Leases,
    debts: mpsc::UnboundedSender<Debt>,
}

/// Everything that a request holds.
#[derive(Debug)]
pub(crate) struct Permit {
    id: RequestId,
    slots: Vec<Held<Gate>>,
    turn: Option<Held<Turn>>,
    stamp: Stamp,
    record: Option<Box<Record>>,
    ledger: Arc<Ledger>,
}

#[derive(Debug)]
struct Held<T> {
    what: Arc<T>,
    /// None: asked for, and not answered yet. It is given back all the same.
    since: Option<Instant>,
}

impl Ledger {
    pub(crate) fn new(debts: mpsc::UnboundedSender<Debt>) -> Self {
        Self {
            leases: Leases::default(),
            debts,
        }
    }
}

impl Permit {
    pub(crate) fn new(id: RequestId, ledger: &Arc<Ledger>) -> Self {
        Self {
            id,
            slots: Vec::with_capacity(2),
            turn: None,
            stamp: Stamp::Former,
            record: None,
            ledger: Arc::clone(ledger),
        }
    }

    pub(crate) fn id(&self) -> RequestId {
        self.id
    }

    /// Said before a slot is asked for: an answer that never comes may still have been a grant.
    pub(crate) fn expect(&mut self, gate: &Arc<Gate>) {
        self.slots.push(Held {
            what: Arc::clone(gate),
            since: None,
        });
    }

    pub(crate) fn granted(&mut self, gate: &Arc<Gate>) {
        let slot = self
            .slots
            .iter_mut()
            .find(|slot| Arc::ptr_eq(&slot.what, gate));
        slot.expect("a slot is expected before it is granted").since = Some(Instant::now());
        self.ledger.leases.hold_slot(self.id, gate);
    }

    pub(crate) fn refused(&mut self, gate: &Arc<Gate>) {
        self.slots.retain(|slot| !Arc::ptr_eq(&slot.what, gate));
    }

    pub(crate) fn expect_turn(&mut self, turn: &Arc<Turn>) {
        self.turn = Some(Held {
            what: Arc::clone(turn),
            since: None,
        });
    }

    pub(crate) fn turn_granted(&mut self) {
        if let Some(turn) = &mut self.turn {
            turn.since = Some(Instant::now());
            self.ledger.leases.hold_turn(self.id, &turn.what);
        }
    }

    pub(crate) fn turn_refused(&mut self) {
        self.turn = None;
    }

    /// From here on the account has seen the message: the next one keeps its distance.
    pub(crate) fn goes_upstream(&mut self) {
        self.stamp = Stamp::Now;
    }

    /// Takes that back: no connection to the account was made.
    pub(crate) fn did_not_go_upstream(&mut self) {
        self.stamp = Stamp::Former;
    }

    /// The turn is over, the slots stay.
    pub(crate) fn release_turn(&mut self) {
        if self.turn.is_some() {
            self.ledger.leases.drop_turn(self.id);
            let turn = self.owed_turn();
            self.owe(Debt {
                member: self.id,
                gates: Vec::new(),
                turn,
                record: None,
                told: Told::Never,
            });
        }
    }

    /// Begins the record, which is written when the permit ends.
    pub(crate) fn open_record(&mut self, record: Record) {
        self.record = Some(Box::new(record));
    }

    /// Notes something of the request; nothing before its record is begun.
    pub(crate) fn note(&mut self, note: impl FnOnce(&mut Record)) {
        if let Some(record) = &mut self.record {
            note(record);
        }
    }

    fn owed_turn(&mut self) -> Option<TurnDebt> {
        let turn = self.turn.take()?;
        if let Some(since) = turn.since {
            turn.what.held.learn(since.elapsed());
        }
        Some(TurnDebt {
            turn: turn.what,
            stamp: self.stamp,
        })
    }

    /// After the settling task has ended there is nobody to tell: what is held then ends with its lease.
    fn owe(&self, debt: Debt) {
        drop(self.ledger.debts.send(debt));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.slots.is_empty() && self.turn.is_none() && self.record.is_none() {
            return;
        }
        self.ledger.leases.drop_all(self.id);
        let turn = self.owed_turn();
        for slot in &self.slots {
            if let Some(since) = slot.since {
                slot.what.held.learn(since.elapsed());
            }
        }
        let gates = self.slots.drain(..).map(|slot| slot.what).collect();
        let record = self.record.take().map(|mut record| {
            record.close();
            record
        });
        self.owe(Debt {
            member: self.id,
            gates,
            turn,
            record,
            told: Told::Never,
        });
    }
}
