//! Counters for `INFO weir`, a section per family. A new counter is a static and a row in its section.

mod waiting;

use std::sync::atomic::{AtomicU64, Ordering};

use redis_module::{InfoContext, RedisResult};
use redis_module_macros::info_command_handler;

use crate::wake;
pub(crate) use waiting::of;

/// Commands run on one thread, so a plain load and store is enough.
#[derive(Debug)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub(crate) fn add(&self) {
        self.add_many(1);
    }

    pub(crate) fn add_many(&self, count: usize) {
        let sum = self.get().wrapping_add(count as u64);
        self.0.store(sum, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub(crate) static PANICS: Counter = Counter::new();

/// Looks put off because clients were paused or data loading.
pub(crate) static DEFERRED: Counter = Counter::new();

pub(crate) static UMQ_GRANTS: Counter = Counter::new();
pub(crate) static UMQ_EXTENSIONS: Counter = Counter::new();
pub(crate) static UMQ_RENEWALS: Counter = Counter::new();
pub(crate) static UMQ_RELEASES: Counter = Counter::new();
pub(crate) static UMQ_FORCED: Counter = Counter::new();
pub(crate) static UMQ_REFUSED_HELD: Counter = Counter::new();
pub(crate) static UMQ_REFUSED_EARLY: Counter = Counter::new();

pub(crate) static QGATE_GRANTS: Counter = Counter::new();
pub(crate) static QGATE_EXTENSIONS: Counter = Counter::new();
pub(crate) static QGATE_RENEWALS: Counter = Counter::new();
pub(crate) static QGATE_RELEASES: Counter = Counter::new();
pub(crate) static QGATE_REFUSED_FULL: Counter = Counter::new();
pub(crate) static QGATE_REFUSED_CLOSED: Counter = Counter::new();
pub(crate) static QGATE_REFUSED_RATE: Counter = Counter::new();
pub(crate) static QGATE_ENDED_LEASES: Counter = Counter::new();

pub(crate) static TRIE_SAVES: Counter = Counter::new();
pub(crate) static TRIE_HITS: Counter = Counter::new();
pub(crate) static TRIE_MISSES: Counter = Counter::new();
pub(crate) static TRIE_REFRESHES: Counter = Counter::new();
pub(crate) static TRIE_ENDED: Counter = Counter::new();
pub(crate) static TRIE_EVICTED: Counter = Counter::new();

pub(crate) static RATE_TAKEN: Counter = Counter::new();
pub(crate) static RATE_REFUSED: Counter = Counter::new();
pub(crate) static RATE_GIVEN: Counter = Counter::new();

pub(crate) static BUDGET_RESERVED: Counter = Counter::new();
pub(crate) static BUDGET_CHANGED: Counter = Counter::new();
pub(crate) static BUDGET_REFUSED: Counter = Counter::new();
pub(crate) static BUDGET_RENEWALS: Counter = Counter::new();
pub(crate) static BUDGET_SETTLED: Counter = Counter::new();
pub(crate) static BUDGET_SETTLED_UNRESERVED: Counter = Counter::new();
pub(crate) static BUDGET_REPEATED: Counter = Counter::new();
pub(crate) static BUDGET_ENDED: Counter = Counter::new();

pub(crate) static TALLY_COUNTED: Counter = Counter::new();
pub(crate) static TALLY_REPEATED: Counter = Counter::new();
pub(crate) static TALLY_ENDED: Counter = Counter::new();

/// Names and what was counted under them.
type Rows = Vec<(String, u64)>;

struct Section {
    name: &'static str,
    counters: &'static [(&'static str, &'static Counter)],
}

static SECTIONS: [Section; 7] = [
    Section {
        name: "module",
        counters: &[("panics", &PANICS)],
    },
    Section {
        name: "umq",
        counters: &[
            ("umq_grants", &UMQ_GRANTS),
            ("umq_extensions", &UMQ_EXTENSIONS),
            ("umq_renewals", &UMQ_RENEWALS),
            ("umq_releases", &UMQ_RELEASES),
            ("umq_forced", &UMQ_FORCED),
            ("umq_refused_held", &UMQ_REFUSED_HELD),
            ("umq_refused_early", &UMQ_REFUSED_EARLY),
        ],
    },
    Section {
        name: "qgate",
        counters: &[
            ("qgate_grants", &QGATE_GRANTS),
            ("qgate_extensions", &QGATE_EXTENSIONS),
            ("qgate_renewals", &QGATE_RENEWALS),
            ("qgate_releases", &QGATE_RELEASES),
            ("qgate_refused_full", &QGATE_REFUSED_FULL),
            ("qgate_refused_closed", &QGATE_REFUSED_CLOSED),
            ("qgate_refused_rate", &QGATE_REFUSED_RATE),
            ("qgate_ended_leases", &QGATE_ENDED_LEASES),
        ],
    },
    Section {
        name: "trie",
        counters: &[
            ("trie_saves", &TRIE_SAVES),
            ("trie_hits", &TRIE_HITS),
            ("trie_misses", &TRIE_MISSES),
            ("trie_refreshes", &TRIE_REFRESHES),
            ("trie_ended", &TRIE_ENDED),
            ("trie_evicted", &TRIE_EVICTED),
        ],
    },
    Section {
        name: "rate",
        counters: &[
            ("rate_taken", &RATE_TAKEN),
            ("rate_refused", &RATE_REFUSED),
            ("rate_given", &RATE_GIVEN),
        ],
    },
    Section {
        name: "budget",
        counters: &[
            ("budget_reserved", &BUDGET_RESERVED),
            ("budget_changed", &BUDGET_CHANGED),
            ("budget_refused", &BUDGET_REFUSED),
            ("budget_renewals", &BUDGET_RENEWALS),
            ("budget_settled", &BUDGET_SETTLED),
            ("budget_settled_unreserved", &BUDGET_SETTLED_UNRESERVED),
            ("budget_repeated", &BUDGET_REPEATED),
            ("budget_ended", &BUDGET_ENDED),
        ],
    },
    Section {
        name: "tally",
        counters: &[
            ("tally_counted", &TALLY_COUNTED),
            ("tally_repeated", &TALLY_REPEATED),
            ("tally_ended", &TALLY_ENDED),
        ],
    },
];

impl Section {
    fn rows(&self) -> (String, Rows) {
        let rows = self.counters.iter();
        let rows = rows.map(|(name, counter)| ((*name).to_owned(), counter.get()));
        (self.name.to_owned(), rows.collect())
    }
}

/// A crash report is written from a signal handler, where nothing may be allocated: it goes without us.
#[info_command_handler]
fn info(ctx: &InfoContext, for_crash_report: bool) -> RedisResult<()> {
    if for_crash_report {
        return Ok(());
    }
    let mut builder = ctx.builder();
    let sections = sections();
    for (name, rows) in &sections {
        let section = rows
            .iter()
            .try_fold(builder.add_section(name), |section, (name, count)| {
                section.field(name, *count)
            })?;
        builder = section.build_section()?;
    }
    builder.build_info()?;
    Ok(())
}

fn sections() -> Vec<(String, Rows)> {
    let mut sections: Vec<_> = SECTIONS.iter().map(Section::rows).collect();
    sections.push(("waiting".to_owned(), now_waiting()));
    for (family, waiting) in waiting::FAMILIES {
        sections.push((format!("{family}_waiting"), waiting.rows(family)));
    }
    sections
}

/// How many wait by now, in all families.
fn now_waiting() -> Rows {
    let wake::Present {
        waiters,
        blocked,
        lines,
        bytes,
    } = wake::present();
    [
        ("waiters", waiters as u64),
        ("waiters_blocked", blocked as u64),
        ("waiters_with_ticket", (waiters - blocked) as u64),
        ("lines", lines as u64),
        ("lines_bytes", bytes as u64),
        ("deferred", DEFERRED.get()),
    ]
    .map(|(name, count)| (name.to_owned(), count))
    .into()
}
