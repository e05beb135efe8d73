//! The shape of `weir.toml`: its tables and keys, their defaults, the bounds of their numbers.
//! What the values mean for each other is decided in `file.rs`.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Spanned;

use super::{
    AccountKind, Certified, Config, Log, MicroUsd, Price, Spend, Timeouts, alerts, connections,
    failover::FailoverTable,
    limits::{MOST_TOKENS_PER_MINUTE, User},
    operators,
    retention::RetentionTable,
    telemetry,
    waits::Waiting,
};
use crate::time::millis;

pub(super) const HOUR_MS: u64 = 3_600_000;
pub(super) const DAY_MS: u64 = 24 * HOUR_MS;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub(super) data_dir: PathBuf,
    #[serde(deserialize_with = "bounded::<_, 0, DAY_MS>")]
    pub(super) drain_timeout_ms: u64,
    pub(super) listen: Listen,
    pub(super) sessions: operators::SessionsTable,
    pub(super) connections: connections::Table,
    pub(super) log: Log,
    pub(super) telemetry: telemetry::Table,
    pub(super) alerts: alerts::Table,
    pub(super) redis: Redis,
    pub(super) module: Module,
    pub(super) secrets: Secrets,
    pub(super) admission: Admission,
    pub(super) waiting: Waiting,
    pub(super) failover: FailoverTable,
    pub(super) retention: RetentionTable,
    pub(super) spend: Spend,
    pub(super) body: Spanned<Body>,
    pub(super) accounts: BTreeMap<Spanned<String>, Account>,
    pub(super) groups: BTreeMap<Spanned<String>, Group>,
    pub(super) prices: BTreeMap<Spanned<String>, Price>,
    pub(super) users: BTreeMap<Spanned<String>, User>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Listen {
    pub(super) callers: SocketAddr,
    #[serde(deserialize_with = "operators::listen")]
    pub(super) operators: Option<SocketAddr>,
    pub(super) operators_hosts: Vec<String>,
    pub(super) operators_without_tls: bool,
    pub(super) metrics_token: Option<Spanned<String>>,
    pub(super) operators_tls: Option<Certified>,
    pub(super) trusted_proxies: List,
    pub(super) tls: Option<Certified>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Redis {
    pub(super) url: Option<Spanned<String>>,
    pub(super) sentinels: Option<Spanned<List>>,
    pub(super) master: Option<Spanned<String>>,
    pub(super) sentinel_username: Option<Spanned<String>>,
    pub(super) sentinel_password: Option<Spanned<String>>,
    pub(super) cluster: Option<Spanned<List>>,
    pub(super) username: Option<Spanned<String>>,
    pub(super) password: Option<Spanned<String>>,
    pub(super) tls: Option<Spanned<bool>>,
    pub(super) ca: Option<Spanned<PathBuf>>,
    pub(super) embedded: Option<Spanned<bool>>,
    pub(super) server: Option<PathBuf>,
}

pub(super) type List = Vec<Spanned<String>>;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Module {
    pub(super) path: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Secrets {
    pub(super) master_key: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Admission {
    #[serde(deserialize_with = "bounded::<_, 1_000, HOUR_MS>")]
    pub(super) lease_ms: u64,
    #[serde(deserialize_with = "bounded::<_, 0, HOUR_MS>")]
    pub(super) affinity_patience_ms: u64,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Body {
    #[serde(deserialize_with = "bounded::<_, 1_024, { 256 << 20 }>")]
    pub(super) max_bytes: u64,
    #[serde(deserialize_with = "bounded::<_, 1_024, { 1 << 40 }>")]
    pub(super) max_buffered_bytes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    pub(super) kind: AccountKind,
    pub(super) base_url: Option<Spanned<String>>,
    pub(super) api_key: Option<Spanned<String>>,
    pub(super) access_key_id: Option<Spanned<String>>,
    pub(super) secret_access_key: Option<Spanned<String>>,
    pub(super) session_token: Option<Spanned<String>>,
    pub(super) region: Option<Spanned<String>>,
    pub(super) betas: Option<Spanned<Vec<String>>>,
    pub(super) api_version: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "bounded::<_, 0, 1_000_000>")]
    pub(super) max_concurrent: u64,
    #[serde(default, deserialize_with = "bounded::<_, 0, 1_000_000_000>")]
    pub(super) requests_per_minute: u64,
    #[serde(default, deserialize_with = "bounded::<_, 0, MOST_TOKENS_PER_MINUTE>")]
    pub(super) tokens_per_minute: u64,
    #[serde(default, deserialize_with = "bounded::<_, 0, 1_000>")]
    pub(super) priority: u64,
    #[serde(default)]
    pub(super) models: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub(super) serial_turns: bool,
    #[serde(default, deserialize_with = "bounded::<_, 0, DAY_MS>")]
    pub(super) turn_delay_ms: u64,
    pub(super) translate: Option<Spanned<bool>>,
    #[serde(default = "yes")]
    pub(super) responses: bool,
    #[serde(default = "yes")]
    pub(super) ask_usage: bool,
    #[serde(default)]
    pub(super) allow_http: bool,
    #[serde(default)]
    pub(super) allow_private: bool,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) note: String,
    #[serde(default)]
    pub(super) timeouts: TimeoutsMs,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TimeoutsMs {
    #[serde(deserialize_with = "bounded::<_, 1, DAY_MS>")]
    pub(super) connect_ms: u64,
    #[serde(deserialize_with = "bounded::<_, 1, DAY_MS>")]
    pub(super) first_byte_stream_ms: u64,
    #[serde(deserialize_with = "bounded::<_, 1, DAY_MS>")]
    pub(super) first_byte_ms: u64,
    #[serde(deserialize_with = "bounded::<_, 1, DAY_MS>")]
    pub(super) idle_ms: u64,
    #[serde(deserialize_with = "bounded::<_, 1, DAY_MS>")]
    pub(super) total_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) accounts: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) aliases: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default, deserialize_with = "bounded::<_, 0, 1_000_000>")]
    pub(super) max_concurrent: u64,
    #[serde(default, deserialize_with = "bounded::<_, 0, 1_000_000_000>")]
    pub(super) requests_per_minute: u64,
    #[serde(default, deserialize_with = "bounded::<_, 0, MOST_TOKENS_PER_MINUTE>")]
    pub(super) tokens_per_minute: u64,
    #[serde(default)]
    pub(super) spend_per_day: MicroUsd,
    #[serde(default)]
    pub(super) spend_per_month: MicroUsd,
    #[serde(default)]
    pub(super) spend_total: MicroUsd,
}

