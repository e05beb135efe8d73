//! What the simulated upstream saw, event by event: who had too much at once and when, and what came of each request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use weir_relay::mock::{Event, Happened};

use crate::caller::key_of;

/// A relay that leaves a request hangs up first and gives back then, and may be heard to hang up a little later.
const HEARD_WITHIN: Duration = Duration::from_millis(200);

/// Everything until now.
#[derive(Debug)]
pub(crate) struct Journal {
    limits: Limits,
    flights: HashMap<u64, Flight>,
    /// Who has how many at once.
    loads: HashMap<Holder, u32>,
    /// By the model that was asked for.
    pub(crate) served: HashMap<String, Served>,
    /// Requests whose body never came.
    pub(crate) unheard: u64,
    pub(crate) overs: Vec<Over>,
}

#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) account: u32,
    pub(crate) key: u32,
    /// The account to which one message at a time may be on its way.
    pub(crate) serial_account: String,
}

/// Whose limit a generation counts against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    Account(Arc<str>),
    Key(u32),
    Turn,
}

/// A generation beyond a limit.
#[derive(Debug)]
pub(crate) struct Over {
    generation: u64,
    pub(crate) at: Instant,
    pub(crate) holder: Holder,
    pub(crate) by: u32,
    /// For how long, until somebody who had hung up was heard to.
    pub(crate) unheard: Option<Duration>,
}

/// What the upstream did about a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Served {
    /// How often it was asked.
    pub(crate) times: u32,
    /// Of its answer, once that has begun.
    pub(crate) tokens: Option<[u64; 2]>,
    pub(crate) end: Ended,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ended {
    #[default]
    NotYet,
    Landed,
    Aborted,
}

#[derive(Debug, Default)]
struct Flight {
    model: Option<String>,
    holds: Vec<Holder>,
}

impl Journal {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            flights: HashMap::new(),
            loads: HashMap::new(),
            served: HashMap::new(),
            unheard: 0,
            overs: Vec::new(),
        }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.flights.len()
    }

    pub(crate) fn note(&mut self, event: Event) {
        let Event {
            generation,
            at,
            what,
        } = event;
        let at = at.into_std();
        match what {
            Happened::Began { key } => self.begin(generation, key, at),
            Happened::Asked { model } => {
                if let Some(key) = key_of(&model) {
                    self.take(generation, Holder::Key(key), at);
                }
                self.served.entry(model.clone()).or_default().times += 1;
                let flight = self.flights.entry(generation).or_default();
                flight.model = Some(model);
            }
            Happened::Answered {
                input_tokens,
                output_tokens,
            } => {
                self.give_back(generation, |holder| *holder == Holder::Turn);
                let tokens = Some([input_tokens, output_tokens]);
                self.tell(generation, |served| served.tokens = tokens);
            }
            Happened::Landed => self.end(generation, Ended::Landed),
            Happened::Aborted => {
                self.hang_up(generation, at);
                self.end(generation, Ended::Aborted);
            }
        }
    }

    /// Whoever took the place of this one was not beyond a limit.
    fn hang_up(&mut self, generation: u64, at: Instant) {
        let flight = self.flights.get(&generation);
        let holds = flight.map_or(&[][..], |flight| &flight.holds);
        let recent = self.overs.iter_mut().rev();
        let recent = recent.take_while(|over| at.duration_since(over.at) <= HEARD_WITHIN);
        let took_it =
            |over: &&mut Over| over.generation != generation && holds.contains(&over.holder);
        for over in recent.filter(took_it) {
            over.unheard.get_or_insert(at.duration_since(over.at));
        }
    }

    fn begin(&mut self, generation: u64, key: Arc<str>, at: Instant) {
        if *key == *self.limits.serial_account {
            self.take(generation, Holder::Turn, at);
        }
        self.take(generation, Holder::Account(key), at);
    }

    fn end(&mut self, generation: u64, end: Ended) {
        self.tell(generation, |served| served.end = end);
        self.give_back(generation, |_| true);
        let flight = self.flights.remove(&generation).unwrap_or_default();
        self.unheard += u64::from(flight.model.is_none());
    }

    fn take(&mut self, generation: u64, holder: Holder, at: Instant) {
        let load = self.loads.entry(holder.clone()).or_default();
        *load += 1;
        let limit = match &holder {
            Holder::Account(_) => self.limits.account,
            Holder::Key(_) => self.limits.key,
            Holder::Turn => 1,
        };
        if *load > limit {
            let (holder, by) = (holder.clone(), *load - limit);
            self.overs.push(Over {
                generation,
                at,
                holder,
                by,
                unheard: None,
            });
        }
        let flight = self.flights.entry(generation).or_default();
        flight.holds.push(holder);
    }

    fn give_back(&mut self, generation: u64, which: impl Fn(&Holder) -> bool) {
        let Some(flight) = self.flights.get_mut(&generation) else {
            return;
        };
        for holder in flight.holds.extract_if(.., |holder| which(holder)) {
            *self.loads.entry(holder).or_default() -= 1;
        }
    }

    fn tell(&mut self, generation: u64, what: impl FnOnce(&mut Served)) {
        let flight = self.flights.get(&generation);
        let model = flight.and_then(|flight| flight.model.as_ref());
        if let Some(served) = model.and_then(|model| self.served.get_mut(model)) {
            what(served);
        }
    }
}
