//! Many gates and those who want several of them: after whatever happened, nobody waits who could be served, nobody is
//! over a limit, and who wants the same is served in turn. The pump of `wake` is written down here once more, over
//! gates that are plain numbers.

mod fairness;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::{Strategy, TestCaseError, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};

use super::{Asked, Due, Hall, Join, Next, Preference, Request, Span};
use crate::line::Number;
use crate::line::name::{Family, FlowName, KeyName};
use crate::line::plan::{Form, LineName, Plan, Wanted, Wants};
use crate::time::{Millis, UnixMillis};

/// The own gates of three callers, which they cannot do without, and four accounts.
const OWN: [u8; 3] = [b'A', b'B', b'C'];
const ACCOUNTS: [u8; 4] = [b'0', b'1', b'2', b'3'];
/// Groups of accounts that overlap.
const GROUPS: [&[u8]; 4] = [b"01", b"12", b"123", b"3"];

fn key(name: u8) -> KeyName {
    KeyName::new(Family::Gate, 0, &[name])
}

fn wanted(name: u8) -> Wanted {
    Wanted {
        key: key(name),
        unlimited: false,
        priority: 0,
    }
}

#[derive(Debug, Default)]
struct Gate {
    limit: usize,
    closed: bool,
    /// Who has a slot, by number.
    holders: BTreeSet<Number>,
}

impl Gate {
    fn has_room(&self) -> bool {
        !self.closed && self.holders.len() < self.limit
    }
}

/// What has come of an attempt.
#[derive(Debug)]
enum Attempt {
    Granted,
    NotYet,
    HeldUp(KeyName),
}

struct World {
    hall: Hall<()>,
    gates: BTreeMap<u8, Gate>,
    now: UnixMillis,
    ids: u64,
    /// Those who wait, by caller and group, first come first.
    lines: BTreeMap<(u8, usize), Vec<Number>>,
    served: Vec<Number>,
}

impl World {
    fn new(limits: &[usize]) -> Self {
        let names = OWN.iter().chain(&ACCOUNTS);
        let gates = names.zip(limits).map(|(name, limit)| {
            let gate = Gate {
                limit: *limit,
                ..Gate::default()
            };
            (*name, gate)
        });
        Self {
            hall: Hall::default(),
            gates: gates.collect(),
            now: UnixMillis::new(1_000),
            ids: 0,
            lines: BTreeMap::new(),
            served: Vec::new(),
        }
    }

    fn gate(&self, key: &KeyName) -> &Gate {
        &self.gates[&key.key()[0]]
    }

    fn first_without_room(&self, plan: &Plan) -> Option<KeyName> {
        let mut all = plan.wants.all.iter().map(|wanted| &wanted.key);
        all.find(|key| !self.gate(key).has_room()).cloned()
    }

    /// The gates of `any` that it would take now, as far as it insists on one.
    fn candidates(&self, number: Number) -> Vec<KeyName> {
        let Some(waiter) = self.hall.waiter(number) else {
            return Vec::new();
        };
        let any = waiter.plan.wants.any.iter().enumerate();
        let preference = waiter.preference();
        let preference = preference.filter(|preference| preference.insists_until.is_some());
        let preferred = preference.map(|preference| preference.index);
        let any = any.filter(|(index, _)| preferred.is_none_or(|preferred| preferred == *index));
        any.map(|(_, wanted)| wanted.key.clone()).collect()
    }

    fn attempt(&mut self, number: Number, only: Option<&KeyName>) -> Attempt {
        let plan = Arc::clone(&self.hall.waiter(number).expect("it waits").plan);
        if let Some(key) = self.first_without_room(&plan) {
            return Attempt::HeldUp(key);
        }
        let mut candidates = self.candidates(number).into_iter();
        let mut candidates = candidates
            .by_ref()
            .filter(|key| only.is_none_or(|only| key == only));
        let Some(chosen) = candidates.find(|key| self.gate(key).has_room()) else {
            return Attempt::NotYet;
        };
        let all = plan.wants.all.iter().map(|wanted| &wanted.key);
        for key in all.chain([&chosen]) {
            let gate = self.gates.get_mut(&key.key()[0]).expect("it is there");
            gate.holders.insert(number);
        }
        self.hall.serve(number);
        self.served.push(number);
        Attempt::Granted
    }

