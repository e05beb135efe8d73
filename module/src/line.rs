//! One line of waiters: first come, first served within a flow, start-time fair queueing between flows. Pure.
//! It knows waiters by numbers; what they wait for and who they are is not its business.

pub(crate) mod hall;
#[cfg(test)]
mod twin;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;

use crate::time::UnixMillis;

/// What serving one waiter costs a flow of weight 1.
const UNIT: u64 = 1 << 24;

/// A waiter, everywhere in the module.
pub(crate) type Number = u64;

/// Whose waiter it is; empty for the common flow.
pub(crate) type FlowName = Arc<[u8]>;

/// A place within a flow: since when, then in which order they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    since: UnixMillis,
    sequence: u64,
}

/// Where one waiter stands.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    flow: FlowName,
    place: Place,
}

#[derive(Debug)]
struct Flow {
    waiters: BTreeMap<Place, Number>,
    /// The start tag of its first waiter; without waiters, of the next one that comes soon enough.
    tag: u64,
    weight: u32,
}

impl Flow {
    fn cost(&self) -> u64 {
        UNIT / u64::from(self.weight)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Line {
    flows: HashMap<FlowName, Flow>,
    /// The flows that have waiters, by who is served next: tag, then arrival of the first waiter.
    next: BTreeSet<(u64, u64, FlowName)>,
    /// The flows without waiters whose tag lies ahead of the clock, by that tag.
    resting: BTreeSet<(u64, FlowName)>,
    /// The virtual time: moves with every service, and never past the tag of anybody who waits.
    clock: u64,
    /// The weights of all flows that have waiters.
    weights: u64,
    len: usize,
    sequence: u64,
}

impl Line {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many flows have waiters.
    pub(crate) fn flows(&self) -> usize {
        self.next.len()
    }

    /// Stands at the end of its flow, but behind nobody there who came later than `since`.
    pub(crate) fn join(
        &mut self,
        number: Number,
        flow: &FlowName,
        weight: Option<u32>,
        since: UnixMillis,
    ) -> Standing {
        self.sequence += 1;
        let place = Place {
            since,
            sequence: self.sequence,
        };
        let clock = self.clock;
        self.change(flow, |flow| {
            if flow.waiters.is_empty() {
                flow.tag = flow.tag.max(clock);
            }
            flow.weight = weight.unwrap_or(flow.weight);
            flow.waiters.insert(place, number);
        });
        self.len += 1;
        Standing {
            flow: Arc::clone(flow),
            place,
        }
    }

    /// Another number takes over a place.
    pub(crate) fn replace(&mut self, standing: &Standing, number: Number, weight: Option<u32>) {
        self.change(&standing.flow, |flow| {
            flow.weight = weight.unwrap_or(flow.weight);
            flow.waiters.insert(standing.place, number);
        });
    }

    pub(crate) fn leave(&mut self, standing: &Standing) {
        let mut left = false;
        self.change(&standing.flow, |flow| {
            left = flow.waiters.remove(&standing.place).is_some();
        });
        self.len -= usize::from(left);
        self.forget_rested();
    }

    /// Since when the one waits who has waited longest.
    pub(crate) fn oldest(&self) -> Option<UnixMillis> {
        let firsts = self
            .flows
            .values()
            .filter_map(|flow| flow.waiters.keys().next());
        firsts.map(|place| place.since).min()
    }

    /// Who is served next.
    pub(crate) fn first(&self) -> Option<Number> {
        let (_, _, name) = self.next.first()?;
        self.flows.get(name)?.waiters.values().next().copied()
    }

    /// The first one is served: it leaves, and its flow has had its share.
    pub(crate) fn serve_first(&mut self) {
        let Some((tag, _, name)) = self.next.first().cloned() else {
            return;
        };
        // A service is shared by all who wait: so much of it has everybody had, newcomers included.
        let shared = self.clock + UNIT / self.weights.max(1);
        self.change(&name, |flow| {
            flow.waiters.pop_first();
            flow.tag += flow.cost();
        });
        self.len -= 1;
        let first = self.next.first().map_or(u64::MAX, |(tag, ..)| *tag);
        self.clock = shared.max(tag).min(first);
        self.forget_rested();
    }

    /// How many are served before this one, if nobody else comes; of those whose turn is the very same, none.
    pub(crate) fn ahead(&self, standing: &Standing) -> usize {
        let Some(own) = self.flows.get(&standing.flow) else {
            return 0;
        };
        let before = own.waiters.range(..standing.place).count();
        let tag = own.tag + before as u64 * own.cost();
        let others = self
            .flows
            .iter()
            .filter(|(name, _)| **name != standing.flow);
        let passed = others.map(|(_, flow)| {
            let turns = tag.saturating_sub(flow.tag).div_ceil(flow.cost());
            flow.waiters
                .len()
                .min(usize::try_from(turns).unwrap_or(usize::MAX))
        });
        before + passed.sum::<usize>()
    }

    /// At most `most` waiters in the order in which they are served, if nobody else comes.
    pub(crate) fn in_order(&self, most: usize) -> Vec<Number> {
        let mut coming: Vec<_> = self
            .flows
            .values()
            .map(|flow| flow.waiters.iter())
            .collect();
        let costs: Vec<u64> = self.flows.values().map(Flow::cost).collect();
        let mut next = BinaryHeap::new();
        for (index, flow) in self.flows.values().enumerate() {
            if let Some((place, number)) = coming[index].next() {
                next.push(Reverse((flow.tag, place.sequence, index, *number)));
            }
        }
        let mut order = Vec::new();
        while order.len() < most {
            let Some(Reverse((tag, _, index, number))) = next.pop() else {
                break;
            };
            order.push(number);
            if let Some((place, number)) = coming[index].next() {
                next.push(Reverse((
                    tag + costs[index],
                    place.sequence,
                    index,
                    *number,
                )));
            }
        }
        order
    }

    /// Changes a flow and keeps the two orders of flows true.
    fn change(&mut self, name: &FlowName, change: impl FnOnce(&mut Flow)) {
        let flow = self.flows.entry(Arc::clone(name)).or_insert_with(|| Flow {
            waiters: BTreeMap::new(),
            tag: 0,
            weight: 1,
        });
        match flow.waiters.keys().next() {
            Some(first) => {
                self.weights -= u64::from(flow.weight);
                self.next
                    .remove(&(flow.tag, first.sequence, Arc::clone(name)))
            }
            None => self.resting.remove(&(flow.tag, Arc::clone(name))),
        };
        change(flow);
        match flow.waiters.keys().next() {
            Some(first) => {
                self.weights += u64::from(flow.weight);
                self.next
                    .insert((flow.tag, first.sequence, Arc::clone(name)))
            }
            None => self.resting.insert((flow.tag, Arc::clone(name))),
        };
    }

    /// A flow whose tag the clock has passed has nothing to answer for.
    fn forget_rested(&mut self) {
        while let Some((tag, name)) = self.resting.first() {
            if *tag > self.clock {
                return;
            }
            self.flows.remove(name);
            self.resting.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{FlowName, Line, Number, Standing};
    use crate::time::UnixMillis;

    fn flow(name: u8) -> FlowName {
        Arc::from([name])
    }

    fn join(line: &mut Line, number: Number, name: u8, weight: Option<u32>) -> Standing {
        line.join(number, &flow(name), weight, UnixMillis::new(1_000))
    }

    fn serve_all(line: &mut Line) -> Vec<Number> {
        let mut served = Vec::new();
        while let Some(first) = line.first() {
            served.push(first);
            line.serve_first();
        }
        served
    }

    #[test]
    fn a_newcomer_flow_waits_for_one_service_whatever_the_backlog() {
        let mut line = Line::default();
        for number in 0..100 {
            join(&mut line, number, b'a', None);
        }
        line.serve_first();
        join(&mut line, 100, b'b', None);
        let served = serve_all(&mut line);
        assert!(served.iter().position(|number| *number == 100) <= Some(1));
    }

    #[test]
    fn flows_are_served_by_their_weights() {
        let mut line = Line::default();
        let flows = [(b'a', 1), (b'b', 2), (b'c', 4)];
        for number in 0..210 {
            let (name, weight) = flows[number as usize % 3];
            join(&mut line, number, name, Some(weight));
        }
        let served = &serve_all(&mut line)[..70];
        for (index, (_, weight)) in flows.iter().enumerate() {
            let count = served
                .iter()
                .filter(|number| **number as usize % 3 == index);
            let count = count.count() as i64;
            let share = i64::from(*weight) * 10;
            assert!((count - share).abs() <= 1, "{count} of {share}");
        }
    }

    #[test]
    fn having_waited_elsewhere_counts_within_the_own_flow_alone() {
        let mut line = Line::default();
        join(&mut line, 1, b'a', None);
        join(&mut line, 2, b'b', None);
        line.join(3, &flow(b'b'), None, UnixMillis::new(10));
        assert_eq!(serve_all(&mut line), [1, 3, 2]);
    }

    #[test]
    fn a_flow_that_comes_back_at_once_has_not_forgotten_its_share() {
        let mut line = Line::default();
        join(&mut line, 1, b'a', None);
        join(&mut line, 2, b'b', None);
        join(&mut line, 3, b'b', None);
        line.serve_first();
        join(&mut line, 4, b'a', None);
        assert_eq!(serve_all(&mut line), [2, 3, 4]);
    }

    #[test]
    fn no_stream_of_new_flows_keeps_an_old_one_from_its_turn() {
        let mut line = Line::default();
        join(&mut line, 0, b'a', None);
        join(&mut line, 1, b'a', None);
        line.serve_first();
        let served = (2..100).find(|number| {
            let name: FlowName = Arc::from(number.to_string().as_bytes());
            line.join(*number, &name, None, UnixMillis::new(1_000));
            let first = line.first();
            line.serve_first();
            first == Some(1)
        });
        assert!(served.is_some_and(|number| number < 10), "{served:?}");
    }

    #[test]
    fn a_flow_whose_waiters_left_unserved_leaves_nothing_behind() {
        let mut line = Line::default();
        join(&mut line, 0, b'a', None);
        for number in 1..100 {
            let name: FlowName = Arc::from(number.to_string().as_bytes());
            let standing = line.join(number, &name, None, UnixMillis::new(1_000));
            line.leave(&standing);
        }
        assert_eq!((line.flows.len(), line.resting.len()), (1, 0));
    }
}
