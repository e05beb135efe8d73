//! Accounts as a running relay has them: the gate and turn of each, its credential in place, its way upstream.

use std::{borrow::Cow, sync::Arc};

use hyper::header::HeaderValue;

use crate::{
    config::{AccountConfig, ConfigError, Timeouts},
    dialect::Dialect,
    forward::Reach,
    gate::{Gate, HoldTime, Turn},
    models::{Models, pairs},
    provider::Provider,
    store::names,
};

/// An upstream credential and its endpoint.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: Box<str>,
    pub(crate) provider: Provider,
    pub(crate) origin: Origin,
    pub(crate) reach: Reach,
    /// As the provider's header shows it.
    pub(crate) credential: HeaderValue,
    pub(crate) gate: Arc<Gate>,
    /// Those with a lower number are taken first.
    pub(crate) priority: u32,
    pub(crate) models: Models,
    /// None: users' own messages need not wait for each other.
    pub(crate) turn: Option<Arc<Turn>>,
    /// Whether it also serves callers of another dialect.
    pub(crate) translates: bool,
    /// Whether it may be asked for the usage of a stream where the caller did not.
    pub(crate) asks_usage: bool,
    pub(crate) timeouts: Timeouts,
}

/// Where an upstream is: scheme and authority, and the path before the API's own.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) base: hyper::Uri,
    pub(crate) path: Box<str>,
}

impl Account {
    /// What its upstream calls a model that is asked for in a dialect; none where it does not serve it.
    pub(crate) fn called<'m>(&'m self, model: &'m str, dialect: Dialect) -> Option<Cow<'m, str>> {
        match dialect.translation(self.provider) {
            Some(translation) if self.models.is_empty() => {
                translation.may_keep(model).then_some(Cow::Borrowed(model))
            }
            _ => self.models.called(model),
        }
    }

    pub(crate) fn new(config: &AccountConfig) -> Result<Self, ConfigError> {
        let refused = |why: String| ConfigError::Account {
            account: config.id.clone(),
            why,
        };
        let provider = Provider::of(config.kind);
        let secret = config.api_key.resolve().map_err(refused)?;
        let credential = provider
            .credential(&secret)
            .map_err(|_| refused("its api_key has characters that no header can hold".into()))?;
        let base: hyper::Uri = config
            .base_url
            .parse()
            .map_err(|_| refused(format!("`{}` is not a URL", config.base_url)))?;
        if base.authority().is_none() || base.scheme().is_none() {
            return Err(refused(format!(
                "`{}` has no scheme or no host",
                config.base_url
            )));
        }
        Ok(Self {
            id: config.id.as_str().into(),
            provider,
            reach: Reach::of(base.host().unwrap_or_default(), config.allow_private),
            origin: Origin {
                path: base.path().trim_end_matches('/').into(),
                base,
            },
            credential,
            gate: Arc::new(Gate::new(
                names::account_gate(&config.id),
                config.max_concurrent,
            )),
            turn: config.serial_turns.then(|| {
                Arc::new(Turn {
                    name: names::turn(&config.id).into(),
                    delay: config.turn_delay,
                    held: HoldTime::default(),
                })
            }),
            priority: config.priority,
            models: Models::new(pairs(&config.models)),
            translates: config.translate,
            asks_usage: config.ask_usage,
            timeouts: config.timeouts,
        })
    }
}
