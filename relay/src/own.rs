//! What the relay answers itself: a key's usage; and where no account of the key's groups can, how many tokens a request is
//! likely to be, and which models there are. None of it takes a slot or counts as a request.

use std::{collections::BTreeSet, sync::Arc};

use hyper::{
    Response,
    body::Incoming,
    header::{HeaderName, HeaderValue},
    http::request::Parts,
};
use serde_json::{Value, json};

use crate::{
    answer::{AnswerBody, tell},
    app::App,
    authenticate::Caller,
    error::Error,
    intent::estimate,
    key::Key,
    limit::may_ask,
    own_usage::own_usage,
    provider::Api,
    read::read,
    route::{Named, Route, Work},
};

/// What is told is no upstream's word.
const ESTIMATED: HeaderName = HeaderName::from_static("x-weir-estimated");
/// Of a model of which nobody says since when it is there.
const UNKNOWN_TIME: &str = "1970-01-01T00:00:00Z";

/// What may be asked of the relay itself, and by whom.
pub(crate) struct Own<'a> {
    pub(crate) key: &'a Arc<Key>,
    pub(crate) route: Route<'a>,
}

impl Own<'_> {
    /// None: it is for an account to answer.
    pub(crate) async fn answer(
        &self,
        app: &App,
        head: &Parts,
        body: &mut Incoming,
    ) -> Result<Option<Response<AnswerBody>>, Error> {
        match self.route.work {
            Work::Usage => Ok(Some(own_usage(app, self.key, head.uri.query()).await?)),
            Work::CountTokens => match self.by_accounts(app) {
                None => Ok(None),
                Some(caller) => Box::pin(self.count(app, &caller, head, body))
                    .await
                    .map(Some),
            },
            Work::ListModels | Work::ShowModel => Ok(self
                .by_accounts(app)
                .and_then(|caller| self.models(&caller))),
            Work::Generate | Work::Embed | Work::Stored(_) | Work::Health => Ok(None),
        }
    }

    /// Whose accounts serve the dialect, and do not have what this is for.
    fn by_accounts(&self, app: &App) -> Option<Caller> {
        let Route { work, dialect, .. } = self.route;
        let caller = |work| Caller::of(&app.roster, Arc::clone(self.key), (work, dialect)).ok();
        let is_served = caller(work).is_some_and(|caller| caller.has_who_serves(work, dialect));
        caller(Work::Generate).filter(|_| !is_served)
    }

    async fn count(
        &self,
        app: &App,
        caller: &Caller,
        head: &Parts,
        body: &mut Incoming,
    ) -> Result<Response<AnswerBody>, Error> {
        let most = app.settings().max_body_bytes;
        let asked = read(&app.buffers, self.route, &head.headers, body, most).await?;
        if let Some(name) = &asked.facts.model {
            may_ask(self.key, caller.group.model(name))?;
        }
        let tokens = estimate(asked.body.len());
        let mut told = tell(&match self.route.dialect.api() {
            Api::Anthropic | Api::OpenAi => json!({ "input_tokens": tokens }),
            Api::Gemini => json!({ "totalTokens": tokens }),
        });
        let estimated = HeaderValue::from_static("true");
        told.headers_mut().insert(ESTIMATED, estimated);
        Ok(told)
    }

    /// None where nobody has named any, or not the one that is asked for.
    fn models(&self, caller: &Caller) -> Option<Response<AnswerBody>> {
        let mut names = caller.group.names();
        names.retain(|name| may_ask(self.key, caller.group.model(name)).is_ok());
        let api = self.route.dialect.api();
        let told = match self.route.named {
            Some(Named::Model { model, .. }) => entry(names.get(model)?, api),
            Some(Named::Response { .. }) | None if names.is_empty() => return None,
            Some(Named::Response { .. }) | None => list(&names, api),
        };
        Some(tell(&told))
    }
}

/// As the API lists models.
fn list(names: &BTreeSet<&str>, api: Api) -> Value {
    let all: Vec<Value> = names.iter().map(|name| entry(name, api)).collect();
    match api {
        Api::Anthropic => json!({ "data": all, "has_more": false,
            "first_id": names.first(), "last_id": names.last() }),
        Api::OpenAi => json!({ "object": "list", "data": all }),
        Api::Gemini => json!({ "models": all }),
    }
}

/// As it shows one.
fn entry(name: &str, api: Api) -> Value {
    match api {
        Api::Anthropic => json!({ "type": "model", "id": name, "display_name": name,
            "created_at": UNKNOWN_TIME }),
        Api::OpenAi => json!({ "id": name, "object": "model", "created": 0, "owned_by": "weir" }),
        Api::Gemini => json!({ "name": format!("models/{name}"), "displayName": name,
            "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"] }),
    }
}
