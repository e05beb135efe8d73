//! `[alerts]` in `weir.toml`: who is told of what operators should know, and from when on.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::{
    ConfigError, Credential, base_url,
    file::Source,
    file::credential,
    shape::{DAY_MS, bounded},
};
use crate::time::millis;

#[derive(Debug, Clone)]
pub struct Alerts {
    /// None: nobody is told.
    pub webhook: Option<Webhook>,
    /// How long an account may be out of service before that is told.
    pub account_down: Duration,
    /// How long somebody may wait; zero = as long as it takes.
    pub waiting: Duration,
    /// How many may; 0 = any number.
    pub waiting_line: u64,
}

#[derive(Debug, Clone)]
pub struct Webhook {
    pub url: String,
    /// By which it knows who posts.
    pub secret: Option<Credential>,
    /// Whether it may be in a private network.
    pub allow_private: bool,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            webhook: None,
            account_down: Duration::from_secs(60),
            waiting: Duration::from_secs(60),
            waiting_line: 0,
        }
    }
}

/// The same in the file.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Table {
    webhook: Option<Spanned<String>>,
    secret: Option<Spanned<String>>,
    allow_http: bool,
    allow_private: bool,
    #[serde(deserialize_with = "bounded::<_, 0, DAY_MS>")]
    account_down_ms: u64,
    #[serde(deserialize_with = "bounded::<_, 0, DAY_MS>")]
    waiting_ms: u64,
    #[serde(deserialize_with = "bounded::<_, 0, 1_000_000>")]
    waiting_line: u64,
}

impl Default for Table {
    fn default() -> Self {
        let alerts = Alerts::default();
        Self {
            webhook: None,
            secret: None,
            allow_http: false,
            allow_private: false,
            account_down_ms: millis(alerts.account_down),
            waiting_ms: millis(alerts.waiting),
            waiting_line: alerts.waiting_line,
        }
    }
}

impl Table {
    pub(super) fn read(self, source: &Source<'_>) -> Result<Alerts, ConfigError> {
        let allowed = base_url::Allowed {
            http: self.allow_http,
            private: self.allow_private,
        };
        let secret = self.secret.map(|told| {
            credential(told.get_ref()).map_err(|why| source.error(told.span().start, why))
        });
        let secret = secret.transpose()?;
        let webhook = self.webhook.map(|told| {
            let fits = base_url::check(told.get_ref(), allowed);
            fits.map_err(|why| source.error(told.span().start, why))?;
            Ok(Webhook {
                url: told.into_inner(),
                secret,
                allow_private: self.allow_private,
            })
        });
        Ok(Alerts {
            webhook: webhook.transpose()?,
            account_down: Duration::from_millis(self.account_down_ms),
            waiting: Duration::from_millis(self.waiting_ms),
            waiting_line: self.waiting_line,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn a_webhook_is_told_in_clear_text_or_inside_only_where_that_was_said() {
        let told = |lines: &str| {
            let config = Config::from_toml(&format!("[alerts]\n{lines}"));
            config.map(|it| it.alerts).map_err(|it| it.to_string())
        };
        assert!(told("").unwrap().webhook.is_none());
        for (wrong, why) in [
            ("webhook = \"http://example.com/x\"", "webhook: http://"),
            (
                "webhook = \"https://10.0.0.1/x\"",
                "is at a private address",
            ),
            ("webhook = \"here\"", "webhook: "),
            ("waiting_ms = -1", "waiting_ms: must be 0 to"),
        ] {
            let error = told(wrong).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        let fine = "webhook = \"http://10.0.0.1/x\"\nallow_http = true\nallow_private = true\nsecret = \"env:S\"";
        let read = told(fine).unwrap().webhook.unwrap();
        assert_eq!(format!("{:?}", read.secret), "Some(env:S)");
    }
}
