//! What the relays have written: a record of each request, and the counters.

use std::collections::BTreeMap;

use harness::{Redis, Reply};

const DOMAIN: &str = "weir:{default}";
const AT_ONCE: usize = 5_000;

/// All records until now, read as they come: only the latest are kept.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) records: Vec<Record>,
    last: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) request: String,
    pub(crate) key: String,
    pub(crate) at_ms: u64,
    /// Not known of one that was interrupted.
    pub(crate) duration_ms: u64,
    pub(crate) model: String,
    pub(crate) outcome: String,
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) estimated: u64,
    /// In millionths of a dollar.
    pub(crate) cost: u64,
}

/// What is not read of a record.
const UNCHECKED: &str = "failed";
const COST: &str = "cost_micro_usd";

/// Of all keys and accounts together, by what is counted.
pub(crate) type Counters = BTreeMap<String, u64>;

impl Books {
    pub(crate) fn new() -> Self {
        Self {
            records: Vec::new(),
            last: "-".into(),
        }
    }

    pub(crate) fn read(&mut self, redis: &Redis) {
        loop {
            let stream = format!("{DOMAIN}:records");
            let count = AT_ONCE.to_string();
            let entries = redis.call(["XRANGE", &stream, &self.last, "+", "COUNT", &count]);
            for entry in entries.items() {
                let [id, fields] = entry.items() else {
                    panic!("{entry:?} is no entry of a stream");
                };
                self.last = format!("({}", id.text());
                self.records.push(Record::of(fields));
            }
            if entries.items().len() < AT_ONCE {
                return;
            }
        }
    }
}

impl Record {
    fn of(fields: &Reply) -> Self {
        let pairs = fields.items().chunks_exact(2);
        let mut record = Self::default();
        for pair in pairs {
            let (name, value) = (pair[0].text(), pair[1].text());
            let number = || value.parse().expect("it is a number");
            match name.as_str() {
                "input" => record.input = number(),
                "output" => record.output = number(),
                "estimated" => record.estimated = number(),
                "at_ms" => record.at_ms = number(),
                "duration_ms" => record.duration_ms = number(),
                COST => record.cost = number(),
                "request" => record.request = value,
                "key" => record.key = value,
                "model" => record.model = value,
                "outcome" => record.outcome = value,
                _ => {}
            }
        }
        record
    }
}

/// By the hour; by the day they must be the same.
pub(crate) fn counters(redis: &Redis, period: &str) -> Counters {
    let keys = redis.call(format!("KEYS {DOMAIN}:usage:{period}:*:*"));
    let mut sums = Counters::new();
    for key in keys.items() {
        let fields = redis.call(["HGETALL".to_owned(), key.text()]);
        for pair in fields.items().chunks_exact(2) {
            let name = pair[0].text();
            let what = name.split(':').next().unwrap_or_default();
            let number = pair[1].text().parse::<u64>();
            if what != UNCHECKED {
                *sums.entry(what.to_owned()).or_default() += number.expect("a counter is a number");
            }
        }
    }
    sums
}

/// What the counters must be if they tell the same as the records.
pub(crate) fn counters_of(records: &[Record]) -> Counters {
    let mut sums = Counters::new();
    for record in records {
        let interrupted = u64::from(record.outcome == "interrupted");
        let counted = [
            ("requests", 1),
            ("interrupted", interrupted),
            ("estimated", record.estimated),
            ("input", record.input),
            ("output", record.output),
            (COST, record.cost),
        ];
        for (what, number) in counted.into_iter().filter(|(_, number)| *number > 0) {
            *sums.entry(what.to_owned()).or_default() += number;
        }
    }
    sums
}
