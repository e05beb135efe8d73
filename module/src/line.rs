//! One line of waiters: first come, first served within a flow, start-time fair queueing between flows. Pure.
//! Waiters of a flow that need the same stand in one strand; a strand that something else holds up stands aside with
//! its flow, and is passed over until it is called back. What they wait for is not the line's business.

mod deadlines;
pub(crate) mod hall;
pub(crate) mod plan;
mod rivals;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod twin;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::sync::Arc;

use hashbrown::HashMap;

use crate::line::plan::{KeyName, PlanId};
use crate::time::UnixMillis;

/// What serving one waiter costs a flow of weight 1.
const UNIT: u64 = 1 << 24;

/// A waiter, everywhere in the module. Who comes later has the greater one.
pub(crate) type Number = u64;

/// Whose waiter it is; empty for the common flow.
pub(crate) type FlowName = Arc<[u8]>;

/// A place within a strand: since when, then in which order they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) since: UnixMillis,
    pub(crate) number: Number,
}

/// The first of a strand, in the order in which strands are served: tag, then arrival.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Post {
    tag: u64,
    number: Number,
    flow: FlowName,
    plan: PlanId,
}

/// Those of a flow who need the same. Never empty.
#[derive(Debug)]
struct Strand {
    plan: PlanId,
    /// In the order in which they are served. Most come last and go first.
    waiters: VecDeque<Place>,
    /// What holds it up.
    aside: Option<Arc<KeyName>>,
}

#[derive(Debug)]
struct Flow {
    strands: Vec<Strand>,
    /// The start tag of its first waiter; without waiters, of the next one that comes soon enough.
    tag: u64,
    weight: u32,
}

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

impl Strand {
    /// How many stand before this place.
    fn before(&self, place: Place) -> usize {
        self.waiters.partition_point(|other| *other < place)
    }
}

impl Flow {
    fn cost(&self) -> u64 {
        UNIT / u64::from(self.weight)
    }

    fn is_ready(&self) -> bool {
        self.strands.iter().any(|strand| strand.aside.is_none())
    }

    fn strand(&self, plan: PlanId) -> Option<usize> {
        self.strands.iter().position(|strand| strand.plan == plan)
    }

    /// Who stands before this place, in all strands.
    fn before(&self, place: Place) -> usize {
        self.strands.iter().map(|strand| strand.before(place)).sum()
    }

    fn len(&self) -> usize {
        let strands = self.strands.iter();
        strands.map(|strand| strand.waiters.len()).sum()
    }

    /// Its first waiters in the order in which they are served.
    fn in_order(&self, most: usize) -> Vec<Place> {
        let strands = self.strands.iter();
        let firsts = strands.flat_map(|strand| strand.waiters.iter().take(most));
        let mut places: Vec<Place> = firsts.copied().collect();
        places.sort_unstable();
        places
    }

    /// Where it stands among the others: by the first who could be served, and by each strand that stands aside.
    fn posts(&self, name: &FlowName) -> Vec<(Option<Arc<KeyName>>, Post)> {
        let ready = self.strands.iter().filter(|strand| strand.aside.is_none());
        let first = ready.min_by_key(|strand| strand.waiters.front());
        let aside = self.strands.iter().filter(|strand| strand.aside.is_some());
        let post = |strand: &Strand| {
            let post = Post {
                tag: self.tag,
                number: strand.waiters.front()?.number,
                flow: Arc::clone(name),
                plan: strand.plan,
            };
            Some((strand.aside.clone(), post))
        };
        first.into_iter().chain(aside).filter_map(post).collect()
    }
}

