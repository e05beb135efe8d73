//! Signing in and out. Whether a name is known takes as long to refuse as whether its password is right, and says the same;
//! tries are bounded for all relays together, per address and per name, and apart from these per browser in which that
//! somebody has signed in before: who tries out passwords delays no one who has been here.

use std::{net::IpAddr, sync::Arc};

use axum::{Json, extract::State, http::HeaderMap};
use hyper::{StatusCode, http::request::Parts};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    cookies::{self, Way},
    error::{Failure, Refusal},
    gate::csrf_of,
    office::Office,
    parts::Given,
    visitor::{By, Visitor, from, who},
};
use crate::{
    address,
    admin::{
        audit::Deed,
        operators::{Edit, hash, is_name},
    },
    ids,
    password::{self, Asker},
    role::Role,
    secret::{Secret, digest},
    store::{StoredOperator, StoredSession},
    time::{UnixMillis, millis},
};

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct Shown {
    name: String,
    role: Role,
    /// To be sent as `x-weir-csrf` with every request that is no GET; null for API tokens.
    csrf: Option<String>,
    /// When the session ends if nothing happens until then; null for API tokens.
    expires_ms: Option<u64>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    name: String,
    #[schema(value_type = String)]
    password: Secret,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    #[schema(value_type = String)]
    old: Secret,
    /// 12 letters at least.
    #[schema(value_type = String)]
    new: Secret,
}

/// A session that has begun.
pub(super) type Begun = (HeaderMap, Json<Shown>);

/// Who is signed in.
#[utoipa::path(get, path = "/api/session", tag = "session", responses((status = 200, body = Shown)))]
pub(super) async fn show(visitor: Visitor) -> Json<Shown> {
    let (csrf, expires_ms) = match visitor.by {
        By::Session(session) => (Some(session.csrf), Some(session.ends_ms)),
        By::Token => (None, None),
    };
    Json(Shown {
        name: visitor.who.name,
        role: visitor.role,
        csrf,
        expires_ms,
    })
}

/// Signs in: sets the session's cookie.
#[utoipa::path(post, path = "/api/session", tag = "session", request_body = SignIn,
    responses((status = 200, body = Shown)))]
pub(super) async fn sign_in(
    State(office): State<Arc<Office>>,
    parts: Parts,
    Given(given): Given<SignIn>,
) -> Result<Begun, Refusal> {
    let store = &office.app.store;
    let from = from(&office, &parts)?;
    let (asker, buckets) = buckets(&office, &parts.headers, &given.name, from).await?;
    if let Some(wait) = store.begin_try(&buckets).await? {
        return Err(Refusal::throttled(wait));
    }
    let operator = match is_name(&given.name) {
        true => store.operator(&given.name).await?,
        false => None,
    };
    let hashed = operator.as_ref().map(|operator| operator.password.clone());
    let compared = password::is(given.password, hashed, asker).await;
    if compared.is_err() {
        // Nobody has looked at it.
        store.undo_try(&buckets).await?;
    }
    let is_right = compared?;
    let operator = match operator {
        Some(operator) if is_right => operator,
        known => {
            let known = known.map(|operator| operator.name);
            note_failure(&office, known.as_deref(), from).await?;
            return Err(Refusal::wrong_password());
        }
    };
    store.undo_try(&buckets).await?;
    begin(&office, &parts.headers, &operator, from).await
}

/// Signs out: the session ends.
#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204)))]
pub(super) async fn sign_out(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<(StatusCode, HeaderMap), Refusal> {
    let By::Session(session) = &visitor.by else {
        return Err(Refusal::no_session());
    };
    office.app.store.end_session(&session.digest).await?;
    let deed = Deed::new("sign_out", "session", &visitor.who.name);
    office.desk(&visitor).note(&deed).await?;
    let way = Way::of(&headers, office.way());
    Ok((
        StatusCode::NO_CONTENT,
        [cookies::end(way)].into_iter().collect(),
    ))
}

/// Changes the own password; all other sessions end.
#[utoipa::path(put, path = "/api/session/password", tag = "session", request_body = NewPassword,
    responses((status = 204), (status = 429, description = "Too many tries.", body = Failure)))]
