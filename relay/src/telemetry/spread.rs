//! How durations are spread: a histogram of atomics, so that whoever measures neither locks nor waits.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::{MetricType, TypedMetric},
};

/// What is usual of what is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scale {
    /// Between processes of one network.
    RoundTrips,
    /// From what nobody notices to the longest answers.
    Requests,
}

/// Clones count together.
#[derive(Debug, Clone)]
pub(crate) struct Spread(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    /// The upper ends, in microseconds.
    bounds: &'static [u64],
    /// By the first bound that is not lower, and at last those beyond all of them.
    counts: Box<[AtomicU64]>,
    sum_us: AtomicU64,
}

impl Scale {
    fn bounds_us(self) -> &'static [u64] {
        match self {
            Self::RoundTrips => &[
                50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000,
                500_000, 1_000_000,
            ],
            Self::Requests => &[
                1_000,
                5_000,
                10_000,
                25_000,
                50_000,
                100_000,
                250_000,
                500_000,
                1_000_000,
                2_500_000,
                5_000_000,
                10_000_000,
                30_000_000,
                60_000_000,
                120_000_000,
                300_000_000,
                600_000_000,
                1_800_000_000,
            ],
        }
    }
}

impl Spread {
    pub(crate) fn new(scale: Scale) -> Self {
        let bounds = scale.bounds_us();
        Self(Arc::new(Counts {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum_us: AtomicU64::new(0),
        }))
    }

    pub(crate) fn add(&self, span: Duration) {
        let us = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let place = self.0.bounds.partition_point(|bound| *bound < us);
        self.0.counts[place].fetch_add(1, Relaxed);
        self.0.sum_us.fetch_add(us, Relaxed);
    }
}

/// A family makes its own, and all families are of requests.
impl Default for Spread {
    fn default() -> Self {
        Self::new(Scale::Requests)
    }
}

impl EncodeMetric for Spread {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let ends = self.0.bounds.iter().map(|us| seconds(*us));
        let counts = self.0.counts.iter().map(|count| count.load(Relaxed));
        let buckets: Vec<(f64, u64)> = ends.chain([f64::INFINITY]).zip(counts).collect();
        // Of the same reading: all that is counted is in a bucket.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = seconds(self.0.sum_us.load(Relaxed));
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Spread {
    const TYPE: MetricType = MetricType::Histogram;
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use prometheus_client::{encoding::text::encode, registry::Registry};

    use super::*;

    #[test]
    fn durations_are_counted_up_to_the_bounds_that_they_do_not_pass() {
        let spread = Spread::new(Scale::RoundTrips);
        for us in [0, 50, 51, 1_000_000, 1_000_001, 7_000_000] {
            spread.add(Duration::from_micros(us));
        }
        let mut registry = Registry::default();
        registry.register("trip_seconds", "A trip", spread);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "trip_seconds_sum 9.000102",
            "trip_seconds_count 6",
            "trip_seconds_bucket{le=\"0.00005\"} 2",
            "trip_seconds_bucket{le=\"0.0001\"} 3",
            "trip_seconds_bucket{le=\"0.5\"} 3",
            "trip_seconds_bucket{le=\"1.0\"} 4",
            "trip_seconds_bucket{le=\"+Inf\"} 6",
        ] {
            assert!(text.lines().any(|seen| seen == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn bounds_grow() {
        for scale in [Scale::RoundTrips, Scale::Requests] {
            assert!(scale.bounds_us().is_sorted_by(|one, next| one < next));
        }
    }
}