    fn serve_key(&mut self, key: &KeyName) {
        while let Some(next) = self.hall.next(key) {
            match next {
                Next::Ready(first) => match self.attempt(first, Some(key)) {
                    Attempt::Granted => {}
                    Attempt::HeldUp(by) => self.hall.hold_up(first, &by),
                    Attempt::NotYet => return,
                },
                Next::Aside(_) if !self.gate(key).has_room() => return,
                Next::Aside(line) => {
                    self.hall.call_back(&line, key);
                    self.serve_line(&line);
                }
            }
        }
    }

    fn serve_line(&mut self, line: &LineName) {
        while let Some(first) = self.hall.first(line) {
            match self.attempt(first, None) {
                Attempt::Granted => {}
                Attempt::HeldUp(by) => self.hall.hold_up(first, &by),
                Attempt::NotYet => return,
            }
        }
    }

    fn join(&mut self, caller: u8, group: usize, prefers: Option<usize>) -> Number {
        self.ids += 1;
        let any = GROUPS[group].iter().map(|account| wanted(*account));
        let until = self.now.plus(Millis::new(5));
        let preference = prefers.map(|index| Preference {
            index: index % GROUPS[group].len(),
            insists_until: Some(until),
        });
        let joined = self.hall.join(
            Join {
                asked: Asked {
                    wants: Wants {
                        form: Form::Admit,
                        all: Box::from([wanted(caller)]),
                        any: any.collect(),
                    },
                    limits: Vec::new(),
                    request: Request {
                        id: self.ids.to_be_bytes().into(),
                        lease: Span::new(Millis::new(1)),
                        delay: Span::new(Millis::ZERO),
                    },
                    preference,
                    charges: Vec::new(),
                },
                flow: FlowName::new(&[caller]),
                weight: None,
                now: self.now,
                waited: Millis::ZERO,
                deadline: UnixMillis::NEVER,
                queue: None,
            },
            (),
        );
        let line = self.hall.line_of(joined.number).expect("it stands").clone();
        if prefers.is_none() {
            let line = self.lines.entry((caller, group)).or_default();
            line.push(joined.number);
        }
        self.serve_line(&line);
        joined.number
    }

    fn leave(&mut self, number: Number) {
        let line = self.hall.line_of(number).cloned();
        self.hall.leave(number);
        for waiting in self.lines.values_mut() {
            waiting.retain(|one| *one != number);
        }
        if let Some(line) = line {
            self.serve_line(&line);
        }
    }

    /// Somebody who has slots gives them all back, one after the other.
    fn give_back(&mut self, number: Number) {
        let held = self
            .gates
            .iter()
            .filter(|(_, gate)| gate.holders.contains(&number));
        let names: Vec<u8> = held.map(|(name, _)| *name).collect();
        for name in &names {
            let gate = self.gates.get_mut(name).expect("it is there");
            gate.holders.remove(&number);
        }
        for name in names {
            self.serve_key(&key(name));
        }
    }

