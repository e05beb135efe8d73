//! One run: visitors, a meddler and an onlooker at once, until all visits are done; and what they have written down.

use std::thread;

use harness::{eventually, time};

use crate::record::{Entry, History, Id};
use crate::scenario;
use crate::stage::Stage;
use crate::visitor::{Confirming, Visitor};
use crate::{meddler, onlooker};

/// Less than the patience of `eventually`: a run that stands still is judged by what it has written down.
const PROGRESS_WITHIN_SECONDS: u64 = 8;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) visitors: u64,
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
        let visitors: Vec<_> = (0..size.visitors).map(visitor).collect();
        let meddler = scope.spawn(|| meddler::meddle(stage, seed));
        let onlooker = scope.spawn(|| onlooker::look_around(stage));
        let all_gone = || visitors.iter().all(thread::ScopedJoinHandle::is_finished);
        let mut faults = Vec::new();
        while until_next_fault(stage, all_gone) {
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

/// `false`: everybody has gone before it was due.
fn until_next_fault(stage: &Stage, all_gone: impl Fn() -> bool) -> bool {
    let (begun, due) = (time::now(), scenario::next_fault(stage.acts()));
    eventually("enough has been done", || {
        let slow = begun.elapsed().as_secs() >= PROGRESS_WITHIN_SECONDS;
        if stage.acts() >= due || slow {
            return Ok(!all_gone());
        }
        match all_gone() {
            true => Ok(false),
            false => Err(format!("{} of {due} acts", stage.acts())),
        }
    })
}

/// What a thread has written down; its panic is ours.
fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
