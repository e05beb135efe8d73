//! What a run is worth in numbers, and what it says of itself.

use std::fmt;
use std::ops::AddAssign;

use crate::check::{Verdict, check};
use crate::record::{Act, Answer, History};
use crate::run::Size;
use crate::scenario::Scenario;

/// One run, played and checked.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) scenario: Scenario,
    pub(crate) seed: u64,
    pub(crate) counts: Counts,
    pub(crate) verdict: Verdict,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) operations: usize,
    pub(crate) grants: usize,
    pub(crate) looks: usize,
    pub(crate) faults: usize,
    pub(crate) overshoots: usize,
}

impl Report {
    pub(crate) fn of(scenario: Scenario, seed: u64, size: Size) -> Self {
        let history = scenario.play(seed, size);
        let verdict = check(&history);
        Self {
            scenario,
            seed,
            counts: counts(&history, &verdict),
            verdict,
        }
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.verdict.violations.is_empty()
    }
}

fn counts(history: &History, verdict: &Verdict) -> Counts {
    let count = |is: fn(&Act, &Answer) -> bool| {
        let entries = history.entries.iter();
        entries
            .filter(|entry| is(&entry.act, &entry.answer))
            .count()
    };
    Counts {
        operations: history.entries.len(),
        grants: count(|_, answer| matches!(answer, Answer::Granted(_))),
        faults: count(|act, _| matches!(act, Act::Fault(_))),
        looks: history.looks.len(),
        overshoots: verdict.overshoots,
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.grants += other.grants;
        self.looks += other.looks;
        self.faults += other.faults;
        self.overshoots += other.overshoots;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operations,
            grants,
            looks,
            faults,
            overshoots,
        } = self;
        write!(
            f,
            "{operations} operations, {grants} grants, {looks} looks, {faults} faults, {overshoots} unconfirmed overshoots"
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:?}, seed {}: {}",
            self.scenario, self.seed, self.counts
        )?;
        for violation in &self.verdict.violations {
            write!(f, "{violation}")?;
        }
        Ok(())
    }
}