impl Line {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many flows have waiters.
    pub(crate) fn flows(&self) -> usize {
        let flows = self.flows.values();
        flows.filter(|flow| !flow.strands.is_empty()).count()
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
        self.change(flow, |flow| {
            flow.weight = weight.unwrap_or(flow.weight);
            let index = flow.strand(plan).unwrap_or_else(|| {
                flow.strands.push(Strand {
                    plan,
                    waiters: VecDeque::new(),
                    aside: None,
                });
                flow.strands.len() - 1
            });
            let strand = &mut flow.strands[index];
            let index = strand.before(place);
            strand.waiters.insert(index, place);
        });
        self.len += 1;
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
        let strands = self.flows.values().flat_map(|flow| &flow.strands);
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
    fn first_tag_aside(&self, key: &KeyName) -> Option<(u64, Number)> {
        let first = self.aside.get(key)?.first()?;
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
        self.change(flow, |flow| {
            if let Some(index) = flow.strand(plan) {
                flow.strands[index].aside = Some(Arc::clone(by));
            }
        });
        self.forget_rested();
    }

    /// The strand that comes first among those whom this holds up is called back. `false`: it holds nobody up.
    pub(crate) fn call_back(&mut self, key: &KeyName) -> bool {
        let first = self.aside.get(key).and_then(|posts| posts.first());
        let Some(Post { flow, plan, .. }) = first.cloned() else {
            return false;
        };
        self.change(&flow, |flow| {
            if let Some(index) = flow.strand(plan) {
                flow.strands[index].aside = None;
            }
        });
        true
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
            flow.len().min(usize::try_from(turns).unwrap_or(usize::MAX))
        });
        before + passed.sum::<usize>()
    }

    /// All who wait, in no order.
    pub(crate) fn numbers(&self) -> Vec<Number> {
        let strands = self.flows.values().flat_map(|flow| &flow.strands);
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
        let mut left = false;
        self.change(flow, |flow| {
            let Some(index) = flow.strand(plan) else {
                return;
            };
            let strand = &mut flow.strands[index];
            let at = strand.before(place);
            left = strand.waiters.get(at) == Some(&place);
            if left {
                strand.waiters.remove(at);
                flow.tag += cost;
            }
            if flow.strands[index].waiters.is_empty() {
                flow.strands.swap_remove(index);
            }
        });
        self.len -= usize::from(left);
    }

    /// Changes a flow and keeps the orders of flows true. One that can be served again starts at the virtual time.
    fn change(&mut self, name: &FlowName, change: impl FnOnce(&mut Flow)) {
        let clock = self.clock;
        let flow = self.flows.entry(Arc::clone(name)).or_insert_with(|| Flow {
            strands: Vec::new(),
            tag: 0,
            weight: 1,
        });
        let (was_ready, before) = (flow.is_ready(), flow.posts(name));
        let (rested_at, weight) = (flow.tag, flow.weight);
        change(flow);
        if !was_ready && flow.is_ready() {
            flow.tag = flow.tag.max(clock);
        }
        let after = flow.posts(name);
        let (is_ready, tag, weight_now) = (flow.is_ready(), flow.tag, flow.weight);
        if was_ready && (&before, weight) == (&after, weight_now) {
            return;
        }
        if before.is_empty() {
            self.resting.remove(&(rested_at, Arc::clone(name)));
        }
        self.take_down(before);
        if after.is_empty() {
            self.resting.insert((tag, Arc::clone(name)));
        }
        self.put_up(after);
        self.weights -= u64::from(weight) * u64::from(was_ready);
        self.weights += u64::from(weight_now) * u64::from(is_ready);
    }

    fn take_down(&mut self, posts: Vec<(Option<Arc<KeyName>>, Post)>) {
        for (aside, post) in posts {
            let Some(key) = aside else {
                self.ready.remove(&post);
                continue;
            };
            if let Some(posts) = self.aside.get_mut(&key) {
                posts.remove(&post);
                if posts.is_empty() {
                    self.aside.remove(&key);
                }
            }
        }
    }

    fn put_up(&mut self, posts: Vec<(Option<Arc<KeyName>>, Post)>) {
        for (aside, post) in posts {
            match aside {
                None => self.ready.insert(post),
                Some(key) => self.aside.entry(key).or_default().insert(post),
            };
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
