//! Whether all accounts of a soak agree: what callers saw, what the upstream saw, what the relays have written. A
//! disturbance excuses what it can have caused, and nothing else. Pure.

mod spent;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use crate::books::{Counters, Record, counters_of};
use crate::caller::{Saw, Seen};
use crate::journal::{Ended, Journal, Over, Served};
use crate::purse::{Limit, Purse};

/// How many faults of a kind are shown.
const SHOWN: usize = 5;
/// What a relay says when Redis did not answer within a second.
const WITHOUT_REDIS: &str = "weir_store_unreachable 503";
/// How long after a kill it still shows: what was settled by then was not yet written.
const SETTLED_WITHIN: Duration = Duration::from_secs(5);

/// Everything there is to compare.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) seen: Vec<Seen>,
    pub(crate) journal: Journal,
    pub(crate) records: Vec<Record>,
    /// By the hour and by the day.
    pub(crate) counters: [Counters; 2],
    pub(crate) limits: Vec<Limit>,
    pub(crate) purses: Vec<Purse>,
    pub(crate) callers_per_key: u32,
    pub(crate) absences: Vec<Absence>,
    /// How often Redis was killed.
    pub(crate) crashes: usize,
    /// From its order until the other server has taken over.
    pub(crate) failover: Option<[Instant; 2]>,
    /// When the machine stood still.
    pub(crate) still: Vec<[Instant; 2]>,
    /// When Redis did, as somebody saw who asked it all the time: where each write waits for the disk, that may be the
    /// disk's doing.
    pub(crate) silent: Vec<[Instant; 2]>,
    /// After a disturbance everything held is known again within this time.
    pub(crate) renewal: Duration,
}

/// A relay was gone for a while.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Absence {
    pub(crate) relay: usize,
    pub(crate) from: Instant,
    pub(crate) until: Instant,
}

/// By kind.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeMap<&'static str, Vec<String>>);

impl Faults {
    fn add(&mut self, kind: &'static str, what: String) {
        self.0.entry(kind).or_default().push(what);
    }

    /// A line each; of many alike the first few.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.0.iter().flat_map(|(kind, all)| {
            let shown = all.iter().take(SHOWN).map(move |one| format!("  {one}"));
            [format!("{}: {kind}", all.len())].into_iter().chain(shown)
        });
        lines.collect()
    }
}

pub(crate) fn check(story: &Story) -> Faults {
    let mut faults = Faults::default();
    check_limits(story, &mut faults);
    check_callers(story, &mut faults);
    check_records(story, &mut faults);
    check_counters(story, &mut faults);
    spent::check(story, &mut faults);
    faults
}

/// Those beyond a limit at a time when nobody may be.
pub(crate) fn unexcused(story: &Story) -> impl Iterator<Item = &Over> {
    let overs = story.journal.overs.iter();
    let overs = overs.filter(|over| over.unheard.is_none());
    overs.filter(|over| !story.may_have_forgotten([over.at, over.at]))
}

impl Story {
    /// Whether a relay could not know better: a failover, or the machine stood still.
    fn is_excused(&self, span: [Instant; 2]) -> bool {
        self.is_near(span, self.failover.iter().chain(&self.still))
    }

    /// Whether leases may have ended though relays live that hold them: a failover, or somebody stood still for longer than
    /// it takes until they are renewed.
    fn may_have_forgotten(&self, span: [Instant; 2]) -> bool {
        let still = self.still.iter().chain(&self.silent);
        let long = still.filter(|[from, until]| *until - *from >= self.renewal);
        self.is_near(span, self.failover.iter().chain(long))
    }

    /// The longest that somebody stood still.
    fn longest_still(&self) -> Duration {
        let still = self.still.iter().chain(&self.silent);
        let spans = still.map(|[from, until]| *until - *from);
        spans.max().unwrap_or_default()
    }

    /// Whether one of these happened in this span, or shortly before it.
    fn is_near<'a>(
        &self,
        [began, ended]: [Instant; 2],
        mut these: impl Iterator<Item = &'a [Instant; 2]>,
    ) -> bool {
        these.any(|[from, until]| *from <= ended && began <= *until + self.renewal)
    }

    /// Calls that were refused to somebody who has spent all.
    pub(crate) fn poor(&self) -> usize {
        self.seen.iter().filter(|one| spent::is_poor(one)).count()
    }

    /// Whether a relay that said so has told the truth.
    pub(crate) fn was_without_redis(&self, one: &Seen) -> bool {
        let says_so = one.saw == Saw::Refused(WITHOUT_REDIS.into());
        says_so && self.is_near([one.began, one.ended], self.silent.iter())
    }
}

