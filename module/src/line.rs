//! One line of waiters: first come, first served within a flow, start-time fair queueing between flows. Pure.
//! It knows waiters by numbers; what they wait for and who they are is not its business.

mod deadlines;
pub(crate) mod hall;
#[cfg(test)]
mod twin;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::sync::Arc;

use hashbrown::HashMap;

use crate::time::UnixMillis;

/// What serving one waiter costs a flow of weight 1.
const UNIT: u64 = 1 << 24;

/// A waiter, everywhere in the module. Who comes later has the greater one.
pub(crate) type Number = u64;

/// Whose waiter it is; empty for the common flow.
pub(crate) type FlowName = Arc<[u8]>;

/// A place within a flow: since when, then in which order they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) since: UnixMillis,
    pub(crate) number: Number,
}

#[derive(Debug)]
struct Flow {
    /// In the order in which they are served. Most come last and go first.
    waiters: VecDeque<Place>,
    /// The start tag of its first waiter; without waiters, of the next one that comes soon enough.
    tag: u64,
    weight: u32,
}

/// Where a flow stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    /// It has waiters: its tag, and the arrival of the first.
    Next(u64, Number),
    Resting(u64),
}

impl Flow {
    fn cost(&self) -> u64 {
        UNIT / u64::from(self.weight)
    }

    fn rank(&self) -> Rank {
        match self.waiters.front() {
            Some(first) => Rank::Next(self.tag, first.number),
            None => Rank::Resting(self.tag),
        }
    }

