//! `weir demo`: relay, Redis and upstream in one process, and how to try them. Whose key is in the environment is asked
//! for real; the others are simulated.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    path::PathBuf,
    time::Duration,
};

use super::{Signals, serve};
use crate::{
    config::{
        self, AccountConfig, AccountKind, Config, Credential, Endpoint, GroupConfig, Operators,
        Proof, Timeouts,
    },
    embedded,
    key::{self, NewKey},
    mock::{self, MockProvider},
    secret::Secret,
    server::Relay,
    store::names,
};

const GROUP: &str = "default";
const KEY_NAME: &str = "demo";

/// An account for each kind, and the variable that may hold a key of the operator's own.
const ACCOUNTS: [(&str, AccountKind, &str); 3] = [
    ("anthropic", AccountKind::Anthropic, "ANTHROPIC_API_KEY"),
    ("openai", AccountKind::OpenAi, "OPENAI_API_KEY"),
    ("gemini", AccountKind::Gemini, "GEMINI_API_KEY"),
];

/// Where the provider is simulated, unless somebody else listens there.
const SIMULATED: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8082));

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the relay listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where operators are served.
    #[arg(long, default_value = "127.0.0.1:8081")]
    operators: SocketAddr,
    /// Where its Redis keeps its data.
    #[arg(long, default_value = "data/demo")]
    data_dir: PathBuf,
    /// The module; without it, libweir.so beside the program.
    #[arg(long, env = "WEIR_MODULE_PATH")]
    module: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let provider = simulated()?;
    let accounts =
        ACCOUNTS.map(|(id, kind, variable)| account(id, kind, variable, &provider.url()));
    let config = Config {
        callers: args.listen,
        operators: Operators {
            listen: Some(args.operators),
            ..Operators::default()
        },
        module: args.module,
        data_dir: args.data_dir.clone(),
        groups: vec![GroupConfig {
            id: GROUP.into(),
            accounts: ACCOUNTS.map(|(id, ..)| id.to_owned()).into(),
            aliases: Vec::new(),
            limits: crate::config::Limits::default(),
        }],
        accounts: accounts.into(),
        ..Config::default()
    };
    let upstreams = upstreams(&config.accounts);
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
            &upstreams,
            &socket.to_string_lossy()
        )
    );
    serve::invite(&relay).await?;
    println!("\nCtrl-C stops all of it.");

    signals.next().await;
    let stop = async {
        relay.shutdown().await;
        provider.shutdown().await;
    };
    tokio::select! {
        () = stop => Ok(()),
        () = signals.next() => anyhow::bail!("told twice to stop: what still ran was broken off"),
    }
}

/// At the same address each time, so that accounts that somebody makes there serve the next time too.
fn simulated() -> io::Result<MockProvider> {
    let usual = MockProvider::bind(SIMULATED, mock::Options::default());
    usual.or_else(|_| MockProvider::start(mock::Options::default()))
}

fn account(id: &str, kind: AccountKind, variable: &str, simulated: &str) -> AccountConfig {
    let (base_url, api_key) = match config::variable(variable) {
        Some(_) => (
            kind.base_url().unwrap_or_default().to_owned(),
            Credential::Env(variable.into()),
        ),
        None => (
            format!("{simulated}{}", kind.base_path()),
            Credential::Literal(Secret::new("simulated")),
        ),
    };
    AccountConfig {
        id: id.into(),
        kind,
        base_url,
        allow_private: false,
        proof: Proof::Key(api_key),
        endpoint: Endpoint::Plain,
        max_concurrent: 4,
        priority: 0,
        models: Vec::new(),
        serial_turns: false,
        turn_delay: Duration::ZERO,
        translate: false,
        responses: true,
        ask_usage: true,
        limits: crate::config::Limits::default(),
        enabled: true,
        note: String::new(),
        timeouts: Timeouts::default(),
    }
}

/// A line for each account: where it is, and with whose key.
fn upstreams(accounts: &[AccountConfig]) -> String {
    let line = |account: &AccountConfig| match &account.proof {
        Proof::Key(Credential::Env(variable)) => {
            format!(
                "  {}: {} with your {variable}",
                account.id, account.base_url
            )
        }
        _ => format!("  {}: simulated, at {}", account.id, account.base_url),
    };
    accounts.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The text of a key is shown once, so every demo has a new one; those before it end.
async fn new_key(relay: &Relay) -> anyhow::Result<Secret> {
    for old in relay.store().all_keys().await? {
        if old.name == KEY_NAME && old.enabled {
            key::disable(relay.store(), &old.id).await?;
        }
    }
    let new = NewKey {
        name: KEY_NAME.into(),
        group: GROUP.into(),
        ..NewKey::default()
    };
    Ok(relay.create_key(new).await?.secret)
}

fn how_to_try(url: &str, key: &str, upstreams: &str, socket: &str) -> String {
    let gate = names::account_gate(ACCOUNTS[0].0);
    let records = names::RECORDS;
    format!(
        r#"
Weir serves at {url}; upstreams are
{upstreams}

Stream an answer of Anthropic's, OpenAI's and Gemini's:
  curl -N {url}/v1/messages -H 'x-api-key: {key}' \
    -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' \
    -d '{{"model":"claude-sonnet-5-5","max_tokens":256,"stream":true,"messages":[{{"role":"user","content":"Say hello."}}]}}'
  curl -N {url}/v1/responses -H 'authorization: Bearer {key}' -H 'content-type: application/json' \
    -d '{{"model":"gpt-5","stream":true,"input":"Say hello."}}'
  curl -N '{url}/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse' -H 'x-goog-api-key: {key}' \
    -H 'content-type: application/json' -d '{{"contents":[{{"parts":[{{"text":"Say hello."}}]}}]}}'

Python SDKs:
  client = anthropic.Anthropic(base_url="{url}", api_key="{key}")
  client = openai.OpenAI(base_url="{url}/v1", api_key="{key}")
  client = genai.Client(http_options={{"base_url": "{url}"}}, api_key="{key}")

Claude Code:
  ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY={key} claude

Look inside: who holds a slot of the account, and the last requests:
  redis-cli -s {socket} ZRANGE '{gate}' 0 -1 WITHSCORES
  redis-cli -s {socket} XREVRANGE '{records}' + - COUNT 5
"#
    )
}
