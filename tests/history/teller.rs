//! Does what there is to do over a connection and writes down when, what, and what came of it.

use std::time::Duration;

use crate::act;
use crate::record::{Act, Answer, Entry, Micros, Patience};
use crate::stage::Stage;
use crate::wire::Wire;

/// How much longer than its own patience an ask may take before it counts as forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(5);
/// How long somebody with endless patience can have to wait while all others go on.
const ENDLESS: Duration = Duration::from_secs(15);

/// Something sent whose answer has not come.
#[derive(Debug)]
pub(crate) struct Pending {
    act: Box<Act>,
    asked: Micros,
    missing: usize,
    replies: Vec<harness::Reply>,
}

#[derive(Debug)]
pub(crate) struct Teller<'a> {
    stage: &'a Stage,
    entries: Vec<Entry>,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(stage: &'a Stage) -> Self {
        Self {
            stage,
            entries: Vec::new(),
        }
    }

    pub(crate) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// Does it, and waits for the answer.
    pub(crate) fn tell(&mut self, wire: &mut Wire, act: Act) -> Answer {
        let pending = match self.send(wire, act) {
            Ok(pending) => pending,
            Err(lost) => return lost,
        };
        self.answer(wire, pending)
    }

    /// Sends it. The error is the answer when the connection has ended.
    pub(crate) fn send(&mut self, wire: &mut Wire, act: Act) -> Result<Pending, Answer> {
        let commands = act::commands(&act);
        let pending = Pending {
            asked: self.stage.now(),
            missing: commands.len(),
            replies: Vec::new(),
            act: Box::new(act),
        };
        self.stage.note_act();
        match wire.send(&commands) {
            Ok(()) => Ok(pending),
            Err(_) => Err(self.note(wire, pending, Answer::Lost)),
        }
    }

    /// The answer, however long it may take. A server that is silent for too long is noted as such.
    pub(crate) fn answer(&mut self, wire: &mut Wire, pending: Pending) -> Answer {
        let within = match &*pending.act {
            Act::Ask(ask) => match ask.patience {
                Patience::None => FORGOTTEN_AFTER,
                Patience::Millis(ms) => Duration::from_millis(ms.unsigned_abs()) + FORGOTTEN_AFTER,
                Patience::Endless => ENDLESS,
            },
            _ => FORGOTTEN_AFTER,
        };
        match self.answer_within(wire, pending, within) {
            Ok(answer) => answer,
            Err(pending) => self.note(wire, pending, Answer::Silent),
        }
    }

    /// The answer, if it begins to come within that time; else what was sent is still pending.
    pub(crate) fn answer_within(
        &mut self,
        wire: &mut Wire,
        mut pending: Pending,
        within: Duration,
    ) -> Result<Answer, Pending> {
        while pending.missing > 0 {
            match wire.receive(within) {
                Ok(Some(reply)) => pending.replies.push(reply),
                Ok(None) => return Err(pending),
                Err(_) => return Ok(self.note(wire, pending, Answer::Lost)),
            }
            pending.missing -= 1;
        }
        let answer = act::answer(&pending.act, &pending.replies);
        Ok(self.note(wire, pending, answer))
    }

    /// Ends the connection instead of waiting for the answer.
    pub(crate) fn hang_up(&mut self, wire: &mut Wire, pending: Pending) -> Answer {
        wire.hang_up();
        self.note(wire, pending, Answer::HungUp)
    }

    /// Nothing may come where nothing was asked. `false`: the connection has ended.
    pub(crate) fn listen(&mut self, wire: &mut Wire, within: Duration) -> bool {
        let asked = self.stage.now();
        match wire.receive(within) {
            Ok(None) => true,
            Ok(Some(reply)) => {
                let pending = Pending {
                    act: Box::new(Act::Listen),
                    asked,
                    missing: 0,
                    replies: Vec::new(),
                };
                self.note(wire, pending, Answer::Odd(format!("{reply:?}")));
                true
            }
            Err(_) => false,
        }
    }

    fn note(&mut self, wire: &Wire, pending: Pending, answer: Answer) -> Answer {
        self.entries.push(Entry {
            connection: wire.number,
            asked: pending.asked,
            ended: self.stage.now(),
            act: *pending.act,
            answer: answer.clone(),
        });
        answer
    }
}
