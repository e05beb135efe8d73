//! What a soak says at its end.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use crate::caller::Saw;
use crate::check::{Faults, Story, check, unexcused};
use crate::memory::Memory;
use crate::plan::Plan;

/// How many lines of a log are shown.
const SHOWN: usize = 100;

#[derive(Debug)]
pub(crate) struct Report {
    lines: Vec<String>,
    faults: Vec<String>,
}

impl Report {
    pub(crate) fn new(
        plan: &Plan,
        took: Duration,
        story: Story,
        memory: &[Memory],
        logs: Vec<String>,
    ) -> Self {
        let faults = check(&story);
        let mut lines = vec![told(plan, took)];
        lines.extend([callers(&story, took), upstream(&story), written(&story)]);
        lines.push(spent(&story));
        lines.extend(disturbed(&story));
        lines.extend(stood_still(&story));
        let names = ["first relay", "second relay", "Redis"];
        let memory = names.iter().zip(memory);
        lines.extend(
            memory.map(|(name, memory)| format!("memory of the {name}: {}", memory.line())),
        );
        Self {
            lines,
            faults: shown(&faults, &logs, &story),
        }
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }
}

fn shown(faults: &Faults, logs: &[String], story: &Story) -> Vec<String> {
    let mut lines = faults.lines();
    let said = |words: [&'static str; 2]| {
        let lines = logs.iter().flat_map(|log| log.lines());
        let lines = lines.filter(move |line| words.iter().any(|word| line.contains(word)));
        lines.take(SHOWN).map(str::to_owned)
    };
    lines.extend(said(["panicked", "ERROR"]));
    if !lines.is_empty() {
        lines.extend(said(["WARN", "Redis is"]));
    }
    if !story.seen.iter().any(|one| one.saw == Saw::Whole) {
        lines.push("nobody was served".into());
    }
    lines
}

fn told(plan: &Plan, took: Duration) -> String {
    let Plan {
        callers,
        keys,
        key_limit,
        accounts,
        limit,
        seed,
        ..
    } = plan;
    format!(
        "{callers} callers with {keys} keys of limit {key_limit}, {accounts} accounts of limit {limit}, two relays, seed {seed}, {:.0} s",
        took.as_secs_f64()
    )
}

fn callers(story: &Story, took: Duration) -> String {
    let mut saw: BTreeMap<String, u64> = BTreeMap::new();
    for one in &story.seen {
        let word = match &one.saw {
            Saw::Whole => "whole answers",
            Saw::Left => "left early",
            Saw::Broken => "broken off",
            Saw::Nothing => "no answer",
            Saw::Refused(code) => code,
        };
        *saw.entry(word.to_owned()).or_default() += 1;
    }
    let rate = story.seen.len() as f64 / took.as_secs_f64();
    format!("callers: {} calls ({rate:.0}/s): {saw:?}", story.seen.len())
}

fn upstream(story: &Story) -> String {
    let served = story.journal.served.values();
    let answered = served.filter(|served| served.tokens.is_some()).count();
    format!(
        "upstream: asked {} times, {answered} of them answered, {} more began; beyond a limit {} times, {} of them without excuse",
        story.journal.served.len(),
        story.journal.unheard,
        story.journal.overs.len(),
        unexcused(story).count()
    )
}

fn written(story: &Story) -> String {
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    for record in &story.records {
        *outcomes.entry(&record.outcome).or_default() += 1;
    }
    let unasked = story.records.iter();
    let unasked = unasked.filter(|record| !story.journal.served.contains_key(&record.model));
    format!(
        "records: {}: {outcomes:?}; {} of requests that the upstream never had; counters {:?}",
        story.records.len(),
        unasked.count(),
        story.counters[0]
    )
}

fn spent(story: &Story) -> String {
    let all: u64 = story.purses.iter().map(|purse| purse.spent).sum();
    let scarce = story.limits.iter().filter(|limit| limit.is_scarce);
    let scarce = scarce.map(|limit| {
        let purses = story.purses.iter().filter(|purse| limit.has(purse));
        let spent: u64 = purses.map(|purse| purse.spent).sum();
        format!("{spent} of {}", limit.micro_usd)
    });
    format!(
        "spending: {all} micro-dollars in {} budgets; who has little spent {}, and was refused {} times",
        story.purses.len(),
        scarce.collect::<Vec<_>>().join(", "),
        story.poor(),
    )
}

fn disturbed(story: &Story) -> Vec<String> {
    let Some([from, until]) = story.failover else {
        let kills = story.absences.len();
        return vec![format!("kills: {kills}, and {} of Redis", story.crashes)];
    };
    let over = story
        .journal
        .overs
        .iter()
        .filter(|over| (from..=until + story.renewal).contains(&over.at));
    let most = over.map(|over| over.by).max().unwrap_or(0);
    vec![format!(
        "kills: {}; one failover, beyond a limit by at most {most} in it and one renewal after",
        story.absences.len()
    )]
}

fn stood_still(story: &Story) -> [String; 2] {
    let longest = |spans: &[[Instant; 2]]| {
        let spans = spans.iter().map(|[from, until]| *until - *from);
        spans.max().unwrap_or_default().as_millis()
    };
    let Story { still, silent, .. } = story;
    let refused = story.seen.iter().filter(|one| story.was_without_redis(one));
    [
        format!(
            "the machine stood still {} times, at most {} ms",
            still.len(),
            longest(still)
        ),
        format!(
            "Redis took a write late {} times, by at most {} ms; {} calls were refused then",
            silent.len(),
            longest(silent),
            refused.count()
        ),
    ]
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        for fault in &self.faults {
            writeln!(f, "FAULT {fault}")?;
        }
        Ok(())
    }
}