    fn pass(&mut self, ms: i64) {
        self.now = self.now.plus(Millis::new(ms));
        while let Some(due) = self.hall.due(self.now) {
            let (Due::Patience(number) | Due::Deadline(number)) = due;
            let line = self.hall.line_of(number).expect("it stands").clone();
            self.serve_line(&line);
        }
        self.hall.keys();
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        for number in self.hall.numbers() {
            let plan = Arc::clone(&self.hall.waiter(number).expect("it waits").plan);
            let is_free = self.first_without_room(&plan).is_none();
            let mut candidates = self.candidates(number).into_iter();
            let has_room = candidates.any(|key| self.gate(&key).has_room());
            prop_assert!(!(is_free && has_room), "{number} waits for what is there");
        }
        let waiters = self.hall.numbers().into_iter();
        let waiters: Vec<_> = waiters.map(|number| self.hall.waiter(number)).collect();
        for key in self.gates.keys().map(|name| key(*name)) {
            let named = waiters.iter().flatten();
            let named = named.filter(|waiter| waiter.plan.wants.names(&key)).count();
            let counted = (self.hall.waiting(&key), self.hall.is_awaited(&key));
            prop_assert_eq!(counted, (named, named > 0));
        }
        for line in self.lines.values_mut() {
            let served = |number: &Number| self.served.contains(number);
            let first_waiting = line.iter().position(|number| !served(number));
            let after = &line[first_waiting.unwrap_or(line.len())..];
            prop_assert!(!after.iter().any(served), "{line:?} is served out of turn");
            line.retain(|number| !served(number));
        }
        self.served.clear();
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Step {
    Join {
        caller: usize,
        group: usize,
        prefers: Option<usize>,
    },
    Leave {
        which: usize,
    },
    GiveBack {
        which: usize,
    },
    Limit {
        gate: usize,
        limit: usize,
    },
    Close {
        gate: usize,
    },
    Open {
        gate: usize,
    },
    Pass {
        ms: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let join = |prefers| {
        (0..OWN.len(), 0..GROUPS.len()).prop_map(move |(caller, group)| Step::Join {
            caller,
            group,
            prefers,
        })
    };
    let gate = || 0..OWN.len() + ACCOUNTS.len();
    prop_oneof![
        8 => join(None),
        2 => join(Some(0)),
        1 => join(Some(1)),
        2 => (0..50_usize).prop_map(|which| Step::Leave { which }),
        8 => (0..50_usize).prop_map(|which| Step::GiveBack { which }),
        2 => (gate(), 0..5_usize).prop_map(|(gate, limit)| Step::Limit { gate, limit }),
        1 => gate().prop_map(|gate| Step::Close { gate }),
        2 => gate().prop_map(|gate| Step::Open { gate }),
        2 => (0..4_i64).prop_map(|ms| Step::Pass { ms }),
    ]
}

fn name(gate: usize) -> u8 {
    let mut names = OWN.iter().chain(&ACCOUNTS);
    *names.nth(gate).expect("there are so many")
}

fn apply(world: &mut World, step: &Step) {
    match *step {
        Step::Join {
            caller,
            group,
            prefers,
        } => {
            world.join(OWN[caller], group, prefers);
        }
        Step::Leave { which } => {
            let mut numbers = world.hall.numbers();
            numbers.sort_unstable();
            if let Some(number) = numbers.get(which % numbers.len().max(1)) {
                world.leave(*number);
            }
        }
        Step::GiveBack { which } => {
            let holders = world.gates.values().flat_map(|gate| &gate.holders);
            let holders: BTreeSet<Number> = holders.copied().collect();
            let chosen = which % holders.len().max(1);
            if let Some(number) = holders.into_iter().nth(chosen) {
                world.give_back(number);
            }
        }
        Step::Limit { gate, limit } => {
            world.gates.get_mut(&name(gate)).expect("it is there").limit = limit;
            world.serve_key(&key(name(gate)));
        }
        Step::Close { gate } => {
            world
                .gates
                .get_mut(&name(gate))
                .expect("it is there")
                .closed = true;
        }
        Step::Open { gate } => {
            world
                .gates
                .get_mut(&name(gate))
                .expect("it is there")
                .closed = false;
            world.serve_key(&key(name(gate)));
        }
        Step::Pass { ms } => world.pass(ms),
    }
}

proptest! {
    #[test]
    fn nobody_waits_for_what_is_there(steps in vec(step(), 1..200), limits in vec(0..4_usize, 7)) {
        let mut world = World::new(&limits);
        for step in &steps {
            let before: BTreeMap<u8, usize> = in_use(&world);
            apply(&mut world, step);
            for (name, gate) in &world.gates {
                let allowed = before[name].max(gate.limit);
                prop_assert!(gate.holders.len() <= allowed, "{} over its limit", *name as char);
            }
            world.check()?;
        }
        let waiting = world.hall.numbers();
        for number in waiting {
            world.leave(number);
        }
        prop_assert_eq!((world.hall.len(), world.hall.lines()), (0, 0));
    }
}

fn in_use(world: &World) -> BTreeMap<u8, usize> {
    let gates = world.gates.iter();
    gates
        .map(|(name, gate)| (*name, gate.holders.len()))
        .collect()
}