    /// How many stand before this place.
    fn before(&self, place: Place) -> usize {
        self.waiters.partition_point(|other| *other < place)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Line {
    flows: HashMap<FlowName, Flow>,
    /// The flows that have waiters, by who is served next: tag, then arrival of the first waiter.
    next: BTreeSet<(u64, Number, FlowName)>,
    /// The flows without waiters whose tag lies ahead of the clock, by that tag.
    resting: BTreeSet<(u64, FlowName)>,
    /// The virtual time: moves with every service, and never past the tag of anybody who waits.
    clock: u64,
    /// The weights of all flows that have waiters.
    weights: u64,
    len: usize,
}

impl Line {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many flows have waiters.
    pub(crate) fn flows(&self) -> usize {
        self.next.len()
    }

    /// The name of a flow as the line itself keeps it, so that all who stand there share it.
    pub(crate) fn shared(&self, flow: FlowName) -> FlowName {
        let known = self.flows.get_key_value(&flow);
        known.map_or(flow, |(name, _)| Arc::clone(name))
    }

    /// Stands at the end of its flow, but behind nobody there who has waited for less long.
    pub(crate) fn join(&mut self, flow: &FlowName, weight: Option<u32>, place: Place) {
        let clock = self.clock;
        self.change(flow, |flow| {
            if flow.waiters.is_empty() {
                flow.tag = flow.tag.max(clock);
            }
            flow.weight = weight.unwrap_or(flow.weight);
            let index = flow.before(place);
            flow.waiters.insert(index, place);
        });
        self.len += 1;
    }

    pub(crate) fn weigh(&mut self, flow: &FlowName, weight: u32) {
        self.change(flow, |flow| flow.weight = weight);
    }

    pub(crate) fn leave(&mut self, flow: &FlowName, place: Place) {
        let mut left = false;
        self.change(flow, |flow| {
            let index = flow.before(place);
            left = flow.waiters.get(index) == Some(&place);
            if left {
                flow.waiters.remove(index);
            }
        });
        self.len -= usize::from(left);
        self.forget_rested();
    }

    /// Since when the one waits who has waited longest.
    pub(crate) fn oldest(&self) -> Option<UnixMillis> {
        let firsts = self.flows.values().filter_map(|flow| flow.waiters.front());
        firsts.map(|place| place.since).min()
    }

    /// Who is served next.
    pub(crate) fn first(&self) -> Option<Number> {
        self.next.first().map(|(_, number, _)| *number)
    }

    /// The first one is served: it leaves, and its flow has had its share.
    pub(crate) fn serve_first(&mut self) {
        let Some((tag, _, name)) = self.next.first().cloned() else {
            return;
        };
        // A service is shared by all who wait: so much of it has everybody had, newcomers included.
        let shared = self.clock + UNIT / self.weights.max(1);
        self.change(&name, |flow| {
            flow.waiters.pop_front();
            flow.tag += flow.cost();
        });
        self.len -= 1;
        let first = self.next.first().map_or(u64::MAX, |(tag, ..)| *tag);
        self.clock = shared.max(tag).min(first);
        self.forget_rested();
    }

    /// How many are served before this one, if nobody else comes; of those whose turn is the very same, none.
    pub(crate) fn ahead(&self, flow: &FlowName, place: Place) -> usize {
        let Some(own) = self.flows.get(flow) else {
            return 0;
        };
        let before = own.before(place);
        let tag = own.tag + before as u64 * own.cost();
        let others = self.flows.iter().filter(|(name, _)| *name != flow);
        let passed = others.map(|(_, flow)| {
            let turns = tag.saturating_sub(flow.tag).div_ceil(flow.cost());
            flow.waiters
                .len()
                .min(usize::try_from(turns).unwrap_or(usize::MAX))
        });
        before + passed.sum::<usize>()
    }

    /// All who wait, in no order.
    pub(crate) fn numbers(&self) -> Vec<Number> {
        let places = self.flows.values().flat_map(|flow| &flow.waiters);
        places.map(|place| place.number).collect()
    }

    /// At most `most` waiters in the order in which they are served, if nobody else comes.
    pub(crate) fn in_order(&self, most: usize) -> Vec<Number> {
        let flows: Vec<&Flow> = self.flows.values().collect();
        let turn = |index: usize, served: usize| {
            let tag = flows[index].tag + served as u64 * flows[index].cost();
            let place = flows[index].waiters.get(served)?;
            Some(Reverse((tag, place.number, index, served)))
        };
        let mut next: BinaryHeap<_> = (0..flows.len())
            .filter_map(|index| turn(index, 0))
            .collect();
        let mut order = Vec::new();
        while order.len() < most {
            let Some(Reverse((_, number, index, served))) = next.pop() else {
                break;
            };
            order.push(number);
            next.extend(turn(index, served + 1));
        }
        order
    }

    /// Changes a flow and keeps the two orders of flows true.
    fn change(&mut self, name: &FlowName, change: impl FnOnce(&mut Flow)) {
        let flow = self.flows.entry(Arc::clone(name)).or_insert_with(|| Flow {
            waiters: VecDeque::new(),
            tag: 0,
            weight: 1,
        });
        let (rank, weight) = (flow.rank(), flow.weight);
        change(flow);
        let now = flow.rank();
        if matches!(now, Rank::Next(..)) && (rank, weight) == (now, flow.weight) {
            return;
        }
        match rank {
            Rank::Next(tag, first) => {
                self.weights -= u64::from(weight);
                self.next.remove(&(tag, first, Arc::clone(name)))
            }
            Rank::Resting(tag) => self.resting.remove(&(tag, Arc::clone(name))),
        };
        match now {
            Rank::Next(tag, first) => {
                self.weights += u64::from(flow.weight);
                self.next.insert((tag, first, Arc::clone(name)))
            }
            Rank::Resting(tag) => self.resting.insert((tag, Arc::clone(name))),
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

    use super::{FlowName, Line, Number, Place};
    use crate::time::UnixMillis;

    fn flow(name: u8) -> FlowName {
        Arc::from([name])
    }

    fn place(number: Number) -> Place {
        let since = UnixMillis::new(1_000);
        Place { since, number }
    }

    fn join(line: &mut Line, number: Number, name: u8, weight: Option<u32>) {
        line.join(&flow(name), weight, place(number));
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
        let since = UnixMillis::new(10);
        line.join(&flow(b'b'), None, Place { since, number: 3 });
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
            line.join(&name, None, place(*number));
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
            line.join(&name, None, place(number));
            line.leave(&name, place(number));
        }
        assert_eq!((line.flows.len(), line.resting.len()), (1, 0));
    }
}
