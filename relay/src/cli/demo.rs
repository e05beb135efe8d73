//! `weir demo`: relay, Redis and upstream in one process, and how to try them.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::Signals;
use crate::{
    config::{self, AccountConfig, AccountKind, Config, Credential, GroupConfig, Timeouts},
    embedded,
    key::NewKey,
    mock::{self, MockProvider},
    secret::Secret,
    server::Relay,
    store::names,
};

const GROUP: &str = "default";
const KEY_NAME: &str = "demo";
const API_KEY: &str = "ANTHROPIC_API_KEY";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the relay listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where its Redis keeps its data.
    #[arg(long, default_value = "data/demo")]
    data_dir: PathBuf,
    /// The module; without it, libweir.so beside the program.
    #[arg(long, env = "WEIR_MODULE_PATH")]
    module: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let provider = match config::variable(API_KEY) {
        Some(_) => None,
        None => Some(MockProvider::start(mock::Options::default())?),
    };
    let account = account(provider.as_ref());
    let upstream = match &provider {
        Some(_) => format!("a simulated provider at {}", account.base_url),
        None => format!("{} with your {API_KEY}", account.base_url),
    };
    let config = Config {
        callers: args.listen,
        module: args.module,
        data_dir: args.data_dir.clone(),
        groups: vec![GroupConfig {
            id: GROUP.into(),
            accounts: vec![account.id.clone()],
        }],
        accounts: vec![account],
        ..Config::default()
    };
    let relay = tokio::select! {
        started = Relay::start(config) => started?,
        () = signals.next() => return Ok(()),
    };
    let key = new_key(&relay).await?;
    let socket = embedded::socket(&args.data_dir)?;
    println!(
        "{}",
        how_to_try(
            &relay.url(),
            key.reveal(),
            &upstream,
            &socket.to_string_lossy()
        )
    );

    signals.next().await;
    let stop = async {
        relay.shutdown().await;
        if let Some(provider) = provider {
            provider.shutdown().await;
        }
    };
    tokio::select! {
        () = stop => Ok(()),
        () = signals.next() => anyhow::bail!("told twice to stop: what still ran was broken off"),
    }
}

fn account(provider: Option<&MockProvider>) -> AccountConfig {
    let (base_url, api_key) = match provider {
        Some(provider) => (
            provider.url(),
            Credential::Literal(Secret::new("simulated")),
        ),
        None => (
            "https://api.anthropic.com".to_owned(),
            Credential::Env(API_KEY.into()),
        ),
    };
    AccountConfig {
        id: "main".into(),
        kind: AccountKind::Anthropic,
        base_url,
        api_key,
        max_concurrent: 4,
        serial_turns: false,
        turn_delay: Duration::ZERO,
        timeouts: Timeouts::default(),
    }
}

/// The text of a key is shown once, so every demo has a new one; those before it end.
async fn new_key(relay: &Relay) -> anyhow::Result<Secret> {
    for old in relay.store().all_keys().await? {
        if old.name == KEY_NAME && old.enabled {
            relay.store().disable_key(&old.id).await?;
        }
    }
    let new = NewKey {
        name: KEY_NAME.into(),
        group: GROUP.into(),
        max_concurrent: 0,
        waits: true,
    };
    Ok(relay.create_key(new).await?.secret)
}

fn how_to_try(url: &str, key: &str, upstream: &str, socket: &str) -> String {
    let gate = names::account_gate("main");
    let records = names::RECORDS;
    format!(
        r#"
Weir serves at {url}; upstream is {upstream}.

Stream an answer:
  curl -N {url}/v1/messages -H 'x-api-key: {key}' \
    -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' \
    -d '{{"model":"claude-sonnet-5-5","max_tokens":256,"stream":true,"messages":[{{"role":"user","content":"Say hello."}}]}}'

Python SDK:
  client = anthropic.Anthropic(base_url="{url}", api_key="{key}")

Claude Code:
  ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY={key} claude

Look inside: who holds a slot of the account, and the last requests:
  redis-cli -s {socket} ZRANGE '{gate}' 0 -1 WITHSCORES
  redis-cli -s {socket} XREVRANGE '{records}' + - COUNT 5

Ctrl-C stops all of it."#
    )
}
