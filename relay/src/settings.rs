//! What holds for all requests and may change while a relay serves: one value, read anew at each use and exchanged as a
//! whole. A new setting of this kind: a field here, and its use.

use std::{sync::Arc, time::Duration};

use arc_swap::{ArcSwap, Guard};
use ipnet::IpNet;

use crate::config::{Config, Failover, Retention, Spend, Waits};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) waits: Waits,
    pub(crate) affinity_patience: Duration,
    pub(crate) failover: Failover,
    pub(crate) retention: Retention,
    pub(crate) spend: Spend,
    pub(crate) max_body_bytes: usize,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) drain_timeout: Duration,
    /// Whether each request is a line of the log.
    pub(crate) log_requests: bool,
}

/// Those of this moment. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Current(Arc<ArcSwap<Settings>>);

impl Settings {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            waits: config.waits,
            affinity_patience: config.affinity_patience,
            failover: config.failover,
            retention: config.retention,
            spend: config.spend.clone(),
            max_body_bytes: config.max_body_bytes,
            trusted_proxies: config.trusted_proxies.clone(),
            drain_timeout: config.drain_timeout,
            log_requests: config.log.requests,
        }
    }
}

impl Current {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(settings)))
    }

    /// Not to be kept for long: others may be in force soon.
    pub(crate) fn now(&self) -> Guard<Arc<Settings>> {
        self.0.load()
    }

    pub(crate) fn set(&self, settings: Settings) {
        self.0.store(Arc::new(settings));
    }
}
