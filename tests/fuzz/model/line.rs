//! The order of one line in which all want the same one thing: first come, first served within a flow, start-time fair
//! queueing between flows. Lines that others compete with are not judged by it.

use std::collections::BTreeMap;

/// What serving one costs a flow of weight 1.
const UNIT: u64 = 1 << 24;

/// Since when, then in which order they came.
pub(crate) type Place = (i64, u64);

#[derive(Clone, Debug)]
struct Flow {
    tag: u64,
    weight: u64,
    places: Vec<Place>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    flows: BTreeMap<Vec<u8>, Flow>,
    /// The virtual time.
    clock: u64,
}

impl Flow {
    fn cost(&self) -> u64 {
        UNIT / self.weight
    }

    fn first(&self) -> Option<(u64, u64)> {
        self.places.first().map(|(_, number)| (self.tag, *number))
    }
}

impl Line {
    pub(crate) fn join(&mut self, flow: &[u8], weight: Option<u64>, place: Place) {
        let clock = self.clock;
        let flow = self.flows.entry(flow.to_vec()).or_insert_with(|| Flow {
            tag: 0,
            weight: 1,
            places: Vec::new(),
        });
        if flow.places.is_empty() {
            flow.tag = flow.tag.max(clock);
        }
        flow.weight = weight.unwrap_or(flow.weight);
        flow.places.push(place);
        flow.places.sort_unstable();
    }

    pub(crate) fn leave(&mut self, flow: &[u8], place: Place) {
        if let Some(flow) = self.flows.get_mut(flow) {
            flow.places.retain(|other| *other != place);
        }
        self.forget();
    }

    /// Somebody is served, whether it was its turn or not.
    pub(crate) fn serve(&mut self, flow: &[u8], place: Place) {
        let waiting = self.flows.values().filter(|flow| !flow.places.is_empty());
        let weights: u64 = waiting.map(|flow| flow.weight).sum();
        let shared = self.clock + UNIT / weights.max(1);
        let Some(own) = self.flows.get_mut(flow) else {
            return;
        };
        let tag = own.tag;
        own.tag += own.cost();
        own.places.retain(|other| *other != place);
        let first = self.flows.values().filter_map(Flow::first).min();
        let first = first.map_or(u64::MAX, |(tag, _)| tag);
        self.clock = shared.max(tag).min(first);
        self.forget();
    }

    pub(crate) fn weight(&self, flow: &[u8]) -> Option<u64> {
        self.flows.get(flow).map(|flow| flow.weight)
    }

    /// The numbers of all, in the order in which they are served if nobody else comes.
    pub(crate) fn order(&self) -> Vec<u64> {
        let mut rest = self.clone();
        let next = || {
            let first = rest
                .flows
                .values_mut()
                .filter(|flow| !flow.places.is_empty());
            let first = first.min_by_key(|flow| flow.first())?;
            first.tag += first.cost();
            let (_, number) = first.places.remove(0);
            Some(number)
        };
        std::iter::from_fn(next).collect()
    }

    /// How many flows have somebody who waits.
    pub(crate) fn flows(&self) -> usize {
        let waiting = self.flows.values().filter(|flow| !flow.places.is_empty());
        waiting.count()
    }

    /// A flow that nobody of waits, and whose tag has passed, is as new.
    fn forget(&mut self) {
        let clock = self.clock;
        self.flows
            .retain(|_, flow| !flow.places.is_empty() || flow.tag > clock);
    }
}
