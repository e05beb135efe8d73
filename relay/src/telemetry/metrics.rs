//! The answer to `GET /metrics`: what was counted, and what the parts of the relay say of themselves at this moment, in the
//! text form of OpenMetrics. <https://prometheus.io/docs/specs/om/open_metrics_spec/>

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::ConstCounter, gauge::Gauge, info::Info},
    registry::Registry,
};

use super::{catalogue as all, catalogue::register, gates, labels::OfBuild, process};
use crate::{app::App, time::UnixMillis};

pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whoever is asked asks Redis once more, and tells what it has without it.
pub(crate) async fn text(app: &App, now: UnixMillis) -> String {
    let accounts = gates::look(app, now).await;
    let mut registry = Registry::default();
    app.meters.register(&mut registry);
    register_parts(&mut registry, app);
    if let Some(accounts) = accounts {
        gates::register_all(&mut registry, &accounts, now);
    }
    process::register_all(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).expect("a text takes whatever is written to it");
    text
}

/// What parts of the relay keep of themselves.
fn register_parts(registry: &mut Registry, app: &App) {
    let gauge = |registry: &mut Registry, metric, value: usize| {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        register(registry, metric, gauge);
    };
    let counter = |registry: &mut Registry, metric, value: u64| {
        register(registry, metric, ConstCounter::new(value));
    };
    gauge(registry, &all::IN_FLIGHT, app.ledger.permits());
    gauge(registry, &all::WAITING, app.tickets.waiting());
    gauge(registry, &all::BUFFERED, app.buffers.held());
    gauge(registry, &all::BUFFERED_LIMIT, app.buffers.limit());
    gauge(registry, &all::CONNECTIONS, app.seats.taken());
    gauge(registry, &all::CONNECTIONS_LIMIT, app.seats.most());
    counter(registry, &all::CONNECTIONS_REFUSED, app.seats.refused());
    counter(registry, &all::LEASES_LOST, app.ledger.leases.lost());
    gauge(registry, &all::REDIS_UP, usize::from(app.store.is_up()));
    counter(registry, &all::REDIS_RECONNECTS, app.store.reconnects());
    register(registry, &all::REDIS_LATENCY, app.store.latency());
    let version = env!("CARGO_PKG_VERSION");
    // An info's suffix is added as that of a counter is.
    register(registry, &all::BUILD, Info::new(OfBuild { version }));
}
