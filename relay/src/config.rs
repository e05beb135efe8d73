//! What an operator decides, checked: `weir.toml` (its shape is in `config/shape.rs`) with the environment over it.
//! The only file that reads the environment. A new setting: a field here, one in `shape.rs`, a line in `cli/weir.toml`.

mod alerts;
mod base_url;
mod certified;
mod connections;
mod endpoint;
mod failover;
mod file;
mod key;
mod limits;
mod log;
mod names;
mod operators;
mod redis;
mod retention;
mod settings;
mod shape;
mod spend;
mod stored;
mod telemetry;
mod waits;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;

use crate::secret::Secret;

pub use crate::price::{MicroUsd, Price};
pub use crate::provider::Provider as AccountKind;
pub use alerts::{Alerts, Webhook};
pub use certified::Certified;
pub use connections::Connections;
pub use endpoint::{Endpoint, Proof};
pub use failover::Failover;
pub(crate) use key::{KeyTable, LAST_MS, route, word};
pub use limits::{Limits, UserConfig};
pub(crate) use limits::{MOST_TOKENS_PER_MINUTE, network};
pub use log::{Log, LogFormat};
pub use operators::{Operators, Sessions};
pub use redis::{Access, Address, Login, Place, RedisAt, Servers, Tls};
pub use retention::Retention;
pub use spend::{Spend, SpendLimits, Unpriced};
pub use telemetry::Telemetry;
pub use waits::Waits;

pub(crate) use settings::{Values, defaults, is_setting};
use stored::stored_settings;
pub(crate) use stored::{
    Misfit, SECRET_FIELDS, stored_account, stored_group, stored_key, stored_user,
};

/// Everything a relay needs to start. `Default` is a loopback listener with a Redis of its own and no account.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where callers connect. Port 0 takes a free one.
    pub callers: SocketAddr,
    /// How callers know it; none = plain HTTP.
    pub tls: Option<Certified>,
    pub operators: Operators,
    /// What `GET /metrics` demands; absent = nothing.
    pub metrics_token: Option<Credential>,
    pub connections: Connections,
    pub log: Log,
    pub telemetry: Telemetry,
    pub alerts: Alerts,
    pub redis: RedisAt,
    /// The module; absent = `libweir.so` beside the program.
    pub module: Option<PathBuf>,
    pub data_dir: PathBuf,
    /// Where the keys are with which stored secrets are sealed.
    pub master_key: Option<Credential>,
    /// How long a slot or turn outlives a relay that died.
    pub lease: Duration,
    pub waits: Waits,
    /// How long a request waits for the account that has its prompt cache before it takes another one.
    pub affinity_patience: Duration,
    pub failover: Failover,
    pub retention: Retention,
    /// The largest request body.
    pub max_body_bytes: usize,
    /// All request bodies that wait or are being sent, together.
    pub max_buffered_bytes: usize,
    /// How long running requests may take to finish when the relay is told to stop.
    pub drain_timeout: Duration,
    pub accounts: Vec<AccountConfig>,
    pub groups: Vec<GroupConfig>,
    pub spend: Spend,
    /// Of models, or of those that begin with what stands before a `*`; over the bundled ones.
    pub prices: Vec<(String, Price)>,
    pub users: Vec<UserConfig>,
    /// The settings that the file names, which nobody changes elsewhere.
    pub(crate) declared: Values,
    /// Whose word is taken for whom they speak for.
    pub trusted_proxies: Vec<IpNet>,
}

/// An upstream credential and its endpoint.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    pub id: String,
    pub kind: AccountKind,
    pub base_url: String,
    /// Whether that may lead into a private network.
    pub allow_private: bool,
    pub proof: Proof,
    pub endpoint: Endpoint,
    /// How many requests at once; 0 = no limit, counted only.
    pub max_concurrent: u32,
    /// Accounts with a lower number are taken first.
    pub priority: u32,
    /// From the names of models, or their beginnings with a `*`, to the upstream's names; none = all, under their names.
    pub models: Vec<(String, String)>,
    /// Users' own messages go up one at a time, `turn_delay` apart.
    pub serial_turns: bool,
    pub turn_delay: Duration,
    /// Whether it also serves callers who speak another dialect that can be put into its own.
    pub translate: bool,
    /// Whether its endpoint has OpenAI's Responses, where its kind may have them.
    pub responses: bool,
    /// Whether streams of chat completions are asked for their usage where the caller did not ask.
    pub ask_usage: bool,
    /// Per minute.
    pub limits: Limits,
    /// Else nobody is served by it.
    pub enabled: bool,
    /// For people.
    pub note: String,
    pub timeouts: Timeouts,
}

/// Where a secret is read from. Debug shows the place, never the secret.
#[derive(Clone)]
pub enum Credential {
    Env(String),
    File(PathBuf),
    Literal(Secret),
}

/// How long an upstream may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect, TLS included.
    pub connect: Duration,
    /// Until the headers of a streamed answer.
    pub first_byte_stream: Duration,
    /// Until the headers of any other answer.
    pub first_byte: Duration,
    /// Between two pieces of an answer.
    pub idle: Duration,
    /// The whole answer.
    pub total: Duration,
}

