//! From the text of `weir.toml` to a checked configuration. Unknown keys and bad values are errors that name the line;
//! the text of the line is never shown, since it may hold a credential.

mod alone;
mod endpoint;
mod master_key;
mod redis;

use std::time::Duration;

use toml::Spanned;

use super::{
    AccountConfig, Config, ConfigError, GroupConfig, Operators, base_url, limits,
    names::{self, check_id, is_name},
    settings,
    shape::{Account, Body, File, Group},
};
pub(super) use alone::{account_of, group_of, key_of, settings_of, user_of};
pub(super) use endpoint::credential;
use endpoint::{Told, secret, translate};
use master_key::master_key;
use redis::redis_from;

/// A place in the file, for errors.
pub(super) struct Source<'a> {
    name: &'a str,
    text: &'a str,
}

impl Source<'_> {
    pub(super) fn error(&self, at: usize, why: impl Into<String>) -> ConfigError {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let why = why.into();
        let key = self
            .text
            .lines()
            .nth(line - 1)
            .and_then(|text| text.split_once('='));
        let why = match key {
            Some((key, _)) if is_name(key.trim()) && !why.contains(key.trim()) => {
                format!("{}: {why}", key.trim())
            }
            _ => why,
        };
        ConfigError::Line {
            file: self.name.to_owned(),
            line,
            why,
        }
    }
}

/// Reads a `weir.toml`; `name` is how errors call it.
pub(super) fn parse(name: &str, text: &str) -> Result<Config, ConfigError> {
    let source = Source { name, text };
    let file: File = toml::from_str(text).map_err(|error| {
        source.error(error.span().map_or(0, |span| span.start), error.message())
    })?;
    let ids = || file.accounts.keys().map(|id| id.get_ref().as_str());
    let groups = file
        .groups
        .iter()
        .map(|(id, group)| group_from(&source, id, group, ids().collect()))
        .collect::<Result<_, _>>()?;
    let prices = names::prices(&source, file.prices)?;
    let users = limits::users(&source, &file.users)?;
    let trusted_proxies = limits::networks(&source, &file.listen.trusted_proxies)?;
    let redis = redis_from(&source, file.redis)?;
    let metrics_token = secret(&source, file.listen.metrics_token.as_ref())?;
    let master_key = master_key(&source, file.secrets.master_key.as_ref())?;
    check_body(&source, &file.body)?;
    let body = file.body.into_inner();
    let accounts = file
        .accounts
        .into_iter()
        .map(|(id, account)| account_from(&source, &id, account))
        .collect::<Result<_, _>>()?;
    Ok(Config {
        callers: file.listen.callers,
        tls: file.listen.tls,
        operators: Operators {
            listen: file.listen.operators,
            hosts: file.listen.operators_hosts,
            tls: file.listen.operators_tls,
            without_tls: file.listen.operators_without_tls,
            sessions: file.sessions.into(),
        },
        metrics_token,
        connections: file.connections.into(),
        log: file.log,
        telemetry: file.telemetry.read(&source)?,
        alerts: file.alerts.read(&source)?,
        redis,
        module: file.module.path,
        data_dir: file.data_dir,
        master_key,
        lease: Duration::from_millis(file.admission.lease_ms),
        waits: file.waiting.into(),
        affinity_patience: Duration::from_millis(file.admission.affinity_patience_ms),
        failover: file.failover.into(),
        retention: file.retention.into(),
        spend: file.spend,
        max_body_bytes: to_usize(body.max_bytes),
        max_buffered_bytes: to_usize(body.max_buffered_bytes),
        drain_timeout: Duration::from_millis(file.drain_timeout_ms),
        accounts,
        groups,
        prices,
        users,
        declared: settings::declared(text),
        trusted_proxies,
    })
}

/// A body for which there can never be room would be told to come back for ever.
fn check_body(source: &Source<'_>, body: &Spanned<Body>) -> Result<(), ConfigError> {
    let at = body.span().start;
    let Body {
        max_bytes,
        max_buffered_bytes,
    } = *body.get_ref();
    if max_buffered_bytes < max_bytes {
        let why = format!(
            "max_buffered_bytes must be at least max_bytes: {max_buffered_bytes} < {max_bytes}"
        );
        return Err(source.error(at, why));
    }
    Ok(())
}

