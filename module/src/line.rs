//! One line of waiters: first come, first served within a flow, start-time fair queueing between flows. Pure.
//! Waiters of a flow that need the same stand in one strand; a strand that something else holds up stands aside with
//! its flow, and is passed over until it is called back. What they wait for is not the line's business.

mod deadlines;
mod flow;
pub(crate) mod hall;
pub(crate) mod name;
mod places;
pub(crate) mod plan;
mod ranked;
mod rivals;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod twin;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use hashbrown::HashMap;

use crate::line::flow::{Flow, Post};
use crate::line::name::{FlowName, KeyName};
pub(crate) use crate::line::places::Place;
use crate::line::plan::PlanId;
use crate::line::ranked::{Rank, Ranked};
use crate::time::UnixMillis;

/// What serving one waiter costs a flow of weight 1.
const UNIT: u64 = 1 << 24;

/// A waiter, everywhere in the module. Who comes later has the greater one.
pub(crate) type Number = u64;

/// A strand of a flow.
type StrandName = (FlowName, PlanId);

#[derive(Debug, Default)]
pub(crate) struct Line {
    flows: Ranked<FlowName, Flow>,
    /// The strands that stand aside, by what holds them up.
    aside: HashMap<KeyName, BTreeMap<Post, StrandName>>,
    /// The flows without waiters whose tag lies ahead of the clock, by that tag.
    resting: BTreeSet<(u64, FlowName)>,
    /// The virtual time: moves with every service, and never past the tag of anybody who could be served.
    clock: u64,
    /// The weights of all flows that could be served.
    weights: u64,
    len: usize,
}

/// What the line's orders know of a flow and one of its strands.
#[derive(Debug)]
struct Known {
    /// Its part of the line's weights.
    weight: u64,
    /// If it rests, with which tag.
    rests: Option<u64>,
    aside: Option<(KeyName, Post)>,
}

impl Known {
    fn of(flow: &Flow, plan: PlanId) -> Self {
        Self {
            weight: flow.rank().map_or(0, |_| u64::from(flow.weight)),
            rests: flow.is_empty().then_some(flow.tag),
            aside: flow.aside(plan),
        }
    }
}

impl Line {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many flows have waiters.
    pub(crate) fn flows(&self) -> usize {
        self.flows.len() - self.resting.len()
    }

    /// The name of a flow as the line itself keeps it, so that all who stand there share it.
    pub(crate) fn shared(&self, flow: FlowName) -> FlowName {
        let known = self.flows.get(&flow).map(|(name, _)| name.clone());
        known.unwrap_or(flow)
    }

    /// Stands at the end of its strand, but behind nobody there who has waited for less long.
    pub(crate) fn join(
        &mut self,
        flow: &FlowName,
        plan: PlanId,
        weight: Option<u32>,
        place: Place,
    ) {
        self.change(flow, plan, |flow| {
            flow.weight = weight.unwrap_or(flow.weight);
            flow.change(plan, |strand| strand.places.insert(place));
        });
        self.len += 1;
    }

    /// The weight last given for a flow.
    pub(crate) fn weight(&self, flow: &FlowName) -> Option<u32> {
        self.flows.get(flow).map(|(_, flow)| flow.weight)
    }

    pub(crate) fn leave(&mut self, flow: &FlowName, plan: PlanId, place: Place) {
        self.remove(flow, plan, place, 0);
        self.forget_rested();
    }

    /// Since when the one waits who has waited longest.
    pub(crate) fn oldest(&self) -> Option<UnixMillis> {
        self.flows.values().filter_map(Flow::oldest).min()
    }

    /// Who is served next.
    pub(crate) fn first(&self) -> Option<Number> {
        self.post().map(|(_, number)| number)
    }

    /// The post of who is served next.
    fn post(&self) -> Option<Post> {
        self.flows.first()
    }

    /// The same of those whom this holds up.
    fn post_aside(&mut self, key: &KeyName) -> Option<Post> {
        self.first_aside(key).map(|(post, _)| post)
    }

    /// This one, who could be served, is served: it leaves, and its flow has had its share.
    pub(crate) fn serve(&mut self, flow: &FlowName, plan: PlanId, place: Place) {
        let Some((_, own)) = self.flows.get(flow) else {
            return;
        };
        // A service is shared by all who wait: so much of it has everybody had, newcomers included.
        let shared = self.clock + UNIT / self.weights.max(1);
        let (tag, cost) = (own.tag, own.cost());
        self.remove(flow, plan, place, cost);
        let first = self.post().map_or(u64::MAX, |(tag, _)| tag);
        self.clock = shared.max(tag).min(first);
        self.forget_rested();
    }

    /// While nobody could be served here, others were: the virtual time is not before this.
    fn advance(&mut self, clock: u64) {
        if self.post().is_none() {
            self.clock = self.clock.max(clock);
            self.forget_rested();
        }
    }

