//! What one request holds or has asked for, as one value: slots, a turn, a place in line, and the record of what came of
//! it. Dropping it, whenever and wherever that happens, hands all of it to the settling task, once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{sync::mpsc, time::Instant};

use crate::{
    allowance::{Correction, Reservation, Spent},
    books::Books,
    budget::Spending,
    gate::{Gate, Turn},
    ids::RequestId,
    price::MicroUsd,
    purse::Purse,
    renew::Leases,
    settle::Record,
    store::{Debt, Place, SpendDebt, Stamp, Store, TurnDebt},
};

/// Where permits are known while they live, and where they go.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) leases: Leases,
    pub(crate) books: Books,
    /// How many permits live.
    permits: AtomicUsize,
    debts: mpsc::UnboundedSender<Debt>,
}

/// Everything that a request holds.
#[derive(Debug)]
pub(crate) struct Permit {
    id: RequestId,
    /// Gates of an admission without an answer: it may stand in their line, and hold slots of any of them.
    asked: Vec<Arc<Gate>>,
    /// The same of admissions that something else was asked for instead of: slots may have been granted before that.
    outdated: Vec<Arc<Gate>>,
    slots: Vec<Held<Gate>>,
    asked_turn: Option<Arc<Turn>>,
    turn: Option<Held<Turn>>,
    stamp: Stamp,
    intent: Place,
    record: Option<Box<Record>>,
    /// What was taken of rates.
    reserved: Option<Arc<Reservation>>,
    /// The same of the accounts that it went to, in their order.
    reserved_of_accounts: Vec<Arc<Reservation>>,
    /// What was asked of budgets, or is reserved in them.
    spending: Option<Arc<Spending>>,
    ledger: Arc<Ledger>,
}

#[derive(Debug)]
struct Held<T> {
    what: Arc<T>,
    since: Instant,
}

impl<T> Held<T> {
    fn now(what: Arc<T>) -> Self {
        let since = Instant::now();
        Self { what, since }
    }
}

impl Ledger {
    pub(crate) fn new(books: Books, debts: mpsc::UnboundedSender<Debt>) -> Self {
        Self {
            leases: Leases::default(),
            books,
            permits: AtomicUsize::new(0),
            debts,
        }
    }

    pub(crate) fn permits(&self) -> usize {
        self.permits.load(Relaxed)
    }
}

impl Permit {
    pub(crate) fn new(id: RequestId, ledger: &Arc<Ledger>) -> Self {
        ledger.permits.fetch_add(1, Relaxed);
        Self {
            id,
            asked: Vec::new(),
            outdated: Vec::new(),
            slots: Vec::with_capacity(2),
            asked_turn: None,
            turn: None,
            stamp: Stamp::Former,
            intent: Place::Left,
            record: None,
            reserved: None,
            reserved_of_accounts: Vec::new(),
            spending: None,
            ledger: Arc::clone(ledger),
        }
    }

    pub(crate) fn id(&self) -> RequestId {
        self.id
    }

    /// Said before the intent is: it is withdrawn when the permit ends.
    pub(crate) fn intend(&mut self) {
        self.intent = Place::MayStand;
    }

    /// Said before slots are asked for: an answer that never comes may still have been a grant.
    pub(crate) fn ask(&mut self, gates: impl IntoIterator<Item = Arc<Gate>>) {
        self.asked.extend(gates);
    }

    /// The answer: of all that was asked for these are held, perhaps none, and nothing is asked for any more.
    pub(crate) fn granted(&mut self, gates: impl IntoIterator<Item = Arc<Gate>>) {
        self.asked.clear();
        for gate in gates {
            // It may have been held already, and asked for again with others.
            if self.slots.iter().any(|slot| Arc::ptr_eq(&slot.what, &gate)) {
                continue;
            }
            self.ledger.leases.hold_slot(self.id, &gate);
            self.slots.push(Held::now(gate));
        }
        self.give_back_outdated();
    }