pub(super) async fn change_password(
    State(office): State<Arc<Office>>,
    visitor: Visitor,
    Given(given): Given<NewPassword>,
) -> Result<StatusCode, Refusal> {
    let By::Session(session) = &visitor.by else {
        return Err(Refusal::no_session());
    };
    let (store, name) = (&office.app.store, &visitor.who.name);
    let buckets = [format!("session:{}", session.digest)];
    if let Some(wait) = store.begin_try(&buckets).await? {
        return Err(Refusal::throttled(wait));
    }
    let known = store.operator(name).await?;
    let hashed = known.map(|operator| operator.password);
    if !password::is(given.old, hashed, Asker::Known).await? {
        return Err(Refusal::of_field("old", "is not the password"));
    }
    let edit = Edit {
        role: None,
        password: Some(
            hash(&given.new)
                .await
                .map_err(|error| Refusal::from(error).in_field("new"))?,
        ),
    };
    let operator = office
        .desk(&visitor)
        .edit_operator(name, None, edit)
        .await?;
    let rest = office
        .rest_of(session.made_ms)
        .ok_or_else(Refusal::signed_out)?;
    let kept = StoredSession {
        name: operator.name,
        epoch: operator.epoch,
        made_ms: session.made_ms,
    };
    store.put_session(&session.digest, &kept, rest).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins a session, in the place of the one that the browser may have had.
pub(super) async fn begin(
    office: &Office,
    headers: &HeaderMap,
    operator: &StoredOperator,
    from: IpAddr,
) -> Result<Begun, Refusal> {
    let store = &office.app.store;
    if let Some(before) = cookies::session(headers) {
        store.end_session(&digest(before)).await?;
    }
    let secret = ids::new_secret("");
    let browser = browser_of(office, headers, &operator.name).await?;
    let sessions = office.config.operators.sessions;
    let (now, span) = (UnixMillis::now(), sessions.idle.min(sessions.total));
    let session = StoredSession {
        name: operator.name.clone(),
        epoch: operator.epoch.clone(),
        made_ms: now.0,
    };
    let who = who(&operator.name, operator.role.word(), from);
    let deed = Deed::new("sign_in", "session", &operator.name);
    office.desk_of(who).note(&deed).await?;
    store
        .put_session(&digest(secret.reveal()), &session, span)
        .await?;
    store
        .know_browser(&digest(browser.reveal()), &operator.name)
        .await?;
    let way = Way::of(headers, office.way());
    let mut cookies = HeaderMap::new();
    let (name, value) = cookies::begin(secret.reveal(), sessions.total, way);
    cookies.append(name, value);
    let (name, value) = cookies::know_browser(browser.reveal(), way);
    cookies.append(name, value);
    let shown = Shown {
        name: operator.name.clone(),
        role: operator.role,
        csrf: Some(csrf_of(secret.reveal())),
        expires_ms: Some(now.0 + millis(span)),
    };
    Ok((cookies, Json(shown)))
}

/// What the browser is known by, or is to be.
async fn browser_of(office: &Office, headers: &HeaderMap, name: &str) -> Result<Secret, Refusal> {
    if let Some(known) = cookies::browser(headers) {
        let of = office.app.store.browser(&digest(known)).await?;
        if of.is_some_and(|of| of == name) {
            return Ok(Secret::new(known));
        }
    }
    Ok(ids::new_secret(""))
}

/// Who shows a password, and what the try is counted against.
async fn buckets(
    office: &Office,
    headers: &HeaderMap,
    name: &str,
    from: IpAddr,
) -> Result<(Asker, Vec<String>), Refusal> {
    if let Some(browser) = cookies::browser(headers) {
        let known_by = digest(browser);
        let of = office.app.store.browser(&known_by).await?;
        if of.is_some_and(|of| of == name) {
            return Ok((Asker::Known, vec![format!("browser:{known_by}")]));
        }
    }
    let address = address::of_one(from);
    let buckets = vec![
        format!("address:{address}"),
        format!("name:{}", digest(name)),
    ];
    Ok((Asker::Stranger, buckets))
}

/// So many of these are written down that somebody notices, and not so many that they push out everything else. What is no
/// name may be a password that was typed in its place: it is not repeated.
async fn note_failure(office: &Office, known: Option<&str>, from: IpAddr) -> Result<(), Refusal> {
    let named = known.unwrap_or("?");
    tracing::warn!(operator = named, %from, "somebody was not let in: no such name, or a wrong password");
    if office.app.store.begin_note().await? {
        let deed = Deed::new("fail_to_sign_in", "session", named);
        office.desk_of(who("?", "none", from)).note(&deed).await?;
    }
    Ok(())
}