fn account_from(
    source: &Source<'_>,
    id: &Spanned<String>,
    account: Account,
) -> Result<AccountConfig, ConfigError> {
    check_id(source, id)?;
    if let Some(url) = &account.base_url {
        let allowed = base_url::Allowed {
            http: account.allow_http,
            private: account.allow_private,
        };
        base_url::check(url.get_ref(), allowed)
            .map_err(|why| source.error(url.span().start, why))?;
    }
    let told = Told {
        source,
        at: id.span().start,
        account: &account,
    };
    let (proof, endpoint, base_url) = told.read()?;
    let limits = (&account).into();
    Ok(AccountConfig {
        id: id.get_ref().clone(),
        kind: account.kind,
        base_url,
        allow_private: account.allow_private,
        proof,
        endpoint,
        max_concurrent: u32::try_from(account.max_concurrent).expect("bounded to 1,000,000"),
        priority: u32::try_from(account.priority).expect("bounded to 1,000"),
        models: names::models(source, account.kind, account.models)?,
        serial_turns: account.serial_turns,
        turn_delay: Duration::from_millis(account.turn_delay_ms),
        translate: translate(source, account.kind, account.translate.as_ref())?,
        responses: account.responses,
        ask_usage: account.ask_usage,
        limits,
        enabled: account.enabled,
        note: account.note,
        timeouts: account.timeouts.into(),
    })
}

fn group_from(
    source: &Source<'_>,
    id: &Spanned<String>,
    group: &Group,
    accounts: Vec<&str>,
) -> Result<GroupConfig, ConfigError> {
    check_id(source, id)?;
    if group.accounts.is_empty() {
        return Err(source.error(id.span().start, "a group needs at least one account"));
    }
    for (place, account) in group.accounts.iter().enumerate() {
        let name = account.get_ref();
        if !accounts.contains(&name.as_str()) {
            let why = format!("there is no account `{name}`");
            return Err(source.error(account.span().start, why));
        }
        if group.accounts[..place]
            .iter()
            .any(|earlier| earlier.get_ref() == name)
        {
            return Err(source.error(account.span().start, format!("`{name}` stands twice")));
        }
    }
    Ok(GroupConfig {
        id: id.get_ref().clone(),
        accounts: group
            .accounts
            .iter()
            .map(|account| account.get_ref().clone())
            .collect(),
        aliases: names::aliases(source, &group.aliases)?,
        limits: group.into(),
    })
}