    /// Rates were charged with a grant: once for a request, however many accounts it goes to.
    pub(crate) fn reserved(&mut self, reservation: Option<&Arc<Reservation>>) {
        if self.reserved.is_none() {
            self.reserved = reservation.cloned();
        }
    }

    pub(crate) fn reserved_of_account(&mut self, reservation: Arc<Reservation>) {
        self.reserved_of_accounts.push(reservation);
    }

    pub(crate) fn has_reserved(&self) -> bool {
        self.reserved.is_some()
    }

    /// Said before budgets are asked: an answer that never comes may still have been a reservation.
    pub(crate) fn ask_spending(&mut self, spending: &Arc<Spending>) {
        self.spending = Some(Arc::clone(spending));
    }

    pub(crate) fn purses(&self) -> &[Purse] {
        self.spending.as_ref().map_or(&[], |one| &one.purses)
    }

    /// Something else is going to be asked for instead.
    pub(crate) fn outdated(&mut self) {
        self.outdated.append(&mut self.asked);
    }

    /// Nothing is asked for instead for now. Sent and not waited for: what has no answer is given back at the end.
    pub(crate) fn leave_line(&self, store: &Store) {
        if !self.outdated.is_empty() {
            store.leave(self.id, &self.not_held(&self.outdated));
        }
    }

    fn give_back_outdated(&mut self) {
        let outdated = std::mem::take(&mut self.outdated);
        let gates = self.not_held(&outdated);
        if !gates.is_empty() {
            self.owe(self.back(gates, None));
        }
    }

    /// Each of these once, less those that are held.
    fn not_held(&self, gates: &[Arc<Gate>]) -> Vec<Arc<Gate>> {
        let mut rest: Vec<Arc<Gate>> = Vec::with_capacity(gates.len());
        for gate in gates {
            let is_held = self.slots.iter().any(|slot| Arc::ptr_eq(&slot.what, gate));
            if !is_held && !rest.iter().any(|known| Arc::ptr_eq(known, gate)) {
                rest.push(Arc::clone(gate));
            }
        }
        rest
    }

    /// A slot is not needed any more, the others stay.
    pub(crate) fn give_back(&mut self, gate: &Arc<Gate>) {
        if let Some(gate) = self.let_go(gate) {
            self.owe(self.back(vec![gate], None));
        }
    }

