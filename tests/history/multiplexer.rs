//! A client with tickets: it carries out many plans at once over one connection, and hears over another, on a channel
//! that others may share, what became of its tickets. When either connection ends it begins anew with both.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use harness::Reply;

use crate::act;
use crate::plan::Plan;
use crate::record::{Act, Answer, Entry, Id};
use crate::stage::Stage;
use crate::teller::{Pending, Teller};
use crate::ticket::{Open, State};
use crate::wire::Wire;
use harness::Draw;

/// How many plans it carries out at once.
const AT_ONCE: usize = 12;
/// How long it listens before it goes on with something else.
const LISTENS: Duration = Duration::from_millis(1);
/// In one of so many rounds one of its connections is killed.
const KILLED_EVERY: i64 = 150;
/// How many messages it takes in one round.
const MESSAGES: usize = 100;

#[derive(Debug)]
pub(crate) struct Multiplexer<'a> {
    stage: &'a Stage,
    teller: Teller<'a>,
    channel: u64,
    wires: Wires,
    /// All that it asks under.
    ids: Range<Id>,
    next: Id,
    draw: Draw,
    /// What it kills is drawn apart, so that plans follow from the seed alone.
    whims: Draw,
    open: BTreeMap<Id, Open>,
}

#[derive(Debug)]
struct Wires {
    asks: Wire,
    listens: Wire,
    spare: Wire,
}

/// Its connections have ended, or the server serves no more.
#[derive(Debug)]
struct CutOff;

impl<'a> Multiplexer<'a> {
    /// `ids`: under which it asks, a visit each.
    pub(crate) fn new(stage: &'a Stage, seed: u64, channel: u64, ids: Range<Id>) -> Self {
        Self {
            stage,
            teller: Teller::new(stage),
            channel,
            wires: Wires::connect(stage, channel),
            next: ids.start,
            draw: Draw::new(seed, ids.start),
            whims: Draw::new(seed, ids.end),
            ids,
            open: BTreeMap::new(),
        }
    }

    pub(crate) fn run(mut self) -> Vec<Entry> {
        loop {
            self.begin_visits();
            if self.open.is_empty() {
                return self.teller.into_entries();
            }
            if self.round().is_err() {
                self.begin_anew();
            }
            self.open
                .retain(|_, open| !matches!(open.state, State::Done));
        }
    }

    fn begin_visits(&mut self) {
        while self.open.len() < AT_ONCE && self.ids.contains(&self.next) {
            let visit = (self.next - self.ids.start) / AT_ONCE as u64;
            let plan = Plan::draw(&mut self.draw, self.next, visit);
            let open = Open::begin(plan, self.channel, self.stage.now());
            self.open.insert(self.next, open);
            self.next += 1;
        }
    }

    /// Sends what there is to send, takes the answers, and listens.
    fn round(&mut self) -> Result<(), CutOff> {
        let (mut sent, mut here) = (Vec::new(), Ok(()));
        for (id, open) in &mut self.open {
            let Some(act) = open.next_act() else {
                continue;
            };
            match self.teller.send(&mut self.wires.asks, act) {
                Ok(pending) => sent.push((*id, pending)),
                Err(_) => here = Err(CutOff),
            }
        }
        for (id, pending) in sent {
            let is_here = self.take(id, pending);
            here = here.and(is_here);
        }
        here?;
        self.kill_at_times();
        self.listen()?;
        self.give_up_on_silent();
        Ok(())
    }

    fn take(&mut self, id: Id, sent: Pending) -> Result<(), CutOff> {
        let is_ask = sent.is_ask();
        let answer = self.teller.answer_or_ticket(&mut self.wires.asks, sent);
        let cut_off = answer.as_ref().is_ok_and(Answer::ends_connection);
        let now = self.stage.now();
        let open = self.open.get_mut(&id);
        let open = open.expect("what was sent for is open until its round is over");
        if is_ask {
            if let Some((former, became)) = open.asked(answer, now) {
                self.teller.told(&self.wires.asks, former, became);
            }
        } else if !cut_off {
            open.gave_back();
        }
        if cut_off { Err(CutOff) } else { Ok(()) }
    }

    fn listen(&mut self) -> Result<(), CutOff> {
        for _ in 0..MESSAGES {
            match self.wires.listens.receive(LISTENS) {
                Ok(None) => break,
                Ok(Some(push)) => self.hear(&push),
                Err(_) => return Err(CutOff),
            }
        }
        Ok(())
    }

    fn hear(&mut self, push: &Reply) {
        let message = act::message(push);
        if let Some((id, _)) = &message
            && !self.ids.contains(id)
        {
            return;
        }
        let now = self.stage.now();
        let told = message.and_then(|(id, answer)| {
            let ticket = self.open.get_mut(&id)?.told(&answer, now)?;
            Some((ticket, answer))
        });
        match told {
            Some((ticket, answer)) => self.teller.told(&self.wires.asks, ticket, answer),
            None => self.teller.heard(&self.wires.listens, push),
        }
    }

    fn kill_at_times(&mut self) {
        if self.whims.between(1, KILLED_EVERY) > 1 {
            return;
        }
        let victim = match self.whims.percent(50) {
            true => &self.wires.asks,
            false => &self.wires.listens,
        };
        let kill = Act::Kill {
            connection: victim.number,
            client: victim.client,
        };
        if self
            .teller
            .tell(&mut self.wires.spare, kill)
            .ends_connection()
        {
            self.wires.spare = self.stage.connect();
        }
    }

    fn give_up_on_silent(&mut self) {
        let now = self.stage.now();
        for open in self.open.values_mut() {
            if let Some(ticket) = open.give_up_on_silent(now) {
                self.teller.told(&self.wires.asks, ticket, Answer::Silent);
            }
        }
    }

    fn begin_anew(&mut self) {
        self.wires.asks.hang_up();
        self.wires.listens.hang_up();
        let now = self.stage.now();
        for open in self.open.values_mut() {
            if let Some(ticket) = open.cut_off(now) {
                self.teller.told(&self.wires.asks, ticket, Answer::HungUp);
            }
        }
        self.wires = Wires::connect(self.stage, self.channel);
    }
}

impl Wires {
    fn connect(stage: &Stage, channel: u64) -> Self {
        let mut listens = stage.connect();
        // If it has ended already, that is heard when it is listened to.
        let _ = listens.call(&format!("SSUBSCRIBE {}", act::channel(channel)));
        Self {
            asks: stage.connect(),
            listens,
            spare: stage.connect(),
        }
    }
}
