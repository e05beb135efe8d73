//! One line of waiters: first come, first served within a flow, start-time fair queueing between flows. Pure.
//! Waiters of a flow that need the same stand in one strand; a strand that something else holds up stands aside with
//! its flow, and is passed over until it is called back. What they wait for is not the line's business.

mod deadlines;
mod flow;
pub(crate) mod hall;
pub(crate) mod plan;
mod rivals;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod twin;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use hashbrown::HashMap;

pub(crate) use crate::line::flow::Place;
use crate::line::flow::{Flow, Post};
use crate::line::plan::{KeyName, PlanId};
use crate::time::UnixMillis;

/// What serving one waiter costs a flow of weight 1.
const UNIT: u64 = 1 << 24;

/// A waiter, everywhere in the module. Who comes later has the greater one.
pub(crate) type Number = u64;

/// Whose waiter it is; empty for the common flow.
pub(crate) type FlowName = Arc<[u8]>;

#[derive(Debug, Default)]
pub(crate) struct Line {
    flows: HashMap<FlowName, Flow>,
    ready: BTreeSet<Post>,
    /// The strands that stand aside, by what holds them up.
    aside: HashMap<Arc<KeyName>, BTreeSet<Post>>,
    /// The flows without waiters whose tag lies ahead of the clock, by that tag.
    resting: BTreeSet<(u64, FlowName)>,
    /// The virtual time: moves with every service, and never past the tag of anybody who could be served.
    clock: u64,
    /// The weights of all flows that could be served.
    weights: u64,
    len: usize,
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
        let known = self.flows.get_key_value(&flow);
        known.map_or(flow, |(name, _)| Arc::clone(name))
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
            flow.change_strand(plan, |strand| {
                let index = strand.before(place);
                strand.waiters.insert(index, place);
            });
        });
    }

    /// The weight last given for a flow.
    pub(crate) fn weight(&self, flow: &FlowName) -> Option<u32> {
        self.flows.get(flow).map(|flow| flow.weight)
    }

    pub(crate) fn leave(&mut self, flow: &FlowName, plan: PlanId, place: Place) {
        self.remove(flow, plan, place, 0);
        self.forget_rested();
    }

    /// Since when the one waits who has waited longest.
    pub(crate) fn oldest(&self) -> Option<UnixMillis> {
        let strands = self.flows.values().flat_map(|flow| flow.strands.values());
        let firsts = strands.filter_map(|strand| strand.waiters.front());
        firsts.map(|place| place.since).min()
    }

    /// Who is served next.
    pub(crate) fn first(&self) -> Option<Number> {
        self.ready.first().map(|post| post.number)
    }

    /// The tag of who is served next.
    fn first_tag(&self) -> Option<(u64, Number)> {
        self.ready.first().map(|post| (post.tag, post.number))
    }

    /// The same for those whom this holds up.
    fn first_tag_aside(&mut self, key: &KeyName) -> Option<(u64, Number)> {
        let first = self.first_aside(key)?;
        Some((first.tag, first.number))
    }

    /// This one, who could be served, is served: it leaves, and its flow has had its share.
    pub(crate) fn serve(&mut self, flow: &FlowName, plan: PlanId, place: Place) {
        let Some(own) = self.flows.get(flow) else {
            return;
        };
        // A service is shared by all who wait: so much of it has everybody had, newcomers included.
        let shared = self.clock + UNIT / self.weights.max(1);
        let (tag, cost) = (own.tag, own.cost());
        self.remove(flow, plan, place, cost);
        let first = self.ready.first().map_or(u64::MAX, |post| post.tag);
        self.clock = shared.max(tag).min(first);
        self.forget_rested();
    }

    /// While nobody could be served here, others were: the virtual time is not before this.
    fn advance(&mut self, clock: u64) {
        if self.ready.is_empty() {
            self.clock = self.clock.max(clock);
            self.forget_rested();
        }
    }

    /// A strand is held up, and stands aside.
    pub(crate) fn hold_up(&mut self, flow: &FlowName, plan: PlanId, by: &Arc<KeyName>) {
        self.change(flow, plan, |flow| {
            let tag = flow.tag;
            flow.change_strand(plan, |strand| strand.aside = Some((Arc::clone(by), tag)));
        });
        self.forget_rested();
    }

    /// The strand that comes first among those whom this holds up is called back. `false`: it holds nobody up.
    pub(crate) fn call_back(&mut self, key: &KeyName) -> bool {
        let Some(Post { flow, plan, .. }) = self.first_aside(key) else {
            return false;
        };
        self.change(&flow, plan, |flow| {
            flow.change_strand(plan, |strand| strand.aside = None);
        });
        true
    }

    /// Whether this holds anybody up here.
    fn holds_up(&self, key: &KeyName) -> bool {
        self.aside.contains_key(key)
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
            flow.len.min(usize::try_from(turns).unwrap_or(usize::MAX))
        });
        before + passed.sum::<usize>()
    }

    /// All who wait, in no order.
    pub(crate) fn numbers(&self) -> Vec<Number> {
        let strands = self.flows.values().flat_map(|flow| flow.strands.values());
        let places = strands.flat_map(|strand| &strand.waiters);
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
        self.change(flow, plan, |flow| {
            let len = flow.len;
            flow.change_strand(plan, |strand| {
                let index = strand.before(place);
                if strand.waiters.get(index) == Some(&place) {
                    strand.waiters.remove(index);
                }
            });
            if flow.len < len {
                flow.tag += cost;
            }
        });
    }

    /// Changes a strand and its flow, and keeps all orders true. A flow that can be served again starts at the virtual
    /// time.
    fn change(&mut self, name: &FlowName, plan: PlanId, change: impl FnOnce(&mut Flow)) {
        let flow = self.flows.entry(Arc::clone(name)).or_insert_with(Flow::new);
        let (post, aside) = (flow.post(name), flow.post_aside(name, plan));
        let (rested_at, weight, len) = (flow.tag, flow.weight, flow.len);
        change(flow);
        if post.is_none() && !flow.ready.is_empty() {
            flow.tag = flow.tag.max(self.clock);
        }
        let (post_now, aside_now) = (flow.post(name), flow.post_aside(name, plan));
        let (tag, weight_now, len_now) = (flow.tag, flow.weight, flow.len);
        self.len = self.len + len_now - len;
        self.weights -= post.as_ref().map_or(0, |_| u64::from(weight));
        self.weights += post_now.as_ref().map_or(0, |_| u64::from(weight_now));
        if post != post_now {
            post.map(|post| self.ready.remove(&post));
            self.ready.extend(post_now);
        }
        if aside != aside_now {
            self.move_aside(aside, aside_now);
        }
        if len == 0 {
            self.resting.remove(&(rested_at, Arc::clone(name)));
        }
        if len_now == 0 {
            self.resting.insert((tag, Arc::clone(name)));
        }
    }

    fn move_aside(&mut self, from: Option<(Arc<KeyName>, Post)>, to: Option<(Arc<KeyName>, Post)>) {
        if let Some((key, post)) = from
            && let Some(posts) = self.aside.get_mut(&key)
        {
            posts.remove(&post);
            if posts.is_empty() {
                self.aside.remove(&key);
            }
        }
        if let Some((key, post)) = to {
            self.aside.entry(key).or_default().insert(post);
        }
    }

    /// Who comes first among those whom this holds up. Tags only grow, so it is enough to look at the first ones:
    /// who stands under a tag that its flow has left behind is put where it belongs.
    fn first_aside(&mut self, key: &KeyName) -> Option<Post> {
        loop {
            let first = self.aside.get(key)?.first()?.clone();
            let tag = self.flows.get(&first.flow)?.tag;
            if first.tag == tag {
                return Some(first);
            }
            self.change(&first.flow, first.plan, |flow| {
                flow.change_strand(first.plan, |strand| {
                    strand
                        .aside
                        .iter_mut()
                        .for_each(|(_, posted)| *posted = tag);
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
        self.flows.is_empty()
    }
}
