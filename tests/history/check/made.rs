//! Histories made by hand, for the tests of the checker. Connections are numbered by ids, times are microseconds.

use super::check;
use crate::record::{
    self, Act, Answer, Ask, Entry, FlowNumber, Holder, How, Id, Key, Look, Manner, Micros,
    Patience, Want, Way,
};
use crate::whole::{GROUPS, OWN, Rates, Whole};

/// What the server's clock says when the clients' begins.
pub(super) const SERVER_US: i64 = 1_700_000_000_000_000;

/// Somebody who is going to ask.
#[derive(Clone, Debug)]
pub(super) struct Asker(Ask);

pub(super) fn gate(id: Id, limit: i64) -> Asker {
    asker(Key::Gate(0), id, Want::Slot { limit })
}

pub(super) fn turn(id: Id) -> Asker {
    asker(Key::Turn(0), id, Want::Turn { delay_ms: 0 })
}

/// Asks for an own gate of one slot, and for one of two accounts.
pub(super) fn whole(id: Id) -> Asker {
    let whole = Whole {
        own: Some(OWN[0]),
        any: GROUPS[0],
        preferred: None,
        rates: Rates::None,
    };
    asker(OWN[0], id, Want::Whole(whole))
}

fn asker(key: Key, id: Id, want: Want) -> Asker {
    Asker(Ask {
        key,
        id,
        want,
        lease_ms: 2_000,
        patience: Patience::None,
        manner: Manner::Block,
        how: How::Plain,
        flow: 0,
        weight: 1,
        waited_ms: 0,
        queue: None,
    })
}

impl Asker {
    pub(super) fn blocking(mut self, ms: i64) -> Self {
        self.0.patience = Patience::Millis(ms);
        self
    }

    pub(super) fn leased(mut self, ms: i64) -> Self {
        self.0.lease_ms = ms;
        self
    }

    pub(super) fn delayed(mut self, delay_ms: i64) -> Self {
        self.0.want = Want::Turn { delay_ms };
        self
    }

    pub(super) fn of_flow(mut self, flow: FlowNumber) -> Self {
        self.0.flow = flow;
        self
    }

    pub(super) fn of_weight(mut self, weight: i64) -> Self {
        self.0.weight = weight;
        self
    }

    pub(super) fn ask(self) -> Ask {
        self.0
    }
}

pub(super) fn look(key: Key, at: Micros) -> Look {
    Look {
        key,
        asked: at,
        ended: at + 20,
        server_us: SERVER_US + at + 10,
        reign: 0,
        holders: Vec::new(),
        waiters: Vec::new(),
        token: 0,
        since_stamp_ms: None,
        closed_ms: 0,
        with_room: Vec::new(),
        ttl_ms: 5_000,
    }
}

#[derive(Clone, Debug)]
pub(super) struct History {
    key: Key,
    entries: Vec<Entry>,
    looks: Vec<Look>,
}

impl History {
    pub(super) fn new() -> Self {
        Self {
            key: Key::Gate(0),
            entries: Vec::new(),
            looks: Vec::new(),
        }
    }

    /// Looks are at a turn.
    pub(super) fn of_turn(mut self) -> Self {
        self.key = Key::Turn(0);
        self
    }

    pub(super) fn noted(&mut self, act: Act, asked: Micros, ended: Micros, answer: Answer) {
        let connection = match &act {
            Act::Ask(ask) => u32::try_from(ask.id).expect("ids of tests are small"),
            _ => 0,
        };
        self.entries.push(Entry {
            connection,
            asked,
            ended,
            act,
            answer,
        });
    }

    pub(super) fn granted(&mut self, asker: Asker, asked: Micros, ended: Micros, number: i64) {
        self.noted(Act::Ask(asker.0), asked, ended, Answer::Granted(number));
    }

    pub(super) fn refused(&mut self, asker: Asker, asked: Micros, ended: Micros) {
        self.noted(Act::Ask(asker.0), asked, ended, Answer::Refused);
    }

    /// Waited in vain.
    pub(super) fn waited(&mut self, asker: Asker, asked: Micros, ended: Micros) {
        self.refused(asker, asked, ended);
    }

    pub(super) fn released(&mut self, asker: Asker, asked: Micros, ended: Micros) {
        let release = Act::Release {
            key: asker.0.key,
            id: asker.0.id,
            way: Way::Release,
        };
        self.noted(release, asked, ended, Answer::Count(1));
    }

    /// Gives back several gates, of which it held so many.
    pub(super) fn left(&mut self, asker: Asker, asked: Micros, ended: Micros, count: i64) {
        let leave = asker.0.give_back(Way::Leave);
        self.noted(leave, asked, ended, Answer::Count(count));
    }

    /// A look at an own gate that saw these waiters, and these of all gates with room.
    pub(super) fn looked_for_room(&mut self, at: Micros, waiters: &[Id], with_room: &[Key]) {
        self.looks.push(Look {
            waiters: waiters.iter().map(|id| (*id, 0)).collect(),
            with_room: with_room.to_vec(),
            ..look(OWN[0], at)
        });
    }

    /// A look that saw these holders, and these waiters of the common flow.
    pub(super) fn looked(&mut self, at: Micros, holders: &[Id], waiters: &[Id]) {
        let holder = |id: &Id| Holder {
            id: *id,
            lease_left_ms: 1_000,
        };
        self.looks.push(Look {
            holders: holders.iter().map(holder).collect(),
            waiters: waiters.iter().map(|id| (*id, 0)).collect(),
            ..look(self.key, at)
        });
    }

    /// A look at a free turn that saw these waiters, and this token.
    pub(super) fn looked_at_flows(&mut self, at: Micros, waiters: &[(Id, FlowNumber)], token: i64) {
        self.looks.push(Look {
            waiters: waiters.to_vec(),
            token,
            ..look(self.key, at)
        });
    }

    pub(super) fn forget_last(&mut self) {
        self.entries.pop();
    }

    pub(super) fn without_looks(mut self) -> record::History {
        self.entries.sort_by_key(|entry| entry.asked);
        record::History {
            entries: self.entries,
            ..record::History::default()
        }
    }

    /// With a look at another key, by which the clocks are compared.
    pub(super) fn made(mut self) -> record::History {
        self.looks.push(look(Key::Gate(9), 5));
        self.looks.sort_by_key(|look| look.asked);
        let looks = std::mem::take(&mut self.looks);
        record::History {
            looks,
            ..self.without_looks()
        }
    }

    /// The invariants that it breaks.
    pub(super) fn broken(self) -> Vec<&'static str> {
        broken(&self.made())
    }
}

fn broken(history: &record::History) -> Vec<&'static str> {
    let violations = check(history).violations;
    let mut broken: Vec<_> = violations
        .iter()
        .map(|violation| violation.invariant)
        .collect();
    broken.dedup();
    broken
}

#[track_caller]
pub(super) fn assert_clean(history: &record::History) {
    let violations = check(history).violations;
    assert!(violations.is_empty(), "{violations:#?}");
}

#[track_caller]
pub(super) fn assert_only(history: &record::History, invariant: &str) {
    let violations = check(history).violations;
    assert_eq!(broken(history), [invariant], "{violations:#?}");
}
