//! What a relay under test is started with: its accounts, its `weir.toml`, its first key.

use weir_relay::config::Config;
use weir_relay::key::{CreatedKey, KeyRules, NewKey};
use weir_relay::mock::{Behaviour, MockProvider, Options};
use weir_relay::server::Relay;

use super::Weir;
use crate::eventually::eventually_async;
use crate::lossy::Lossy;
use crate::redis::{Builder, Redis};

/// One account without a limit, unless told otherwise.
#[derive(Clone, Debug)]
#[must_use]
pub struct Setup {
    accounts: u32,
    /// Of the accounts, in turn.
    kinds: &'static [&'static str],
    /// Of every account; else that of the simulated upstream.
    base_url: Option<String>,
    /// Lines of every account's section in the place of a credential of its own.
    credential: Option<String>,
    max_concurrent: u32,
    key_limit: u32,
    /// Lines of every account's section.
    account_lines: String,
    /// Where further accounts are, and the lines of their sections.
    others: Vec<(String, String)>,
    /// Lines of the group's section.
    group_lines: String,
    /// Lines of the section of the listeners.
    listen_lines: String,
    /// Where operators are served.
    operators: &'static str,
    /// Lines and sections before the accounts.
    head: String,
    behaviour: Behaviour,
    redis: Builder,
    reach: Reach,
}

/// How a relay reaches Redis.
#[derive(Clone, Debug, Default)]
enum Reach {
    #[default]
    Directly,
    /// The first relay does in a way that can lose answers.
    Lossy,
    /// As these lines of `[redis]` say.
    Lines(String),
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            accounts: 1,
            kinds: &["anthropic"],
            base_url: None,
            credential: None,
            max_concurrent: 0,
            key_limit: 0,
            account_lines: String::new(),
            others: Vec::new(),
            group_lines: String::new(),
            listen_lines: String::new(),
            operators: "off",
            head: String::new(),
            behaviour: Behaviour::default(),
            redis: Redis::builder(),
            reach: Reach::default(),
        }
    }
}

impl Setup {
    pub fn accounts(mut self, accounts: u32) -> Self {
        self.accounts = accounts;
        self
    }