    /// These slots and the turn are not needed any more, and may be asked for again at once: they are given back before.
    pub(crate) fn give_back_first<'g>(
        &mut self,
        gates: impl Iterator<Item = &'g Arc<Gate>>,
        store: &Store,
    ) {
        let gates = gates.filter_map(|gate| self.let_go(gate)).collect();
        let turn = self.owed_turn();
        self.ledger.leases.drop_turn(self.id);
        let debt = self.back(gates, turn);
        if !store.give_back_first(&debt) {
            self.owe(debt);
        }
    }

    fn let_go(&mut self, gate: &Arc<Gate>) -> Option<Arc<Gate>> {
        let is_it = |slot: &Held<Gate>| Arc::ptr_eq(&slot.what, gate);
        let place = self.slots.iter().position(is_it)?;
        let slot = self.slots.swap_remove(place);
        slot.what.held.learn(slot.since.elapsed());
        self.ledger.leases.drop_slot(self.id, gate);
        Some(slot.what)
    }

    /// What is given back while the request goes on.
    fn back(&self, gates: Vec<Arc<Gate>>, turn: Option<TurnDebt>) -> Debt {
        Debt {
            member: self.id,
            gates,
            place: Place::Left,
            turn,
            record: None,
            intent: Place::Left,
            corrections: Vec::new(),
            spent: None,
        }
    }

    /// A slot is somebody else's to give back from now on; whether it was held.
    pub(crate) fn part_with(&mut self, gate: &Arc<Gate>) -> bool {
        let held = self.slots.len();
        self.slots.retain(|slot| !Arc::ptr_eq(&slot.what, gate));
        self.ledger.leases.drop_slot(self.id, gate);
        self.slots.len() < held
    }

    pub(crate) fn ask_turn(&mut self, turn: &Arc<Turn>) {
        self.asked_turn = Some(Arc::clone(turn));
    }

    pub(crate) fn turn_granted(&mut self) {
        if let Some(turn) = self.asked_turn.take() {
            self.stamp = Stamp::Former;
            self.ledger.leases.hold_turn(self.id, &turn);
            self.turn = Some(Held::now(turn));
        }
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
        if let Some(turn) = self.owed_turn() {
            self.ledger.leases.drop_turn(self.id);
            self.owe(self.back(Vec::new(), Some(turn)));
        }
    }

    /// The record, which is written when the permit ends; begun if there is none yet.
    pub(crate) fn record(&mut self, begin: impl FnOnce() -> Record) -> &mut Record {
        self.record.get_or_insert_with(|| Box::new(begin()))
    }

    /// It goes nowhere after all.
    pub(crate) fn forget_record(&mut self) {
        self.record = None;
    }

    /// How long the request has waited for everything that it needed.
    pub(crate) fn waited(&self) -> Duration {
        self.record
            .as_ref()
            .map_or(Duration::ZERO, |record| record.wait)
    }

    /// Notes something of the request; nothing before its record is begun.
    pub(crate) fn note(&mut self, note: impl FnOnce(&mut Record)) {
        if let Some(record) = &mut self.record {
            note(record);
        }
    }

    /// All accounts but the last have refused it.
    fn corrections(&mut self, spent: Spent) -> Vec<Correction> {
        let of_last = self.reserved_of_accounts.pop();
        let served = self.reserved.take().into_iter().chain(of_last);
        let mut corrections: Vec<_> = served.flat_map(|one| one.corrections(spent)).collect();
        let refused = self.reserved_of_accounts.drain(..);
        corrections.extend(refused.flat_map(|one| one.corrections(Spent::Request)));
        corrections
    }

    fn owed_turn(&mut self) -> Option<TurnDebt> {
        if let Some(turn) = self.asked_turn.take() {
            return Some(TurnDebt {
                turn,
                stamp: Stamp::Former,
                place: Place::MayStand,
            });
        }
        let held = self.turn.take()?;
        held.what.held.learn(held.since.elapsed());
        Some(TurnDebt {
            turn: held.what,
            stamp: self.stamp,
            place: Place::Left,
        })
    }

    /// After the settling task has ended there is nobody to tell: what is held then ends with its lease.
    fn owe(&self, debt: Debt) {
        drop(self.ledger.debts.send(debt));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.ledger.permits.fetch_sub(1, Relaxed);
        let turn = self.owed_turn();
        let holds = !self.slots.is_empty() || turn.is_some() || self.record.is_some();
        let is_said = self.intent == Place::MayStand;
        let may_stand = !self.asked.is_empty() || !self.outdated.is_empty();
        let spending = self.spending.take().filter(|asked| !asked.is_refused());
        self.ledger.leases.drop_all(self.id);
        if !may_stand && !holds && !is_said && spending.is_none() {
            return;
        }
        for slot in &self.slots {
            slot.what.held.learn(slot.since.elapsed());
        }
        self.outdated();
        let place = match self.outdated.is_empty() {
            true => Place::Left,
            false => Place::MayStand,
        };
        // One that it holds may have been asked for again with others, and no gate may be named twice.
        let mut gates = self.not_held(&self.outdated);
        gates.extend(self.slots.drain(..).map(|slot| slot.what));
        let spent = self
            .record
            .as_ref()
            .map_or(Spent::Nothing, |record| record.spent());
        let corrections = self.corrections(spent);
        let record = self.record.take().map(|mut record| {
            record.close(&self.ledger.books);
            record
        });
        let spent = spending.map(|spending| SpendDebt {
            cost: match &record {
                None => MicroUsd(0),
                // What nobody knows is what was expected.
                Some(record) => record.bill.cost.unwrap_or(spending.cost),
            },
            spending,
        });
        self.owe(Debt {
            member: self.id,
            gates,
            place,
            turn,
            record,
            intent: self.intent,
            corrections,
            spent,
        });
    }
}
