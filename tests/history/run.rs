//! One run: visitors, multiplexers, a meddler and an onlooker at once, until all visits are done; and what they have written down.

use std::thread;

use crate::multiplexer::Multiplexer;
use crate::record::{Entry, History, Id};
use crate::scenario::ACTS_BETWEEN;
use crate::stage::Stage;
use crate::visitor::{Confirming, Visitor};
use crate::{meddler, onlooker};

/// As how many visitors a multiplexer counts.
const VISITORS_OF_ONE: u64 = 6;
/// How many multiplexers share a channel.
const SHARED_BY: u64 = 2;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Each with a connection that waits.
    pub(crate) visitors: u64,
    /// Each with many tickets.
    pub(crate) multiplexers: u64,
    /// Of each visitor.
    pub(crate) visits: u64,
}

/// `strike` is called now and then; `None`: there is nothing more to strike.
pub(crate) fn run(
    stage: &Stage,
    seed: u64,
    size: Size,
    confirming: Confirming,
    mut strike: impl FnMut(&Stage) -> Option<Entry>,
) -> History {
    let mut history = History::default();
    thread::scope(|scope| {
        let running = Running(stage);
        let visitor = |number: u64| {
            let first: Id = number * size.visits + 1;
            let visits = first..first + size.visits;
            scope.spawn(move || Visitor::new(stage, seed, visits, confirming).run())
        };
        let mut visitors: Vec<_> = (0..size.visitors).map(visitor).collect();
        let multiplexer = |number: u64| {
            let count = size.visits * VISITORS_OF_ONE;
            let first: Id = size.visitors * size.visits + number * count + 1;
            let visits = first..first + count;
            let channel = number / SHARED_BY;
            scope.spawn(move || Multiplexer::new(stage, seed, channel, visits).run())
        };
        visitors.extend((0..size.multiplexers).map(multiplexer));
        let meddler = scope.spawn(|| meddler::meddle(stage, seed));
        let onlooker = scope.spawn(|| onlooker::look_around(stage));
        let all_gone = || visitors.iter().all(thread::ScopedJoinHandle::is_finished);
        let mut faults = Vec::new();
        loop {
            stage.until_acts(stage.acts() + ACTS_BETWEEN, all_gone);
            if all_gone() {
                break;
            }
            match strike(stage) {
                Some(entry) => faults.push(entry),
                None => break,
            }
        }
        let visited = visitors.into_iter().map(joined);
        let entries: Vec<Entry> = visited.flatten().chain(faults).collect();
        drop(running);
        history.looks = joined(onlooker);
        history.entries = [entries, joined(meddler)].concat();
    });
    history.entries.sort_by_key(|entry| entry.asked);
    history.rest = onlooker::rest(stage);
    history
}

/// While it lives the run is on; a panic must not leave the others running.
struct Running<'a>(&'a Stage);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What a thread has written down; its panic is ours.
fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