    /// What the accounts speak, in turn.
    pub fn kinds(mut self, kinds: &'static [&'static str]) -> Self {
        self.kinds = kinds;
        self
    }

    /// One account of each kind.
    pub fn every_kind(self) -> Self {
        self.accounts(3).kinds(&["anthropic", "openai", "gemini"])
    }

    /// Another upstream for every account.
    pub fn base_url(mut self, base_url: &str) -> Self {
        self.base_url = Some(base_url.into());
        self
    }

    /// Lines that say by what every account is known upstream.
    pub fn credential(mut self, lines: &str) -> Self {
        self.credential = Some(lines.into());
        self
    }

    /// Of every account; the simulated upstream counts what goes beyond it.
    pub fn max_concurrent(mut self, max_concurrent: u32) -> Self {
        self.max_concurrent = max_concurrent;
        self
    }

    /// Of the first key.
    pub fn key_limit(mut self, key_limit: u32) -> Self {
        self.key_limit = key_limit;
        self
    }

    /// A line of every account's section, such as `serial_turns = true`.
    pub fn account_line(mut self, line: &str) -> Self {
        self.account_lines += line;
        self.account_lines += "\n";
        self
    }

    /// A further account, at an upstream of its own, with these lines in its section.
    pub fn account_at(mut self, provider: &MockProvider, lines: &str) -> Self {
        self.others.push((provider.url(), lines.to_owned()));
        self
    }

    /// A line of the group's section.
    pub fn group_line(mut self, line: &str) -> Self {
        self.group_lines += line;
        self.group_lines += "\n";
        self
    }

    /// Operators are served too.
    pub fn operators(mut self) -> Self {
        self.operators = "127.0.0.1:0";
        self
    }

    /// A line of the listeners' section.
    pub fn listen_line(mut self, line: &str) -> Self {
        self.listen_lines += line;
        self.listen_lines += "\n";
        self
    }

    /// Lines of `weir.toml`: single values first, then sections.
    pub fn head(mut self, lines: &str) -> Self {
        self.head += lines;
        self.head += "\n";
        self
    }

    pub fn lease_ms(self, lease_ms: u32) -> Self {
        self.head(&format!("[admission]\nlease_ms = {lease_ms}"))
    }

    /// Nobody waits in line.
    pub fn impatient(self) -> Self {
        self.head("[waiting]\nmax_stream_ms = 0\nmax_whole_ms = 0")
    }

    /// Of the simulated upstream, where a request asks for nothing else.
    pub fn behaviour(mut self, behaviour: Behaviour) -> Self {
        self.behaviour = behaviour;
        self
    }

    pub fn redis(mut self, redis: Builder) -> Self {
        self.redis = redis;
        self
    }

    /// The first relay reaches Redis in a way that can lose answers.
    pub fn lossy(mut self) -> Self {
        self.reach = Reach::Lossy;
        self
    }

    /// Lines of `[redis]`, where relays are to reach it in another way than by its unix socket.
    pub fn reach(mut self, lines: &str) -> Self {
        self.reach = Reach::Lines(lines.to_owned());
        self
    }

    /// # Panics
    /// When a part of it does not start.
    pub async fn start(self) -> Weir {
        let redis = self.redis.clone().start();
        self.start_on(redis).await
    }

    /// [`start`](Self::start) on a server that runs already.
    ///
    /// # Panics
    /// When a part of it does not start.
    pub async fn start_on(self, redis: Redis) -> Weir {
        let limit = (self.max_concurrent > 0).then_some(u64::from(self.max_concurrent));
        let options = Options {
            limit,
            behaviour: self.behaviour.clone(),
        };
        let provider = MockProvider::start(options).expect("a loopback port is free");
        let lossy = matches!(self.reach, Reach::Lossy).then(|| Lossy::start(&redis));
        let url = lossy.as_ref().map_or_else(|| redis.url(), Lossy::url);
        let relay = self.start_relay(&url, &provider).await;
        let CreatedKey { id: key_id, secret } = create_key(&relay, self.key_limit, true).await;
        let key = secret.reveal().to_owned();
        Weir {
            relay,
            provider,
            redis,
            lossy,
            key_id,
            key,
            setup: self,
        }
    }

    pub(super) async fn start_relay(&self, redis: &str, provider: &MockProvider) -> Relay {
        let config =
            Config::from_toml(&self.toml(redis, provider)).expect("the test's weir.toml is good");
        Relay::start(config).await.expect("the relay starts")
    }

    /// The relay's `weir.toml`, for a Redis at this URL.
    pub fn toml(&self, redis: &str, provider: &MockProvider) -> String {
        let url = self.base_url.clone().unwrap_or_else(|| provider.url());
        let limit = self.max_concurrent;
        let lines = format!("max_concurrent = {limit}\n{}", self.account_lines);
        let alike = (0..self.accounts).map(|_| (url.clone(), lines.clone()));
        let accounts = (1..).zip(alike.chain(self.others.iter().cloned()));
        let (mut sections, mut names) = (String::new(), Vec::new());
        for (account, (url, lines)) in accounts {
            sections += &self.section(account, &url, &lines);
            names.push(format!("\"a{account}\""));
        }
        let (head, more, names) = (&self.head, &self.group_lines, names.join(", "));
        let (listen, operators) = (&self.listen_lines, self.operators);
        let redis = match &self.reach {
            Reach::Directly | Reach::Lossy => format!("url = \"{redis}\""),
            Reach::Lines(lines) => lines.clone(),
        };
        format!(
            "{head}[listen]\ncallers = \"127.0.0.1:0\"\noperators = \"{operators}\"\n{listen}[redis]\n{redis}\n\
             {sections}[groups.main]\naccounts = [{names}]\n{more}"
        )
    }

    fn section(&self, account: u32, url: &str, lines: &str) -> String {
        let kind = self.kinds[(account as usize - 1) % self.kinds.len()];
        let version = if kind == "openai" { "/v1" } else { "" };
        let credential = match (&self.credential, kind) {
            (Some(lines), _) => lines.clone(),
            (None, "bedrock") => aws_keys(account),
            (None, _) => format!("api_key = \"{}\"", credential(account)),
        };
        format!(
            "[accounts.a{account}]\nkind = \"{kind}\"\nbase_url = \"{url}{version}\"\n{credential}\n{lines}\n"
        )
    }
}

pub(super) async fn create_limited_key(
    relay: &Relay,
    max_concurrent: u32,
    rules: KeyRules,
) -> CreatedKey {
    let new = NewKey {
        name: "of a test".into(),
        group: "main".into(),
        max_concurrent,
        rules,
        ..NewKey::default()
    };
    known(relay, new).await
}

pub(super) async fn create_key(relay: &Relay, max_concurrent: u32, waits: bool) -> CreatedKey {
    let new = NewKey {
        name: "of a test".into(),
        group: "main".into(),
        max_concurrent,
        waits,
        ..NewKey::default()
    };
    known(relay, new).await
}

/// A machine that stalls may make the relay lose its Redis for a moment.
async fn known(relay: &Relay, new: NewKey) -> CreatedKey {
    eventually_async("the key becomes known", async || {
        let made = relay.create_key(new.clone()).await;
        made.map_err(|error| format!("{error:#}"))
    })
    .await
}

/// What an account of Bedrock's signs with: the simulated upstream takes an id, backwards, for its secret.
fn aws_keys(account: u32) -> String {
    let id = format!("AKIDSIMULATED{account}");
    let secret: String = id.chars().rev().collect();
    format!(
        "region = \"us-east-1\"\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\nsession_token = \"of-{account}\""
    )
}

/// The upstream's key of an account.
pub(super) fn credential(account: u32) -> String {
    format!("sk-ant-simulated-{account}")
}
