//! The rules of a line once more, by looking at everybody each time, and the proof that both serve alike.

use std::collections::HashMap;

use proptest::prelude::{Strategy, prop_oneof, proptest};
use proptest::{collection, option, prop_assert, prop_assert_eq};

use super::name::{Family, KeyName};
use super::plan::PlanId;
use super::{FlowName, Line, Number, Place, UNIT};
use crate::time::UnixMillis;

fn flow(name: u8) -> FlowName {
    FlowName::new(&[name])
}

fn key(name: u8) -> KeyName {
    KeyName::new(Family::Gate, 0, &[name])
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiter {
    flow: u8,
    plan: PlanId,
    since: i64,
    number: Number,
}

impl Waiter {
    fn place(self) -> Place {
        Place {
            since: UnixMillis::new(self.since),
            number: self.number,
        }
    }

    fn strand(self) -> (u8, PlanId) {
        (self.flow, self.plan)
    }
}

#[derive(Debug, Default)]
struct Twin {
    waiters: Vec<Waiter>,
    tags: HashMap<u8, u64>,
    weights: HashMap<u8, u64>,
    /// The strands that stand aside, and for which key.
    aside: HashMap<(u8, PlanId), u8>,
    clock: u64,
}

impl Twin {
    fn ready(&self, waiter: &Waiter) -> bool {
        !self.aside.contains_key(&waiter.strand())
    }

    fn is_ready(&self, flow: u8) -> bool {
        let mut own = self.waiters.iter().filter(|waiter| waiter.flow == flow);
        own.any(|waiter| self.ready(waiter))
    }

    /// A flow that has rested is forgotten with its weight.
    fn weight(&self, flow: u8) -> u64 {
        self.weights.get(&flow).copied().unwrap_or(1)
    }

    /// A flow that nobody of has waited and whose tag has passed is as new.
    fn forget(&mut self) {
        let rested = |flow: &u8| self.waiters.iter().all(|waiter| waiter.flow != *flow);
        let gone: Vec<u8> = self.tags.keys().copied().filter(rested).collect();
        for flow in gone
            .into_iter()
            .filter(|flow| self.tags[flow] <= self.clock)
        {
            self.weights.remove(&flow);
        }
    }

    /// Does something, after which a flow that had nobody to be served, and has now, starts at the virtual time.
    fn change(&mut self, flow: u8, change: impl FnOnce(&mut Self)) {
        let was_ready = self.is_ready(flow);
        change(self);
        let strands: Vec<_> = self.waiters.iter().map(|waiter| waiter.strand()).collect();
        self.aside.retain(|strand, _| strands.contains(strand));
        let tag = self.tags.entry(flow).or_default();
        let (floor, tag_now) = (self.clock, *tag);
        if !was_ready && self.is_ready(flow) {
            self.tags.insert(flow, tag_now.max(floor));
        }
    }

    fn firsts(&self, wanted: impl Fn(&Waiter) -> bool) -> Vec<Waiter> {
        let heads = self.waiters.iter().filter(|waiter| {
            let mut same = self
                .waiters
                .iter()
                .filter(|other| other.strand() == waiter.strand());
            same.all(|other| waiter.place() <= other.place())
        });
        heads.copied().filter(|waiter| wanted(waiter)).collect()
    }

    fn first(&self) -> Option<Waiter> {
        let heads = self.firsts(|waiter| self.ready(waiter));
        let first_of_flow = heads.iter().filter(|head| {
            let mut own = heads.iter().filter(|other| other.flow == head.flow);
            own.all(|other| head.place() <= other.place())
        });
        first_of_flow
            .min_by_key(|head| (self.tags[&head.flow], head.number))
            .copied()
    }

    fn first_aside(&self, key: u8) -> Option<Waiter> {
        let heads = self.firsts(|waiter| self.aside.get(&waiter.strand()) == Some(&key));
        heads
            .into_iter()
            .min_by_key(|head| (self.tags[&head.flow], head.number))
    }

    fn serve(&mut self, first: Waiter) {
        let ready = self.tags.keys().filter(|flow| self.is_ready(**flow));
        let weights: u64 = ready.map(|flow| self.weight(*flow)).sum();
        let shared = (self.clock + UNIT / weights).max(self.tags[&first.flow]);
        let cost = UNIT / self.weight(first.flow);
        self.change(first.flow, |twin| {
            *twin.tags.entry(first.flow).or_default() += cost;
            twin.waiters.retain(|waiter| *waiter != first);
        });
        let next = self.first().map_or(u64::MAX, |next| self.tags[&next.flow]);
        self.clock = shared.min(next);
        self.forget();
    }
}

#[derive(Clone, Debug)]
enum Step {
    Join {
        flow: u8,
        plan: PlanId,
        since: i64,
        weight: Option<u32>,
    },
    Leave {
        which: usize,
    },
    Serve,
    HoldUp {
        key: u8,
    },
    CallBack {
        key: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let weight = || 1..101_u32;
    let who = (0..4_u8, 0..2 as PlanId);
    prop_oneof![
        8 => (who, 0..5_i64, option::of(weight())).prop_map(|((flow, plan), since, weight)| {
            Step::Join { flow, plan, since, weight }
        }),
        2 => (0..50_usize).prop_map(|which| Step::Leave { which }),
        6 => (0..1_u8).prop_map(|_| Step::Serve),
        2 => (0..2_u8).prop_map(|key| Step::HoldUp { key }),
        2 => (0..2_u8).prop_map(|key| Step::CallBack { key }),
    ]
}

fn join(line: &mut Line, twin: &mut Twin, waiter: Waiter, weight: Option<u32>) {
    line.join(&flow(waiter.flow), waiter.plan, weight, waiter.place());
    twin.forget();
    twin.change(waiter.flow, |twin| {
        weight.map(|weight| twin.weights.insert(waiter.flow, u64::from(weight)));
        twin.waiters.push(waiter);
    });
}

fn apply(line: &mut Line, twin: &mut Twin, number: Number, step: &Step) {
    let chosen =
        |twin: &Twin, which: usize| twin.waiters.get(which % twin.waiters.len().max(1)).copied();
    match *step {
        Step::Join {
            flow,
            plan,
            since,
            weight,
        } => {
            let waiter = Waiter {
                flow,
                plan,
                since,
                number,
            };
            join(line, twin, waiter, weight);
        }
        Step::Serve => {
            if let Some(first) = twin.first() {
                line.serve(&flow(first.flow), first.plan, first.place());
                twin.serve(first);
            }
        }
        Step::Leave { which } => {
            if let Some(gone) = chosen(twin, which) {
                line.leave(&flow(gone.flow), gone.plan, gone.place());
                twin.change(gone.flow, |twin| twin.waiters.retain(|one| *one != gone));
                twin.forget();
            }
        }
        Step::HoldUp { key: by } => {
            if let Some(first) = twin.first() {
                line.hold_up(&flow(first.flow), first.plan, &key(by));
                twin.aside.insert(first.strand(), by);
            }
        }
        Step::CallBack { key: by } => {
            let first = twin.first_aside(by);
            assert_eq!(line.call_back(&key(by)), first.is_some());
            if let Some(first) = first {
                twin.change(first.flow, |twin| {
                    twin.aside.remove(&first.strand());
                });
            }
        }
    }
}

proptest! {
    #[test]
    fn it_serves_whom_its_naive_twin_serves(steps in collection::vec(step(), 1..150)) {
        let (mut line, mut twin) = (Line::default(), Twin::default());
        for (number, step) in (1..).zip(steps) {
            apply(&mut line, &mut twin, number, &step);
            prop_assert_eq!(line.first(), twin.first().map(|first| first.number));
            for by in [0, 1] {
                let first = line.post_aside(&key(by)).map(|(_, number)| number);
                prop_assert_eq!(first, twin.first_aside(by).map(|first| first.number));
            }
            prop_assert_eq!(line.len(), twin.waiters.len());
            let mut numbers = line.numbers();
            numbers.sort_unstable();
            prop_assert!(numbers.iter().eq(twin.waiters.iter().map(|waiter| &waiter.number)));
        }
        while line.call_back(&key(0)) || line.call_back(&key(1)) {}
        let order = line.in_order(usize::MAX);
        for (index, number) in order.iter().enumerate() {
            let waiter = twin.waiters.iter().find(|waiter| waiter.number == *number);
            let waiter = *waiter.expect("both hold the same");
            let ahead = line.ahead(&flow(waiter.flow), waiter.place());
            prop_assert!(ahead <= index && index <= ahead + line.flows(), "{ahead} at {index}");
        }
        let served = std::iter::from_fn(|| {
            let first = line.first()?;
            let waiter = twin.waiters.iter().find(|waiter| waiter.number == first)?;
            line.serve(&flow(waiter.flow), waiter.plan, waiter.place());
            Some(first)
        });
        prop_assert_eq!(order, served.collect::<Vec<_>>());
    }
}
