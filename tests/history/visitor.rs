//! A client that carries out one plan after the other: asks, waits or goes away, holds, gives back.

use std::time::Duration;

use crate::plan::{AfterLoss, Ending, Holding, Meanwhile, Plan};
use crate::record::{Act, Answer, Ask, Entry, How, Id, Way};
use crate::stage::Stage;
use crate::teller::{Pending, Teller};
use crate::wire::Wire;
use harness::Draw;

/// How often something is given back again after its answer was lost.
const GIVE_BACK_TRIES: usize = 5;

/// Whether visitors ask the primary to have its replica confirm what they were granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirming {
    Never,
    /// In half of all visits.
    Often,
}

#[derive(Debug)]
pub(crate) struct Visitor<'a> {
    stage: &'a Stage,
    teller: Teller<'a>,
    wire: Wire,
    /// For what is done about the first one.
    spare: Wire,
    confirming: Confirming,
    visits: std::ops::Range<Id>,
    draw: Draw,
}

/// How the asking ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Granted,
    NotGranted,
    /// Nobody knows.
    Lost,
}

impl<'a> Visitor<'a> {
    /// `visits`: the ids under which it asks, a visit each.
    pub(crate) fn new(
        stage: &'a Stage,
        seed: u64,
        visits: std::ops::Range<Id>,
        confirming: Confirming,
    ) -> Self {
        Self {
            stage,
            teller: Teller::new(stage),
            wire: stage.connect(),
            spare: stage.connect(),
            confirming,
            draw: Draw::new(seed, visits.start),
            visits,
        }
    }

    pub(crate) fn run(mut self) -> Vec<Entry> {
        let first = self.visits.start;
        for id in self.visits.clone() {
            let plan = Plan::draw(&mut self.draw, id, id - first);
            self.visit(&plan);
        }
        self.teller.into_entries()
    }

    fn visit(&mut self, plan: &Plan) {
        let begun = self.stage.now();
        let mut asked = self.ask(plan, &plan.ask);
        if asked == Asked::Lost && plan.after_loss == AfterLoss::AskAgain {
            let waited_ms = (self.stage.now() - begun) / 1_000 + plan.ask.waited_ms;
            let again = Ask {
                waited_ms,
                ..plan.ask.clone()
            };
            asked = self.ask(plan, &again);
        }
        match asked {
            Asked::Granted => self.hold(plan),
            Asked::NotGranted => {}
            Asked::Lost if plan.ending == Ending::LetEnd => {}
            Asked::Lost if plan.after_loss == AfterLoss::Vanish && plan.breaks_off() => {}
            Asked::Lost => self.give_back(&plan.ask, Way::Release),
        }
    }

    fn ask(&mut self, plan: &Plan, ask: &Ask) -> Asked {
        let answer = match self.teller.send(&mut self.wire, Act::Ask(ask.clone())) {
            Err(lost) => lost,
            Ok(pending) if plan.meanwhile == Meanwhile::Nothing || ask.how != How::Plain => {
                self.teller.answer(&mut self.wire, pending)
            }
            Ok(pending) => {
                let after = Duration::from_millis(plan.meanwhile_after_ms);
                match self.teller.answer_within(&mut self.wire, pending, after) {
                    Ok(answer) => answer,
                    Err(pending) => return self.meanwhile(plan, ask, pending),
                }
            }
        };
        self.after(answer)
    }

    /// What it does while no answer has come yet.
    fn meanwhile(&mut self, plan: &Plan, ask: &Ask, pending: Pending) -> Asked {
        let (key, id) = (ask.key, ask.id);
        match plan.meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::HangUp => {
                let answer = self.teller.hang_up(&mut self.wire, pending);
                self.wire = self.stage.connect();
                return asked(&answer);
            }
            Meanwhile::Kill => self.aside(Act::Kill {
                connection: self.wire.number,
                client: self.wire.client,
            }),
            Meanwhile::Cancel => self.aside(Act::Cancel { key, id }),
            Meanwhile::AskAgain => return self.ask_again_meanwhile(ask, pending),
        }
        let answer = self.teller.answer(&mut self.wire, pending);
        self.after(answer)
    }

    /// Asks over the other connection: the first ask must be answered too.
    fn ask_again_meanwhile(&mut self, ask: &Ask, first: Pending) -> Asked {
        let again = self.teller.send(&mut self.spare, Act::Ask(ask.clone()));
        let first = self.teller.answer(&mut self.wire, first);
        let second = match again {
            Ok(pending) => self.teller.answer(&mut self.spare, pending),
            Err(lost) => lost,
        };
        if second.ends_connection() {
            self.spare = self.stage.connect();
        }
        match (self.after(first), asked(&second)) {
            (Asked::Granted, _) | (_, Asked::Granted) => Asked::Granted,
            (Asked::Lost, _) | (_, Asked::Lost) => Asked::Lost,
            (Asked::NotGranted, Asked::NotGranted) => Asked::NotGranted,
        }
    }

    fn hold(&mut self, plan: &Plan) {
        let (key, id) = (plan.ask.key, plan.ask.id);
        for _ in 0..plan.pings {
            // A connection that has ended is noticed by what is asked over it next.
            let _ = self.wire.call("PING");
        }
        if plan.listen_ms > 0 {
            let span = Duration::from_millis(plan.listen_ms);
            let _ = self.teller.listen(&mut self.wire, span);
        }
        match plan.holding {
            Holding::Nothing => {}
            Holding::Renew { lease_ms } => {
                self.tell(Act::Renew { key, id, lease_ms });
            }
            Holding::AskAgain => {
                self.tell(Act::Ask(plan.ask.clone()));
            }
        }
        if self.confirming == Confirming::Often && id.is_multiple_of(2) {
            self.tell(Act::Confirm { key, id });
        }
        match plan.ending {
            Ending::GiveBack(way) => self.give_back(&plan.ask, way),
            Ending::LetEnd => {}
        }
    }

    /// Gives back whatever it may have been granted, as often as it takes to be told that it is.
    fn give_back(&mut self, ask: &Ask, way: Way) {
        for _ in 0..GIVE_BACK_TRIES {
            if !self.tell(ask.give_back(way)).ends_connection() {
                return;
            }
        }
    }

    fn tell(&mut self, act: Act) -> Answer {
        let answer = self.teller.tell(&mut self.wire, act);
        self.after(answer.clone());
        answer
    }

    /// Does something over the other connection.
    fn aside(&mut self, act: Act) {
        let answer = self.teller.tell(&mut self.spare, act);
        if answer.ends_connection() {
            self.spare = self.stage.connect();
        }
    }

    fn after(&mut self, answer: Answer) -> Asked {
        if answer.ends_connection() {
            self.wire.hang_up();
            self.wire = self.stage.connect();
        }
        asked(&answer)
    }
}

fn asked(answer: &Answer) -> Asked {
    match answer {
        Answer::Granted(_) => Asked::Granted,
        answer if answer.ends_connection() => Asked::Lost,
        _ => Asked::NotGranted,
    }
}