fn to_usize(bounded: u64) -> usize {
    usize::try_from(bounded).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "[accounts.main]\nkind = \"anthropic\"\napi_key = \"sk-hidden\"\n";

    fn refusal(text: &str) -> String {
        parse("weir.toml", text)
            .expect_err("it is refused")
            .to_string()
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        let config = parse("weir.toml", "").unwrap();
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
    }

    #[test]
    fn every_key_is_read() {
        let config = parse(
            "weir.toml",
            r#"
            data_dir = "/srv/weir"
            drain_timeout_ms = 5000
            [listen]
            callers = "127.0.0.1:0"
            [redis]
            url = "unix:///run/redis.sock"
            [module]
            path = "/opt/libweir.so"
            [admission]
            lease_ms = 1000
            affinity_patience_ms = 5
            [failover]
            max_attempts = 2
            within_ms = 6
            [body]
            max_bytes = 2048
            max_buffered_bytes = 4096
            [accounts.main]
            kind = "anthropic"
            base_url = "http://127.0.0.1:9/x"
            api_key = "env:SOME_KEY"
            max_concurrent = 5
            priority = 7
            models = { "claude-*" = "x/claude-*", fast = "claude-haiku-4-5" }
            serial_turns = true
            turn_delay_ms = 200
            ask_usage = false
            translate = true
            [accounts.main.timeouts]
            connect_ms = 1
            first_byte_stream_ms = 2
            first_byte_ms = 3
            idle_ms = 4
            total_ms = 5
            [groups.default]
            accounts = ["main"]
            aliases = { best = "claude-opus-4-6" }
            "#,
        )
        .unwrap();
        let redis = format!("{:?}", config.redis);
        assert_eq!(redis, "Given(unix:///run/redis.sock)");
        assert_eq!(config.lease, Duration::from_secs(1));
        let account = &config.accounts[0];
        assert_eq!(format!("{:?}", account.proof), "Key(env:SOME_KEY)");
        assert_eq!((account.max_concurrent, account.serial_turns), (5, true));
        assert!(!account.ask_usage && account.translate);
        assert_eq!(account.timeouts.total, Duration::from_millis(5));
        assert_eq!((account.priority, account.models.len()), (7, 2));
        assert_eq!(config.affinity_patience, Duration::from_millis(5));
        assert_eq!(config.failover.max_attempts, 2);
        let group = &config.groups[0];
        assert_eq!(group.accounts, ["main"]);
        assert_eq!(group.aliases, [("best".into(), "claude-opus-4-6".into())]);
    }

    #[test]
    fn prices_and_retention_are_read() {
        let config = parse(
            "weir.toml",
            "[prices.\"my-*\"]\ninput = 0.5\noutput = \"2.25\"\n[retention]\nrecords = 7\nrecord_days = 1",
        );
        let config = config.unwrap();
        assert_eq!(config.prices[0].0, "my-*");
        let kept = config.retention;
        assert_eq!((kept.records, kept.record_age.as_secs()), (7, 86_400));
        assert_eq!(kept.hours, Config::default().retention.hours);
    }

    #[test]
    fn an_error_names_the_line_and_the_key() {
        for (text, expected) in [
            (
                "[admission]\nlease_ms = 0",
                "weir.toml line 2: lease_ms: must be 1000 to 3600000",
            ),
            (
                "[admission]\n\nlease = 5",
                "weir.toml line 3: unknown field `lease`, expected `lease_ms` or `affinity_patience_ms`",
            ),
            (
                "[listen]\ncallers = \"x\"",
                "weir.toml line 2: callers: invalid socket address syntax",
            ),
            (
                "[listen]\noperators = \"on\"",
                "weir.toml line 2: operators: must be an address and a port, like 127.0.0.1:8081, or \"off\"",
            ),
            (
                "[listen]\n[body]\nmax_bytes = 2048\nmax_buffered_bytes = 2047",
                "weir.toml line 2: max_buffered_bytes must be at least max_bytes: 2047 < 2048",
            ),
            (
                "[prices.\"a*b\"]\ninput = 1",
                "weir.toml line 1: a model is named by 1 to 200 visible characters, without quotes; a `*` may end it",
            ),
            (
                "[prices.a]\noutput = 1",
                "weir.toml line 1: missing field `input`",
            ),
            (
                "[prices.a]\ninput = 0.1234567",
                "weir.toml line 2: input: invalid value: string \"0.1234567\", expected a number from 0 to 1000000 with at most six places",
            ),
            (
                "[groups.a]\naccounts = []",
                "weir.toml line 1: a group needs at least one account",
            ),
            (
                "[groups.a]\naccounts = [\n  \"b\"]",
                "weir.toml line 3: there is no account `b`",
            ),
        ] {
            assert_eq!(refusal(text), expected);
        }
    }

    #[test]
    fn an_error_beside_a_credential_does_not_show_it() {
        for more in [
            "max_concurrent = -1",
            "serial_turns = 5",
            "nonsense = 1",
            "kind = \"x\"",
        ] {
            let text = refusal(&format!("{ACCOUNT}{more}\n"));
            assert!(!text.contains("sk-hidden"), "{text}");
        }
        for line in ["api_key = sk-hidden", "api_key: sk-hidden==", "sk+hidden=="] {
            let text = refusal(&format!("[accounts.main]\n{line}\n"));
            assert!(!text.contains("hidden"), "{text}");
        }
    }

    #[test]
    fn a_credential_does_not_leave_in_clear_text_unless_told() {
        let account = |more: &str| format!("{ACCOUNT}{more}");
        let clear = "base_url = \"http://example.com\"\n";
        assert!(refusal(&account(clear)).starts_with("weir.toml line 4: base_url: http://"));
        for fine in [
            format!("{clear}allow_http = true"),
            "base_url = \"http://[::1]:80\"".into(),
            "base_url = \"https://example.com/v\"".into(),
        ] {
            parse("weir.toml", &account(&fine)).unwrap();
        }
        let private = "base_url = \"https://10.0.0.1\"\n";
        let why = refusal(&account(private));
        assert_eq!(
            why,
            "weir.toml line 4: base_url: is at a private address: that needs allow_private = true"
        );
        parse(
            "weir.toml",
            &account(&format!("{private}allow_private = true")),
        )
        .unwrap();
    }
}
