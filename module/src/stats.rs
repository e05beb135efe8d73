//! Counters for `INFO weir`, a section per family. A new counter is a static and a row in its family.

use std::sync::atomic::{AtomicU64, Ordering};

use redis_module::{InfoContext, RedisResult};
use redis_module_macros::info_command_handler;

use crate::time::Millis;

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

pub(crate) static WAITS: Counter = Counter::new();
pub(crate) static HAND_OFFS: Counter = Counter::new();
pub(crate) static TIMEOUTS: Counter = Counter::new();
pub(crate) static CANCELS: Counter = Counter::new();
pub(crate) static ROLL_BACKS: Counter = Counter::new();
pub(crate) static DEFERRED: Counter = Counter::new();
pub(crate) static REFUSED_BY_BOUND: Counter = Counter::new();

/// How many waits ended in a grant within so many ms.
static WAITED: [(&str, i64, Counter); 6] = [
    ("waited_1ms", 1, Counter::new()),
    ("waited_10ms", 10, Counter::new()),
    ("waited_100ms", 100, Counter::new()),
    ("waited_1s", 1_000, Counter::new()),
    ("waited_10s", 10_000, Counter::new()),
    ("waited_longer", i64::MAX, Counter::new()),
];

/// Notes how long somebody waited for a grant.
pub(crate) fn waited(span: Millis) {
    let bucket = WAITED.iter().find(|(_, most, _)| span.get() <= *most);
    if let Some((_, _, counter)) = bucket {
        counter.add();
    }
}

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
pub(crate) static QGATE_ENDED_LEASES: Counter = Counter::new();

pub(crate) static TRIE_SAVES: Counter = Counter::new();
pub(crate) static TRIE_HITS: Counter = Counter::new();
pub(crate) static TRIE_MISSES: Counter = Counter::new();
pub(crate) static TRIE_REFRESHES: Counter = Counter::new();
pub(crate) static TRIE_ENDED: Counter = Counter::new();
pub(crate) static TRIE_EVICTED: Counter = Counter::new();

struct Family {
    section: &'static str,
    counters: &'static [(&'static str, &'static Counter)],
}

static FAMILIES: [Family; 5] = [
    Family {
        section: "module",
        counters: &[("panics", &PANICS)],
    },
    Family {
        section: "waiting",
        counters: &[
            ("waits", &WAITS),
            ("hand_offs", &HAND_OFFS),
            ("timeouts", &TIMEOUTS),
            ("cancels", &CANCELS),
            ("roll_backs", &ROLL_BACKS),
            ("deferred", &DEFERRED),
            ("refused_by_bound", &REFUSED_BY_BOUND),
            (WAITED[0].0, &WAITED[0].2),
            (WAITED[1].0, &WAITED[1].2),
            (WAITED[2].0, &WAITED[2].2),
            (WAITED[3].0, &WAITED[3].2),
            (WAITED[4].0, &WAITED[4].2),
            (WAITED[5].0, &WAITED[5].2),
        ],
    },
    Family {
        section: "umq",
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
    Family {
        section: "qgate",
        counters: &[
            ("qgate_grants", &QGATE_GRANTS),
            ("qgate_extensions", &QGATE_EXTENSIONS),
            ("qgate_renewals", &QGATE_RENEWALS),
            ("qgate_releases", &QGATE_RELEASES),
            ("qgate_refused_full", &QGATE_REFUSED_FULL),
            ("qgate_refused_closed", &QGATE_REFUSED_CLOSED),
            ("qgate_ended_leases", &QGATE_ENDED_LEASES),
        ],
    },
    Family {
        section: "trie",
        counters: &[
            ("trie_saves", &TRIE_SAVES),
            ("trie_hits", &TRIE_HITS),
            ("trie_misses", &TRIE_MISSES),
            ("trie_refreshes", &TRIE_REFRESHES),
            ("trie_ended", &TRIE_ENDED),
            ("trie_evicted", &TRIE_EVICTED),
        ],
    },
];

/// A crash report is written from a signal handler, where nothing may be allocated: it goes without us.
#[info_command_handler]
fn info(ctx: &InfoContext, for_crash_report: bool) -> RedisResult<()> {
    if for_crash_report {
        return Ok(());
    }
    let mut builder = ctx.builder();
    for family in &FAMILIES {
        let section = family.counters.iter().try_fold(
            builder.add_section(family.section),
            |section, (name, counter)| section.field(name, counter.get()),
        )?;
        builder = section.build_section()?;
    }
    builder.build_info()?;
    Ok(())
}
