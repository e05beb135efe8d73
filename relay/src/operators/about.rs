//! What serves: the versions, the Redis, the relays on it, and where callers connect.

use std::sync::Arc;

use axum::{Json, extract::State, http::HeaderMap};
use hyper::header::HOST;
use serde::Serialize;
use utoipa::ToSchema;

use super::{error::Refusal, office::Office};
use crate::{
    config::{RedisAt, Servers},
    live::RelaySeen,
};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct About {
    /// Of the relay that answers.
    version: &'static str,
    callers_url: String,
    redis: Redis,
    /// The oldest first.
    relays: Vec<Relay>,
    /// Whether they were told different things by their weir.toml, or are of different versions.
    differing: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct Redis {
    /// As the server calls itself.
    server: String,
    version: String,
    module_version: Option<String>,
    mode: Mode,
    /// Whether the relay has started it.
    embedded: bool,
}

/// How Redis is found.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Standalone,
    Sentinel,
    Cluster,
}

/// A relay that is there.
#[derive(Debug, Serialize, ToSchema)]
struct Relay {
    process: String,
    version: String,
    since_ms: u64,
    /// The same where weir.toml declares the same.
    digest: String,
}

/// What serves.
#[utoipa::path(get, path = "/api/about", tag = "about", responses((status = 200, body = About)))]
pub(super) async fn show(
    State(office): State<Arc<Office>>,
    headers: HeaderMap,
) -> Result<Json<About>, Refusal> {
    let store = &office.app.store;
    let (known, seen) = (store.server().await?, store.relays().await?);
    let (mode, embedded) = match &office.config.redis {
        RedisAt::Own { .. } => (Mode::Standalone, true),
        RedisAt::Given(Servers::One(_)) => (Mode::Standalone, false),
        RedisAt::Given(Servers::Sentinel { .. }) => (Mode::Sentinel, false),
        RedisAt::Given(Servers::Cluster(_)) => (Mode::Cluster, false),
    };
    let differ = |pair: &[RelaySeen]| {
        (&pair[0].version, &pair[0].digest) != (&pair[1].version, &pair[1].digest)
    };
    Ok(Json(About {
        version: env!("CARGO_PKG_VERSION"),
        callers_url: callers_url(&office, &headers),
        redis: Redis {
            server: known.server,
            version: known.version,
            module_version: known.module.map(spelled),
            mode,
            embedded,
        },
        differing: seen.windows(2).any(differ),
        relays: seen.iter().map(relay).collect(),
    }))
}

/// By the address on which callers connect; where that is every address, by the name that this request has used.
fn callers_url(office: &Office, headers: &HeaderMap) -> String {
    let scheme = match office.config.tls {
        Some(_) => "https",
        None => "http",
    };
    let at = office.callers;
    if !at.ip().is_unspecified() {
        return format!("{scheme}://{at}");
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.unwrap_or("localhost");
    let (name, _) = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()))
        .unwrap_or((host, ""));
    format!("{scheme}://{name}:{}", at.port())
}

fn relay(seen: &RelaySeen) -> Relay {
    Relay {
        process: seen.process.to_string(),
        version: seen.version.to_string(),
        since_ms: seen.since.0,
        digest: seen.digest.to_string(),
    }
}

/// 100 is 0.1.0.
fn spelled(version: i64) -> String {
    let (major, minor) = (version / 10_000, version / 100 % 100);
    format!("{major}.{minor}.{}", version % 100)
}
