//! Does what there is to do over a connection and writes down when, what, and what came of it.

use std::time::Duration;

use harness::Reply;

use crate::act;
use crate::record::{Act, Answer, Entry, Micros, Patience};
use crate::stage::Stage;
use crate::wire::Wire;

/// How much longer than its own patience an ask may take before it counts as forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);
/// How long somebody with endless patience can have to wait while all others go on.
const ENDLESS: Duration = Duration::from_secs(20);

/// Something sent whose answer has not come.
#[derive(Debug)]
pub(crate) struct Pending {
    act: Box<Act>,
    asked: Micros,
    missing: usize,
    replies: Vec<Reply>,
}

impl Pending {
    pub(crate) fn is_ask(&self) -> bool {
        matches!(*self.act, Act::Ask(_))
    }

    /// Whether there should have been an answer long ago.
    pub(crate) fn is_forgotten(&self, now: Micros) -> bool {
        let span = u64::try_from(now - self.asked).unwrap_or(0);
        Duration::from_micros(span) > self.answered_within()
    }

    fn answered_within(&self) -> Duration {
        match &*self.act {
            Act::Ask(ask) => match ask.patience {
                Patience::None => FORGOTTEN_AFTER,
                Patience::Millis(ms) => Duration::from_millis(ms.unsigned_abs()) + FORGOTTEN_AFTER,
                Patience::Endless => ENDLESS,
            },
            _ => FORGOTTEN_AFTER,
        }
    }
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
        let within = pending.answered_within();
        match self.answer_within(wire, pending, within) {
            Ok(answer) => answer,
            Err(pending) => self.note(wire, pending, Answer::Silent),
        }
    }

    /// The answer, if it begins to come within that time; else what was sent is still pending, as a ticket is.
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
        match act::answer(&pending.act, &pending.replies) {
            Answer::Queued => Err(pending),
            answer => Ok(self.note(wire, pending, answer)),
        }
    }

    /// The answer to one of several acts that were sent one after the other. The error is a ticket.
    pub(crate) fn answer_or_ticket(
        &mut self,
        wire: &mut Wire,
        pending: Pending,
    ) -> Result<Answer, Pending> {
        match self.answer_within(wire, pending, FORGOTTEN_AFTER) {
            Err(pending) if pending.missing > 0 => Ok(self.note(wire, pending, Answer::Silent)),
            answer => answer,
        }
    }

    /// What became of a ticket that was asked for over this connection.
    pub(crate) fn told(&mut self, wire: &Wire, ticket: Pending, answer: Answer) {
        self.note(wire, ticket, answer);
    }

    /// Ends the connection unless the answer is on its way already.
    pub(crate) fn hang_up(&mut self, wire: &mut Wire, pending: Pending) -> Answer {
        wire.say_no_more();
        let answer = self.answer_within(wire, pending, FORGOTTEN_AFTER);
        wire.hang_up();
        match answer {
            Ok(Answer::Lost) => self.amend_last(Answer::HungUp),
            Ok(answer) => answer,
            Err(pending) => self.note(wire, pending, Answer::Silent),
        }
    }

    fn amend_last(&mut self, answer: Answer) -> Answer {
        if let Some(last) = self.entries.last_mut() {
            last.answer = answer.clone();
        }
        answer
    }

    /// Nothing may come where nothing was asked. `false`: the connection has ended.
    pub(crate) fn listen(&mut self, wire: &mut Wire, within: Duration) -> bool {
        match wire.receive(within) {
            Ok(None) => true,
            Ok(Some(reply)) => {
                self.heard(wire, &reply);
                true
            }
            Err(_) => false,
        }
    }

    /// Something came that nobody asked for.
    pub(crate) fn heard(&mut self, wire: &Wire, reply: &Reply) {
        let pending = Pending {
            act: Box::new(Act::Listen),
            asked: self.stage.now(),
            missing: 0,
            replies: Vec::new(),
        };
        self.note(wire, pending, Answer::Odd(format!("{reply:?}")));
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