fn check_limits(story: &Story, faults: &mut Faults) {
    for over in unexcused(story) {
        faults.add(
            "more at once than the limit",
            format!("{:?} by {} at {:?}", over.holder, over.by, over.at),
        );
    }
    if story.journal.in_flight() > 0 {
        let left = format!("{:?}", story.journal);
        faults.add("still with the upstream", left);
    }
}

/// What callers saw that they should not have seen.
fn check_callers(story: &Story, faults: &mut Faults) {
    for one in &story.seen {
        match &one.saw {
            Saw::Whole | Saw::Left => {}
            _ if spent::is_poor(one) => {}
            _ if was_gone(story, one) => {}
            _ if story.is_excused([one.began, one.ended]) => {}
            _ if story.was_without_redis(one) => {}
            Saw::Broken => faults.add(
                "answers broken off by a relay that lives",
                format!("{one:?}"),
            ),
            Saw::Nothing => faults.add("no answer from a relay that lives", format!("{one:?}")),
            Saw::Refused(_) => faults.add("refused without a reason", format!("{one:?}")),
        }
    }
}

fn was_gone(story: &Story, one: &Seen) -> bool {
    let gone = |absence: &Absence| {
        absence.relay == one.relay && absence.from <= one.ended && one.began <= absence.until
    };
    story.absences.iter().any(gone)
}

/// Each request that the upstream was asked is written of once, and as it was.
fn check_records(story: &Story, faults: &mut Faults) {
    let mut by_model: HashMap<&str, &Record> = HashMap::new();
    let mut by_request: HashMap<&str, &Record> = HashMap::new();
    for record in &story.records {
        if by_model.insert(&record.model, record).is_some() {
            faults.add("written of twice", format!("{record:?}"));
        }
        by_request.insert(&record.request, record);
    }
    let seen: HashMap<&str, &Seen> = story
        .seen
        .iter()
        .map(|one| (one.model.as_str(), one))
        .collect();
    for (model, served) in &story.journal.served {
        match by_model.get(model.as_str()) {
            None => faults.add(
                "asked of the upstream and not written of",
                format!("{model}: {served:?}, {:?}", seen.get(model.as_str())),
            ),
            Some(record) => check_record(record, served, faults),
        }
    }
    for record in &story.records {
        let unheard = !story.journal.served.contains_key(&record.model);
        if unheard && record.outcome == "done" {
            faults.add(
                "written as done and never asked of the upstream",
                format!("{record:?}"),
            );
        }
        if record.outcome == "interrupted" {
            check_interrupted(story, record, seen.get(record.model.as_str()), faults);
        }
    }
    for one in story.seen.iter().filter(|one| one.saw == Saw::Whole) {
        let named = one
            .request
            .as_deref()
            .and_then(|request| by_request.get(request));
        match named {
            Some(record) if record.model == one.model => {}
            record => faults.add(
                "answered under another name than written of",
                format!("{one:?}: {record:?}"),
            ),
        }
    }
}

fn check_record(record: &Record, served: &Served, faults: &mut Faults) {
    if served.times != 1 {
        faults.add(
            "asked of the upstream several times",
            format!("{record:?}: {served:?}"),
        );
    }
    let tokens = [record.input, record.output];
    let is_right = match record.outcome.as_str() {
        "done" => served.end == Ended::Landed && served.tokens == Some(tokens),
        // Its caller may have left at any place of the answer, or before it.
        "caller_gone" => {
            record.estimated > 0
                || served.tokens.is_none_or(|[input, output]| {
                    (tokens[0] == input || tokens[0] == 0) && tokens[1] <= output
                })
        }
        "interrupted" => record.estimated == tokens.iter().sum::<u64>(),
        _ => false,
    };
    if !is_right {
        faults.add(
            "written of otherwise than it was",
            format!("{record:?}: {served:?}"),
        );
    }
}

/// Only a relay that was killed leaves its requests to others, or one that nobody knew to be there any more.
fn check_interrupted(story: &Story, record: &Record, seen: Option<&&Seen>, faults: &mut Faults) {
    let forgotten = |one: &&Seen| story.may_have_forgotten([one.began, one.ended]);
    let killed = |one: &&Seen| {
        let during = |absence: &Absence| {
            let from = one.began..=one.ended + SETTLED_WITHIN;
            absence.relay == one.relay && from.contains(&absence.from)
        };
        story.absences.iter().any(during)
    };
    if !seen.is_some_and(|one| killed(one) || forgotten(one)) {
        faults.add("interrupted by nothing", format!("{record:?}: {seen:?}"));
    }
}

fn check_counters(story: &Story, faults: &mut Faults) {
    let expected = counters_of(&story.records);
    for counters in &story.counters {
        if *counters != expected {
            faults.add(
                "counted otherwise than written of",
                format!("{counters:?}, not {expected:?}"),
            );
        }
    }
}
