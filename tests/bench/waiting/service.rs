//! What a waiter saw of its own service, and the figures of many services.

use std::time::Duration;

use tokio::time::Instant;

/// When it was asked for, known to be granted, begun to be given back, and that was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    pub(crate) asked: Instant,
    pub(crate) granted: Instant,
    pub(crate) released: Instant,
    pub(crate) ended: Instant,
}

/// From the first that asked to the last that gave back.
///
/// # Panics
/// When there was no service.
pub(crate) fn makespan(services: &[Service]) -> Duration {
    let first = services.iter().map(|service| service.asked).min();
    let last = services.iter().map(|service| service.released).max();
    let (first, last) = first.zip(last).expect("somebody was served");
    last - first
}

/// From each giving back to the next one's knowing, in milliseconds.
///
/// # Panics
/// When two had at once what one has at a time.
pub(crate) fn gaps_ms(services: &[Service]) -> Vec<f64> {
    let mut in_order = services.to_vec();
    in_order.sort_by_key(|service| service.granted);
    let gap = |pair: &[Service]| {
        let [former, next] = [pair[0], pair[1]];
        let gap = next.granted.checked_duration_since(former.released);
        gap.expect("one at a time").as_secs_f64() * 1e3
    };
    in_order.windows(2).map(gap).collect()
}

/// How many that came later were served before the one that was overtaken most.
pub(crate) fn overtaken(services: &[Service]) -> usize {
    let by = |unlucky: &Service| {
        let overtook =
            |other: &&Service| other.asked > unlucky.asked && other.granted < unlucky.granted;
        services.iter().filter(overtook).count()
    };
    services.iter().map(by).max().unwrap_or(0)
}

/// # Panics
/// When there are no values.
pub(crate) fn quantile(mut values: Vec<f64>, quantile: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() - 1) as f64 * quantile;
    values[at.round() as usize]
}