impl Default for File {
    fn default() -> Self {
        let config = Config::default();
        Self {
            data_dir: config.data_dir,
            drain_timeout_ms: millis(config.drain_timeout),
            listen: Listen::default(),
            sessions: operators::SessionsTable::default(),
            connections: connections::Table::default(),
            log: Log::default(),
            telemetry: telemetry::Table::default(),
            alerts: alerts::Table::default(),
            redis: Redis::default(),
            module: Module::default(),
            secrets: Secrets::default(),
            admission: Admission::default(),
            waiting: Waiting::default(),
            failover: FailoverTable::default(),
            retention: RetentionTable::default(),
            spend: Spend::default(),
            body: Spanned::new(0..0, Body::default()),
            accounts: BTreeMap::new(),
            groups: BTreeMap::new(),
            prices: BTreeMap::new(),
            users: BTreeMap::new(),
        }
    }
}

impl Default for Listen {
    fn default() -> Self {
        let Config {
            callers, operators, ..
        } = Config::default();
        Self {
            callers,
            operators: operators.listen,
            operators_hosts: operators.hosts,
            operators_without_tls: operators.without_tls,
            metrics_token: None,
            operators_tls: operators.tls,
            trusted_proxies: List::new(),
            tls: None,
        }
    }
}

impl Default for Admission {
    fn default() -> Self {
        let config = Config::default();
        Self {
            lease_ms: millis(config.lease),
            affinity_patience_ms: millis(config.affinity_patience),
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        let config = Config::default();
        Self {
            max_bytes: config.max_body_bytes as u64,
            max_buffered_bytes: config.max_buffered_bytes as u64,
        }
    }
}

impl Default for TimeoutsMs {
    fn default() -> Self {
        let timeouts = Timeouts::default();
        Self {
            connect_ms: millis(timeouts.connect),
            first_byte_stream_ms: millis(timeouts.first_byte_stream),
            first_byte_ms: millis(timeouts.first_byte),
            idle_ms: millis(timeouts.idle),
            total_ms: millis(timeouts.total),
        }
    }
}

impl From<TimeoutsMs> for Timeouts {
    fn from(ms: TimeoutsMs) -> Self {
        Self {
            connect: Duration::from_millis(ms.connect_ms),
            first_byte_stream: Duration::from_millis(ms.first_byte_stream_ms),
            first_byte: Duration::from_millis(ms.first_byte_ms),
            idle: Duration::from_millis(ms.idle_ms),
            total: Duration::from_millis(ms.total_ms),
        }
    }
}

pub(super) fn yes() -> bool {
    true
}

/// A number within its bounds; anything else is an error that names them.
pub(super) fn bounded<'de, D: Deserializer<'de>, const MIN: u64, const MAX: u64>(
    from: D,
) -> Result<u64, D::Error> {
    let number = i64::deserialize(from)?;
    match u64::try_from(number) {
        Ok(number) if (MIN..=MAX).contains(&number) => Ok(number),
        _ => Err(D::Error::custom(format!("must be {MIN} to {MAX}"))),
    }
}
