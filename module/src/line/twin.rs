//! The rules of a line once more, by looking at everybody each time, and the proof that both serve alike.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::{Strategy, prop_oneof, proptest};
use proptest::{collection, prop_assert, prop_assert_eq};

use super::{FlowName, Line, Number, Standing, UNIT};
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

#[derive(Debug, Default)]
struct Twin {
    waiters: Vec<(u8, u64, Number)>,
    tags: HashMap<u8, u64>,
    clock: u64,
}

impl Twin {
    fn join(&mut self, number: Number, name: u8, since: u64) {
        if !self.waiters.iter().any(|(flow, ..)| *flow == name) {
            let tag = self.tags.entry(name).or_default();
            *tag = (*tag).max(self.clock);
        }
        self.waiters.push((name, since, number));
    }

    /// Numbers grow in the order of joining.
    fn first(&self) -> Option<(u8, u64, Number)> {
        let head = |name: u8| {
            let own = self.waiters.iter().filter(move |(flow, ..)| *flow == name);
            own.min_by_key(|(_, since, number)| (*since, *number))
                .copied()
        };
        let heads = self.tags.keys().filter_map(|name| head(*name));
        heads.min_by(|a, b| {
            let tags = self.tags[&a.0].cmp(&self.tags[&b.0]);
            tags.then(a.2.cmp(&b.2))
        })
    }

    fn serve(&mut self) {
        let Some(first) = self.first() else { return };
        let waiting = |flow: &u8| self.waiters.iter().any(|waiter| waiter.0 == *flow);
        let flows = self.tags.keys().filter(|flow| waiting(flow)).count() as u64;
        let shared = (self.clock + UNIT / flows).max(self.tags[&first.0]);
        *self.tags.entry(first.0).or_default() += UNIT;
        self.waiters.retain(|waiter| *waiter != first);
        let next = self.first().map_or(u64::MAX, |next| self.tags[&next.0]);
        self.clock = shared.min(next);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Join { flow: u8, since: u64 },
    Leave { which: usize },
    Serve,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4_u8, 0..5_u64).prop_map(|(flow, since)| Step::Join { flow, since }),
        1 => (0..50_usize).prop_map(|which| Step::Leave { which }),
        3 => (0..1_u8).prop_map(|_| Step::Serve),
    ]
}

proptest! {
    #[test]
    fn it_serves_whom_its_naive_twin_serves(steps in collection::vec(step(), 1..120)) {
        let (mut line, mut twin) = (Line::default(), Twin::default());
        let mut standings: HashMap<Number, Standing> = HashMap::new();
        for (number, step) in (1..).zip(steps) {
            match step {
                Step::Join { flow: name, since } => {
                    let since_ms = UnixMillis::new(since as i64);
                    standings.insert(number, line.join(number, &flow(name), None, since_ms));
                    twin.join(number, name, since);
                }
                Step::Leave { which } if !twin.waiters.is_empty() => {
                    let (_, _, gone) = twin.waiters.remove(which % twin.waiters.len());
                    line.leave(&standings[&gone]);
                }
                Step::Leave { .. } => {}
                Step::Serve => {
                    line.serve_first();
                    twin.serve();
                }
            }
            prop_assert_eq!(line.first(), twin.first().map(|(_, _, number)| number));
            prop_assert_eq!(line.len(), twin.waiters.len());
        }
        let order = line.in_order(usize::MAX);
        for (index, number) in order.iter().enumerate() {
            let ahead = line.ahead(&standings[number]);
            prop_assert!(ahead <= index && index <= ahead + line.flows(), "{ahead} at {index}");
        }
        prop_assert_eq!(order, serve_all(&mut line));
    }
}
