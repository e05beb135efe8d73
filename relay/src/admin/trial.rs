//! The test of an account: one tiny request with its own credential, on the way that callers' requests go up. It takes no
//! slot and no turn, counts nowhere, and speaks for nobody: what comes of it is told to the operator alone.

use std::{sync::Arc, time::Duration};

use hyper::{Request, http::request::Parts};
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::{AdminError, Desk, What, audit::Deed, misfit};
use crate::{
    account::Account,
    authenticate::Caller,
    call::Call,
    config::{AccountConfig, GroupConfig, Limits, word},
    cooldown::Told,
    dialect::Dialect,
    forward::{Heard, Tls, Upstream, UpstreamError, probe},
    group::Sides,
    ids::RequestId,
    key,
    line::Patience,
    provider::Api,
    read::Asked,
    roster::{Keys, Unusable, opened},
    route::{Route, Work},
    time::millis,
};

const WITHIN: Duration = Duration::from_secs(30);
const LONGEST_MESSAGE: usize = 500;

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trial {
    pub(crate) ok: bool,
    /// The upstream's; null where none came.
    pub(crate) status: Option<u16>,
    pub(crate) latency_ms: u64,
    /// In the upstream's words, without secrets.
    pub(crate) message: String,
}

impl Desk<'_> {
    /// Asks it for `model`, else for one that it lists, else for a small one of its kind.
    pub(crate) async fn test_account(
        &self,
        id: &str,
        model: Option<&str>,
    ) -> Result<Trial, AdminError> {
        let config = self.account_with_secrets(id).await?;
        let model = model.map_or_else(|| usual_model(&config), str::to_owned);
        let fits = word(&model).map_err(|why| misfit("model", why))?;
        let account = Account::new(&config, None).map_err(Unusable::from)?;
        let upstream = Arc::new(Upstream::new(account, &Tls::of_system()));
        let (call, asked) = request(&config, &upstream, &fits)
            .ok_or_else(|| misfit("model", "cannot be asked for"))?;
        let began = Instant::now();
        let came = probe(&upstream, &call, &asked, WITHIN).await;
        let trial = told(&config, came, began.elapsed());
        self.note(&Deed::to("test", What::Account, id)).await?;
        Ok(trial)
    }

    async fn account_with_secrets(&self, id: &str) -> Result<AccountConfig, AdminError> {
        let mut declared = self.config.accounts.iter();
        if let Some(account) = declared.find(|account| account.id == id) {
            let account = account.clone().with_secrets();
            return Ok(account.map_err(Unusable::from)?);
        }
        let stored = self.store.roster().await?.accounts;
        let keys = Keys::of(self.master, &stored);
        let account = stored.iter().find(|account| account.id == id);
        let account = account.ok_or_else(|| What::Account.unknown(id))?;
        Ok(opened(account, &keys)?)
    }
}

fn usual_model(config: &AccountConfig) -> String {
    let mut listed = config.models.iter().map(|(name, _)| name);
    let whole = listed.find(|name| !name.ends_with('*')).cloned();
    whole.unwrap_or_else(|| {
        let small = match config.kind.api() {
            Api::Anthropic => "claude-haiku-4-5",
            Api::OpenAi => "gpt-5-nano",
            Api::Gemini => "gemini-2.5-flash-lite",
        };
        small.to_owned()
    })
}

/// As a caller of nobody's would ask, whose group is this account alone.
fn request(config: &AccountConfig, upstream: &Arc<Upstream>, model: &str) -> Option<(Call, Asked)> {
    let dialect = Dialect::of(config.kind.api());
    let alone = GroupConfig {
        id: config.id.clone(),
        accounts: vec![config.id.clone()],
        aliases: Vec::new(),
        limits: Limits::default(),
    };
    let sides = Sides::new(&alone, &[Arc::clone(upstream)]);
    let group = sides.serving(Work::Generate, dialect)?;
    let (head, body) = words(dialect, model)?;
    let mut asked = Asked::of(Route::of(&head).ok()?, body.into())?;
    let patience = Patience {
        since: Instant::now(),
        until: None,
    };
    let caller = Caller::alone(key::nobodys(), group);
    let spoken = (Work::Generate, dialect);
    let id = RequestId::next();
    let call = Call::new(id, spoken, head, caller, &mut asked.facts, patience);
    Some((call, asked))
}

/// The least that can be asked for.
fn words(dialect: Dialect, model: &str) -> Option<(Parts, String)> {
    let said = json!([{ "role": "user", "content": "." }]);
    let (path, body) = match dialect {
        Dialect::Anthropic => (
            "/v1/messages".to_owned(),
            json!({ "model": model, "max_tokens": 1, "messages": said }),
        ),
        Dialect::Chat | Dialect::Responses => (
            "/v1/chat/completions".to_owned(),
            json!({ "model": model, "max_completion_tokens": 16, "messages": said }),
        ),
        Dialect::Gemini | Dialect::GeminiArray => (
            format!("/v1beta/models/{model}:generateContent"),
            json!({
                "contents": [{ "role": "user", "parts": [{ "text": "." }] }],
                "generationConfig": { "maxOutputTokens": 1 },
            }),
        ),
    };
    let head = Request::post(path)
        .header("content-type", "application/json")
        .header("anthropic-version", "2023-06-01");
    let (head, ()) = head.body(()).ok()?.into_parts();
    Some((head, body.to_string()))
}

fn told(config: &AccountConfig, came: Result<Heard, UpstreamError>, took: Duration) -> Trial {
    let (status, message) = match &came {
        Ok(heard) if heard.is_success() => (Some(heard.head.status.as_u16()), "ok".to_owned()),
        Ok(heard) => {
            let told = Told::read(&heard.beginning);
            (Some(heard.head.status.as_u16()), told.message)
        }
        Err(error) => (None, error.to_string()),
    };
    let mut message = message;
    for (_, secret) in config.secrets() {
        message = message.replace(secret.reveal(), "(secret)");
    }
    Trial {
        ok: came.is_ok_and(|heard| heard.is_success()),
        status,
        latency_ms: millis(took),
        message: message.chars().take(LONGEST_MESSAGE).collect(),
    }
}