/// A set of accounts that a key may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupConfig {
    pub id: String,
    pub accounts: Vec<String>,
    /// Other names of models.
    pub aliases: Vec<(String, String)>,
    /// Of all its keys together.
    pub limits: Limits,
}

/// Why a configuration is refused. The operator's fault; the relay does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read {path}: {cause}")]
    Unreadable {
        path: PathBuf,
        cause: std::io::Error,
    },
    #[error("{file} line {line}: {why}")]
    Line {
        file: String,
        line: usize,
        why: String,
    },
    #[error("environment variable {name}: {why}")]
    Variable { name: String, why: String },
    #[error("account `{account}`: {why}")]
    Account { account: String, why: String },
    #[error("group `{group}`: {why}")]
    Group { group: String, why: String },
    #[error("{0}")]
    Whole(String),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            callers: SocketAddr::from(([127, 0, 0, 1], 8080)),
            tls: None,
            operators: Operators::default(),
            metrics_token: None,
            connections: Connections::default(),
            log: Log::default(),
            telemetry: Telemetry::default(),
            alerts: Alerts::default(),
            redis: RedisAt::default(),
            module: None,
            data_dir: "data".into(),
            master_key: None,
            lease: Duration::from_secs(60),
            waits: Waits::default(),
            affinity_patience: Duration::from_secs(2),
            failover: Failover::default(),
            retention: Retention::default(),
            max_body_bytes: 32 << 20,
            max_buffered_bytes: 256 << 20,
            drain_timeout: Duration::from_secs(30),
            accounts: Vec::new(),
            groups: Vec::new(),
            spend: Spend::default(),
            prices: Vec::new(),
            users: Vec::new(),
            declared: Values::new(),
            trusted_proxies: Vec::new(),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte_stream: Duration::from_secs(300),
            first_byte: Duration::from_secs(900),
            idle: Duration::from_secs(300),
            total: Duration::from_secs(3600),
        }
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Literal(_) => f.write_str("(given)"),
        }
    }
}

impl Config {
    /// From the text of a `weir.toml`, checked as a whole; the environment is not read.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        file::parse("weir.toml", text)
    }

    /// The file (or only the defaults) with `WEIR_*` over it.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let mut config = match path {
            None => Self::default(),
            Some(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable {
                        path: path.to_owned(),
                        cause,
                    })?;
                file::parse(&path.display().to_string(), &text)?
            }
        };
        config.override_with(variable)?;
        Ok(config)
    }

    fn override_with(
        &mut self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(), ConfigError> {
        if let Some(text) = variable("WEIR_LISTEN") {
            self.callers = text.parse().map_err(|_| ConfigError::Variable {
                name: "WEIR_LISTEN".into(),
                why: "must be an address and a port, like 127.0.0.1:8080".into(),
            })?;
        }
        if let Some(text) = variable("WEIR_LISTEN_OPERATORS") {
            self.operators.listen =
                operators::place(&text).map_err(|why| ConfigError::Variable {
                    name: "WEIR_LISTEN_OPERATORS".into(),
                    why,
                })?;
        }
        if let Some(url) = variable("WEIR_REDIS_URL") {
            let address = Address::of_url(&url).map_err(|why| ConfigError::Variable {
                name: "WEIR_REDIS_URL".into(),
                why,
            })?;
            self.redis = RedisAt::Given(Servers::One(address));
        }
        if let Some(path) = variable("WEIR_MODULE_PATH") {
            self.module = Some(path.into());
        }
        if let Some(path) = variable("WEIR_DATA_DIR") {
            self.data_dir = path.into();
        }
        self.log.override_with(&variable)?;
        self.telemetry.override_with(variable)
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.operators.check().map_err(ConfigError::Whole)?;
        if let RedisAt::Own {
            when_public: false, ..
        } = self.redis
            && !self.callers.ip().is_loopback()
        {
            return Err(ConfigError::Whole(format!(
                "callers reach {} from other machines: name a Redis in [redis], or say embedded = true there",
                self.callers
            )));
        }
        for account in &self.accounts {
            let known = |group: &GroupConfig| group.accounts.contains(&account.id);
            if !self.groups.iter().any(known) {
                tracing::warn!(account = account.id, "no group uses this account");
            }
        }
        for group in &self.groups {
            let unknown = |id: &&String| !self.accounts.iter().any(|account| account.id == **id);
            if let Some(id) = group.accounts.iter().find(unknown) {
                return Err(ConfigError::Group {
                    group: group.id.clone(),
                    why: format!("there is no account `{id}`"),
                });
            }
        }
        Ok(())
    }
}

impl Credential {
    /// Reads the secret from where it is.
    pub(crate) fn resolve(&self) -> Result<Secret, String> {
        let text = match self {
            Self::Literal(secret) => return Ok(secret.clone()),
            Self::Env(name) => {
                variable(name).ok_or_else(|| format!("environment variable {name} is not set"))?
            }
            Self::File(path) => std::fs::read_to_string(path)
                .map_err(|cause| format!("cannot read {}: {cause}", path.display()))?,
        };
        match text.trim() {
            "" => Err(format!("{self:?} is empty")),
            secret => Ok(Secret::new(secret)),
        }
    }
}

/// A variable of the environment; one that is empty counts as absent.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}
