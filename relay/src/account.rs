//! Accounts as a running relay has them: the gate and turn of each, its credential in place, its way upstream.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use hyper::{
    Request,
    header::{HeaderName, HeaderValue},
};

use crate::{
    allowance::{Allowance, Owner},
    config::{self, AccountConfig, ConfigError, Limits, Proof, Timeouts},
    dialect::Dialect,
    forward::Reach,
    gate::{Gate, HoldTime, Turn},
    models::{Models, pairs},
    provider::{
        Provider,
        azure_openai::{self, Deployments},
        bedrock::{Bedrock, Signer},
    },
    route::Work,
    standing::Standing,
    store::names,
    time::UnixMillis,
    translate::Translation,
};

/// An upstream credential and its endpoint.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: Box<str>,
    pub(crate) provider: Provider,
    pub(crate) origin: Origin,
    pub(crate) reach: Reach,
    pub(crate) endpoint: Endpoint,
    pub(crate) credential: Credential,
    pub(crate) gate: Arc<Gate>,
    /// What becomes of it while requests know it.
    pub(crate) standing: Arc<Standing>,
    /// Which one of those with its name it is.
    pub(crate) edition: u64,
    /// Those with a lower number are taken first.
    pub(crate) priority: u32,
    pub(crate) models: Models,
    /// None: users' own messages need not wait for each other.
    pub(crate) turn: Option<Arc<Turn>>,
    /// Whether it also serves callers of another dialect.
    pub(crate) translates: bool,
    /// Whether its endpoint has the Responses API, where its kind may.
    pub(crate) responds: bool,
    /// Whether it may be asked for the usage of a stream where the caller did not.
    pub(crate) asks_usage: bool,
    pub(crate) timeouts: Timeouts,
    /// Its own rates; none where it has none.
    pub(crate) allowance: Option<Allowance>,
}

/// Where an upstream is: scheme and authority, and the path before the API's own.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) base: hyper::Uri,
    pub(crate) path: Box<str>,
}

/// What the endpoint has in the place of the API's own paths.
#[derive(Debug)]
pub(crate) enum Endpoint {
    Plain,
    Deployments(Deployments),
    Bedrock(Bedrock),
}

/// How an upstream is told who asks.
#[derive(Debug)]
pub(crate) enum Credential {
    /// By this header.
    Shown(HeaderName, HeaderValue),
    Signs(Signer),
}

impl Credential {
    /// The last thing done to a request: a signature holds for all of it.
    pub(crate) fn put_on(&self, request: &mut Request<Bytes>, now: UnixMillis) {
        match self {
            Self::Shown(name, value) => {
                drop(request.headers_mut().insert(name.clone(), value.clone()));
            }
            Self::Signs(signer) => signer.sign(request, now),
        }
    }
}

impl Account {
    /// What its upstream calls a model that is asked for in a dialect; none where it does not serve it.
    pub(crate) fn called<'m>(
        &'m self,
        model: &'m str,
        translation: Option<Translation>,
    ) -> Option<Cow<'m, str>> {
        match translation {
            Some(Translation { served, .. }) if self.models.is_empty() => {
                served.may_keep(model).then_some(Cow::Borrowed(model))
            }
            _ => self.models.called(model),
        }
    }

    /// Whether it has what a request is for, in its own dialect.
    pub(crate) fn serves(&self, work: Work, dialect: Dialect) -> bool {
        let lacks = dialect == Dialect::Responses && !self.responds;
        dialect.api() == self.provider.api() && !lacks && self.provider.serves(work, dialect)
    }

    /// How a request is put to it; none where it speaks what the caller does, or nobody can.
    pub(crate) fn translation(&self, work: Work, dialect: Dialect) -> Option<Translation> {
        match self.translates && work == Work::Generate && !self.serves(work, dialect) {
            true => dialect.translation(self.provider.api()),
            false => None,
        }
    }

    /// What is spoken with it for a caller of a dialect.
    pub(crate) fn spoken(&self, work: Work, dialect: Dialect) -> Dialect {
        dialect.translated(self.translation(work, dialect))
    }

    /// `before` is the one in whose place it comes: whoever waits for that one waits for it.
    pub(crate) fn new(config: &AccountConfig, before: Option<&Self>) -> Result<Self, ConfigError> {
        let refused = |why: String| ConfigError::Account {
            account: config.id.clone(),
            why,
        };
        let provider = config.kind;
        let credential = credential(config).map_err(refused)?;
        let endpoint = endpoint(&config.endpoint);
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
        let standing = match before {
            Some(before) => Arc::clone(&before.standing),
            None => Arc::default(),
        };
        Ok(Self {
            id: config.id.as_str().into(),
            provider,
            reach: Reach::of(base.host().unwrap_or_default(), config.allow_private),
            origin: Origin {
                path: path(&base, &endpoint, provider).into(),
                base,
            },
            endpoint,
            credential,
            gate: match before {
                Some(before) => Arc::clone(&before.gate),
                None => Arc::new(Gate::new(
                    names::account_gate(&config.id),
                    config.max_concurrent,
                )),
            },
            edition: standing.next(),
            standing,
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
            responds: config.responses,
            asks_usage: config.ask_usage,
            timeouts: config.timeouts,
            allowance: (config.limits != Limits::default())
                .then(|| Allowance::new(Owner::Account, &config.id, config.limits)),
        })
    }
}

fn credential(config: &AccountConfig) -> Result<Credential, String> {
    let region = match &config.endpoint {
        config::Endpoint::Bedrock { region, .. } => region.as_str(),
        config::Endpoint::Plain | config::Endpoint::Azure { .. } => "",
    };
    match &config.proof {
        Proof::Key(key) => {
            let shown = config.kind.credential(&key.resolve()?);
            let (name, value) =
                shown.map_err(|_| "its api_key has characters that no header can hold")?;
            Ok(Credential::Shown(name, value))
        }
        Proof::AwsKeys {
            access_key_id,
            secret_access_key,
            session_token,
        } => {
            let token = session_token.as_ref().map(config::Credential::resolve);
            let signer = Signer::new(
                &access_key_id.resolve()?,
                &secret_access_key.resolve()?,
                token.transpose()?.as_ref(),
                region,
            );
            signer.map(Credential::Signs)
        }
    }
}

fn endpoint(config: &config::Endpoint) -> Endpoint {
    match config {
        config::Endpoint::Plain | config::Endpoint::Azure { api_version: None } => Endpoint::Plain,
        config::Endpoint::Azure {
            api_version: Some(version),
        } => Endpoint::Deployments(Deployments {
            api_version: version.as_str().into(),
        }),
        config::Endpoint::Bedrock { betas, .. } => Endpoint::Bedrock(Bedrock::new(betas)),
    }
}

fn path(base: &hyper::Uri, endpoint: &Endpoint, provider: Provider) -> String {
    match (provider, endpoint) {
        (Provider::AzureOpenAi, Endpoint::Deployments(deployments)) => {
            azure_openai::base(base.path(), Some(deployments))
        }
        (Provider::AzureOpenAi, _) => azure_openai::base(base.path(), None),
        _ => base.path().trim_end_matches('/').to_owned(),
    }
}
