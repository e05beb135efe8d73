//! The rules of a line once more, by looking at everybody each time, and the proof that both serve alike.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::{Strategy, prop_oneof, proptest};
use proptest::{collection, option, prop_assert, prop_assert_eq};

use super::{FlowName, Line, Number, Place, UNIT};
use crate::time::UnixMillis;

fn flow(name: u8) -> FlowName {
    Arc::from([name])
}

fn serve_all(line: &mut Line) -> Vec<Number> {
    let first = |line: &mut Line| {
        let first = line.first()?;
        line.serve_first();
        Some(first)
    };
    std::iter::from_fn(|| first(line)).collect()
}

/// Flow, since when, number.
type Waiter = (u8, i64, Number);

#[derive(Debug, Default)]
struct Twin {
    waiters: Vec<Waiter>,
    tags: HashMap<u8, u64>,
    weights: HashMap<u8, u64>,
    clock: u64,
}

impl Twin {
    fn join(&mut self, waiter: Waiter, weight: Option<u32>) {
        let (name, ..) = waiter;
        if !self.waits(name) {
            let tag = self.tags.entry(name).or_default();
            if *tag <= self.clock {
                self.weights.remove(&name);
            }
            *tag = (*tag).max(self.clock);
        }
        if let Some(weight) = weight {
            self.weights.insert(name, u64::from(weight));
        }
        self.waiters.push(waiter);
    }

    fn waits(&self, name: u8) -> bool {
        self.waiters.iter().any(|(flow, ..)| *flow == name)
    }

    /// A flow that has rested is forgotten with its weight.
    fn weight(&self, name: u8) -> u64 {
        self.weights.get(&name).copied().unwrap_or(1)
    }

    fn first(&self) -> Option<Waiter> {
        let head = |name: u8| {
            let own = self.waiters.iter().filter(move |(flow, ..)| *flow == name);
            own.min_by_key(|(_, since, number)| (*since, *number))
                .copied()
        };
        let heads = self.tags.keys().filter_map(|name| head(*name));
        heads.min_by_key(|(flow, _, number)| (self.tags[flow], *number))
    }

    fn serve(&mut self) {
        let Some(first) = self.first() else { return };
        let (name, ..) = first;
        let waiting = self.tags.keys().filter(|flow| self.waits(**flow));
        let weights: u64 = waiting.map(|flow| self.weight(*flow)).sum();
        let shared = (self.clock + UNIT / weights).max(self.tags[&name]);
        let cost = UNIT / self.weight(name);
        *self.tags.entry(name).or_default() += cost;
        self.waiters.retain(|waiter| *waiter != first);
        let next = self.first().map_or(u64::MAX, |(next, ..)| self.tags[&next]);
        self.clock = shared.min(next);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Join {
        flow: u8,
        since: i64,
        weight: Option<u32>,
    },
    Weigh {
        which: usize,
        weight: u32,
    },
    Leave {
        which: usize,
    },
    Serve,
}

fn step() -> impl Strategy<Value = Step> {
    let weight = || 1..101_u32;
    prop_oneof![
        8 => (0..4_u8, 0..5_i64, option::of(weight()))
            .prop_map(|(flow, since, weight)| Step::Join { flow, since, weight }),
        1 => (0..50_usize, weight()).prop_map(|(which, weight)| Step::Weigh { which, weight }),
        2 => (0..50_usize).prop_map(|which| Step::Leave { which }),
        6 => (0..1_u8).prop_map(|_| Step::Serve),
    ]
}

fn place((_, since, number): Waiter) -> Place {
    let since = UnixMillis::new(since);
    Place { since, number }
}

fn apply(line: &mut Line, twin: &mut Twin, number: Number, step: &Step) {
    let chosen = |twin: &Twin, which: usize| which % twin.waiters.len();
    match *step {
        Step::Join {
            flow: name,
            since,
            weight,
        } => {
            let waiter = (name, since, number);
            line.join(&flow(name), weight, place(waiter));
            twin.join(waiter, weight);
        }
        Step::Serve => {
            line.serve_first();
            twin.serve();
        }
        Step::Leave { .. } | Step::Weigh { .. } if twin.waiters.is_empty() => {}
        Step::Weigh { which, weight } => {
            let (name, ..) = twin.waiters[chosen(twin, which)];
            line.weigh(&flow(name), weight);
            twin.weights.insert(name, u64::from(weight));
        }
        Step::Leave { which } => {
            let gone = twin.waiters.remove(chosen(twin, which));
            line.leave(&flow(gone.0), place(gone));
        }
    }
}

proptest! {
    #[test]
    fn it_serves_whom_its_naive_twin_serves(steps in collection::vec(step(), 1..120)) {
        let (mut line, mut twin) = (Line::default(), Twin::default());
        for (number, step) in (1..).zip(steps) {
            apply(&mut line, &mut twin, number, &step);
            prop_assert_eq!(line.first(), twin.first().map(|(_, _, number)| number));
            prop_assert_eq!(line.len(), twin.waiters.len());
            let mut numbers = line.numbers();
            numbers.sort_unstable();
            prop_assert!(numbers.iter().eq(twin.waiters.iter().map(|(_, _, number)| number)));
        }
        let order = line.in_order(usize::MAX);
        for (index, number) in order.iter().enumerate() {
            let waiter = twin.waiters.iter().find(|waiter| waiter.2 == *number);
            let waiter = *waiter.expect("both hold the same");
            let ahead = line.ahead(&flow(waiter.0), place(waiter));
            prop_assert!(ahead <= index && index <= ahead + line.flows(), "{ahead} at {index}");
        }
        prop_assert_eq!(order, serve_all(&mut line));
    }
}