    /// A strand is held up, and stands aside.
    pub(crate) fn hold_up(&mut self, flow: &FlowName, plan: PlanId, by: &KeyName) {
        self.change(flow, plan, |flow| {
            let tag = flow.tag;
            flow.change(plan, |strand| strand.aside = Some((by.clone(), tag)));
        });
        self.forget_rested();
    }

    /// The strand that comes first among those whom this holds up is called back. `false`: it holds nobody up.
    pub(crate) fn call_back(&mut self, key: &KeyName) -> bool {
        let Some((_, (flow, plan))) = self.first_aside(key) else {
            return false;
        };
        self.change(&flow, plan, |flow| {
            flow.change(plan, |strand| strand.aside = None);
        });
        true
    }

    /// Whether this holds anybody up here.
    fn holds_up(&self, key: &KeyName) -> bool {
        self.aside.contains_key(key)
    }

    /// How many are served before this one, if nobody else comes; of those whose turn is the very same, none.
    pub(crate) fn ahead(&self, flow: &FlowName, place: Place) -> usize {
        let Some((_, own)) = self.flows.get(flow) else {
            return 0;
        };
        let before = own.before(place);
        let tag = own.tag + before as u64 * own.cost();
        let others = self.flows.iter().filter(|(name, _)| *name != flow);
        let passed = others.map(|(_, flow)| {
            let turns = tag.saturating_sub(flow.tag).div_ceil(flow.cost());
            flow.len().min(usize::try_from(turns).unwrap_or(usize::MAX))
        });
        before + passed.sum::<usize>()
    }

    /// All who wait, in no order.
    pub(crate) fn numbers(&self) -> Vec<Number> {
        let places = self.flows.values().flat_map(Flow::places);
        places.map(|place| place.number).collect()
    }

    /// At most `most` waiters in the order in which they are served, if nobody else comes and nothing holds them up.
    pub(crate) fn in_order(&self, most: usize) -> Vec<Number> {
        let flows = self.flows.values();
        let flows: Vec<(&Flow, Vec<Place>)> =
            flows.map(|flow| (flow, flow.in_order(most))).collect();
        let turn = |index: usize, served: usize| {
            let (flow, places): &(&Flow, Vec<Place>) = &flows[index];
            let tag = flow.tag + served as u64 * flow.cost();
            Some(Reverse((tag, places.get(served)?.number, index, served)))
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

    fn remove(&mut self, flow: &FlowName, plan: PlanId, place: Place, cost: u64) {
        let was_there = self.change(flow, plan, |flow| {
            let was_there = flow.change(plan, |strand| strand.places.remove(place));
            flow.tag += if was_there { cost } else { 0 };
            was_there
        });
        self.len -= usize::from(was_there);
    }

    /// Changes a flow and one of its strands, and keeps all orders true. A flow that can be served again starts at the
    /// virtual time.
    fn change<T>(
        &mut self,
        name: &FlowName,
        plan: PlanId,
        change: impl FnOnce(&mut Flow) -> T,
    ) -> T {
        let clock = self.clock;
        let (before, done, after) = self.flows.change(name, |flow| {
            let (before, was_ready) = (Known::of(flow, plan), flow.rank().is_some());
            let done = change(flow);
            if !was_ready && flow.rank().is_some() {
                flow.tag = flow.tag.max(clock);
            }
            (before, done, Known::of(flow, plan))
        });
        self.weights = self.weights - before.weight + after.weight;
        if before.aside != after.aside {
            self.move_aside(before.aside, after.aside, (name.clone(), plan));
        }
        if let Some(tag) = before.rests {
            self.resting.remove(&(tag, name.clone()));
        }
        if let Some(tag) = after.rests {
            self.resting.insert((tag, name.clone()));
        }
        done
    }

    fn move_aside(
        &mut self,
        from: Option<(KeyName, Post)>,
        to: Option<(KeyName, Post)>,
        name: StrandName,
    ) {
        if let Some((key, post)) = from
            && let Some(strands) = self.aside.get_mut(&key)
        {
            strands.remove(&post);
            if strands.is_empty() {
                self.aside.remove(&key);
            }
        }
        if let Some((key, post)) = to {
            self.aside.entry(key).or_default().insert(post, name);
        }
    }

    /// Who comes first among those whom this holds up. Tags only grow, so it is enough to look at the first ones:
    /// who stands under a tag that its flow has left behind is put where it belongs.
    fn first_aside(&mut self, key: &KeyName) -> Option<(Post, StrandName)> {
        loop {
            let (post, name) = self.aside.get(key)?.first_key_value()?;
            let (post, (flow, plan)) = (*post, name.clone());
            let tag = self.flows.get(&flow)?.1.tag;
            if post.0 == tag {
                return Some((post, (flow, plan)));
            }
            self.change(&flow, plan, |flow| {
                flow.change(plan, |strand| {
                    let aside = strand.aside.iter_mut();
                    aside.for_each(|(_, posted)| *posted = tag);
                });
            });
        }
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

    /// Whether nobody waits, and no flow has a share to answer for.
    fn is_forgotten(&self) -> bool {
        self.flows.len() == 0
    }
}
