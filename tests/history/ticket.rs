//! One visit of a multiplexer: what it does next, and what an answer or a message makes of it.

use std::mem;

use crate::plan::{AfterLoss, Ending, Holding, Meanwhile, Plan};
use crate::record::{Act, Answer, Ask, Key, Manner, Micros, Patience, Way};
use crate::teller::Pending;

/// A lease that does not end while a visit goes on.
const LONG_LEASE_MS: i64 = 500;

/// A plan that is being carried out.
#[derive(Debug)]
pub(crate) struct Open {
    plan: Plan,
    ask: Ask,
    begun: Micros,
    pub(crate) state: State,
    /// How often it could have done something since the state began.
    rounds: u64,
}

#[derive(Debug)]
pub(crate) enum State {
    Asks,
    InLine(Pending),
    /// There may be a ticket that is still to be told of it.
    Holds(Option<Pending>),
    GivesBack(Way),
    Done,
}

impl Open {
    pub(crate) fn begin(plan: Plan, channel: u64, now: Micros) -> Self {
        let ask = Ask {
            manner: Manner::Ticket { channel },
            ..plan.ask.clone()
        };
        Self {
            plan,
            ask,
            begun: now,
            state: State::Asks,
            rounds: 0,
        }
    }

    pub(crate) fn next_act(&mut self) -> Option<Act> {
        self.rounds += 1;
        let (key, id) = (self.ask.key, self.ask.id);
        let again = || Some(Act::Ask(self.ask.clone()));
        match (&self.state, self.rounds) {
            (State::Asks, _) => again(),
            (State::InLine(_), rounds) if rounds == self.plan.meanwhile_after_ms + 1 => {
                match self.plan.meanwhile {
                    Meanwhile::Cancel => Some(Act::Cancel { key, id }),
                    Meanwhile::AskAgain if self.is_told_once() => again(),
                    Meanwhile::AskAgain
                    | Meanwhile::HangUp
                    | Meanwhile::Kill
                    | Meanwhile::Nothing => None,
                }
            }
            (State::Holds(None), 1) => match self.plan.holding {
                Holding::Nothing => None,
                Holding::Renew { lease_ms } => Some(Act::Renew { key, id, lease_ms }),
                Holding::AskAgain => again(),
            },
            (State::Holds(None), rounds) if rounds > 1 + self.plan.listen_ms => {
                match self.plan.ending {
                    Ending::GiveBack(way) => self.enter(State::GivesBack(way)),
                    Ending::LetEnd => self.enter(State::Done),
                }
                self.give_back()
            }
            (State::GivesBack(_), _) => self.give_back(),
            (State::InLine(_) | State::Holds(_) | State::Done, _) => None,
        }
    }

    fn give_back(&self) -> Option<Act> {
        match self.state {
            State::GivesBack(way) => Some(self.ask.give_back(way)),
            State::Asks | State::InLine(_) | State::Holds(_) | State::Done => None,
        }
    }

    /// Whether a message must be about the ticket that is told last: nothing else can have ended an earlier one.
    fn is_told_once(&self) -> bool {
        // From a turn or slot that is taken away by force an id may wait again, and then its first grant is heard.
        let is_taken_away = matches!(self.ask.key, Key::Turn(2) | Key::Gate(2));
        let is_long = self.ask.patience == Patience::Endless && self.ask.lease_ms >= LONG_LEASE_MS;
        is_long && !is_taken_away
    }

    /// The answer to an ask, or a ticket. Gives the former ticket that it replaces, and what became of that.
    pub(crate) fn asked(
        &mut self,
        answer: Result<Answer, Pending>,
        now: Micros,
    ) -> Option<(Pending, Answer)> {
        let former = match mem::replace(&mut self.state, State::Done) {
            State::Holds(None) if matches!(answer, Ok(Answer::Granted(_))) => {
                self.state = State::Holds(None);
                return None;
            }
            State::InLine(ticket) => Some(ticket),
            State::Holds(ticket) => ticket,
            State::Asks | State::GivesBack(_) | State::Done => None,
        };
        match answer {
            Err(ticket) => {
                self.enter(State::InLine(ticket));
                former.map(|former| (former, Answer::Refused))
            }
            Ok(Answer::Granted(_)) => {
                self.enter(State::Holds(former));
                None
            }
            Ok(answer) => {
                if answer.ends_connection() {
                    self.lose(now);
                }
                former.map(|former| (former, Answer::HungUp))
            }
        }
    }

    /// An act that was no ask is done.
    pub(crate) fn gave_back(&mut self) {
        if matches!(self.state, State::GivesBack(_)) {
            self.enter(State::Done);
        }
    }

    /// What a message says: the ticket that it is about. `None`: about none that is out.
    pub(crate) fn told(&mut self, answer: &Answer, now: Micros) -> Option<Pending> {
        match (mem::replace(&mut self.state, State::Done), answer) {
            (State::InLine(ticket) | State::Holds(Some(ticket)), Answer::Granted(_)) => {
                self.enter(State::Holds(None));
                Some(ticket)
            }
            (State::InLine(ticket), answer) => {
                if answer.ends_connection() {
                    self.lose(now);
                }
                Some(ticket)
            }
            (state, _) => {
                self.state = state;
                None
            }
        }
    }

    /// Its connections have ended: the ticket that is out will not be heard of.
    pub(crate) fn cut_off(&mut self, now: Micros) -> Option<Pending> {
        match mem::replace(&mut self.state, State::Done) {
            State::InLine(ticket) => {
                self.lose(now);
                Some(ticket)
            }
            State::Holds(ticket) => {
                self.enter(State::Holds(None));
                ticket
            }
            state => {
                self.state = state;
                None
            }
        }
    }

    /// A ticket that should have been heard of long ago.
    pub(crate) fn give_up_on_silent(&mut self, now: Micros) -> Option<Pending> {
        match mem::replace(&mut self.state, State::Done) {
            State::InLine(ticket) | State::Holds(Some(ticket)) if ticket.is_forgotten(now) => {
                Some(ticket)
            }
            state => {
                self.state = state;
                None
            }
        }
    }

    fn lose(&mut self, now: Micros) {
        let is_first = self.ask.waited_ms == self.plan.ask.waited_ms;
        if self.plan.after_loss == AfterLoss::AskAgain && is_first {
            self.ask.waited_ms += (now - self.begun) / 1_000 + 1;
            self.enter(State::Asks);
        } else if self.plan.ending == Ending::LetEnd {
            self.enter(State::Done);
        } else {
            self.enter(State::GivesBack(Way::Release));
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.rounds = 0;
    }
}
