//! Where an account's upstream is and how it proves who asks: which keys of its table belong to its kind.

use toml::Spanned;

use super::Source;
use crate::{
    config::{
        AccountKind, ConfigError, Credential, Endpoint, Proof, endpoint::BETAS, shape::Account,
    },
    secret::Secret,
};

type Key = Option<Spanned<String>>;

/// An account's table.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) source: &'a Source<'a>,
    /// Where it begins.
    pub(super) at: usize,
    pub(super) account: &'a Account,
}

impl Told<'_> {
    /// The credential, what else the endpoint needs, and the base URL.
    pub(super) fn read(&self) -> Result<(Proof, Endpoint, String), ConfigError> {
        self.check_kind()?;
        let proof = self.proof()?;
        let given = self.account.base_url.as_ref().map(Spanned::get_ref);
        let base_url = given.map(String::as_str).or(self.account.kind.base_url());
        match self.account.kind {
            AccountKind::Bedrock => {
                let region = self.region(given)?;
                let betas = match &self.account.betas {
                    Some(betas) => betas.get_ref().clone(),
                    None => BETAS.map(str::to_owned).into(),
                };
                let url = format!("https://bedrock-runtime.{region}.amazonaws.com");
                let base_url = base_url.map_or(url, str::to_owned);
                Ok((proof, Endpoint::Bedrock { region, betas }, base_url))
            }
            AccountKind::AzureOpenAi => {
                let api_version = self.account.api_version.as_ref();
                let endpoint = Endpoint::Azure {
                    api_version: api_version.map(|version| self.word(version)).transpose()?,
                };
                let missing = || self.missing("base_url, the address of the resource");
                Ok((proof, endpoint, base_url.ok_or_else(missing)?.to_owned()))
            }
            _ => {
                let missing = || self.missing("base_url");
                let base_url = base_url.ok_or_else(missing)?.to_owned();
                Ok((proof, Endpoint::Plain, base_url))
            }
        }
    }

    fn missing(&self, what: &str) -> ConfigError {
        let kind = self.account.kind;
        self.source
            .error(self.at, format!("an account of {kind} needs {what}"))
    }

    /// Keys that mean something to another kind only are mistakes.
    fn check_kind(&self) -> Result<(), ConfigError> {
        let account = self.account;
        let at = |key: &Key| key.as_ref().map(|value| value.span().start);
        let keys = [
            (AccountKind::Bedrock, at(&account.access_key_id)),
            (AccountKind::Bedrock, at(&account.secret_access_key)),
            (AccountKind::Bedrock, at(&account.session_token)),
            (AccountKind::Bedrock, at(&account.region)),
            (
                AccountKind::Bedrock,
                account.betas.as_ref().map(|betas| betas.span().start),
            ),
            (AccountKind::AzureOpenAi, at(&account.api_version)),
        ];
        let strange = |(kind, at): (AccountKind, Option<usize>)| {
            let at = at?;
            (kind != account.kind).then_some((kind, at))
        };
        match keys.into_iter().find_map(strange) {
            Some((kind, at)) => Err(self
                .source
                .error(at, format!("only accounts of {kind} have this"))),
            None => Ok(()),
        }
    }

    fn proof(&self) -> Result<Proof, ConfigError> {
        let account = self.account;
        let keys = (&account.access_key_id, &account.secret_access_key);
        match (&account.api_key, keys) {
            (Some(api_key), (None, None)) => Ok(Proof::Key(self.credential(api_key)?)),
            (None, (Some(id), Some(secret))) => {
                let token = account.session_token.as_ref();
                Ok(Proof::AwsKeys {
                    access_key_id: self.credential(id)?,
                    secret_access_key: self.credential(secret)?,
                    session_token: token.map(|token| self.credential(token)).transpose()?,
                })
            }
            (Some(_), (Some(key), _) | (_, Some(key))) => Err(self
                .source
                .error(key.span().start, "an account has this or an api_key")),
            (None, (None, None)) if account.kind == AccountKind::Bedrock => {
                Err(self.missing("api_key, or access_key_id and secret_access_key"))
            }
            (None, (None, None)) => Err(self.missing("api_key")),
            (None, (None, Some(_))) => Err(self.missing("access_key_id")),
            (None, (Some(_), None)) => Err(self.missing("secret_access_key")),
        }
    }

    /// As it is said, else as AWS's own address has it.
    fn region(&self, base_url: Option<&String>) -> Result<String, ConfigError> {
        if let Some(region) = &self.account.region {
            return self.word(region);
        }
        let host = base_url.and_then(|url| url.strip_prefix("https://bedrock-runtime"));
        let region = host.and_then(|host| {
            let host = host.strip_prefix("-fips").unwrap_or(host);
            let (region, _) = host.strip_prefix('.')?.split_once(".amazonaws.com")?;
            Some(region.to_owned())
        });
        region.ok_or_else(|| self.missing("region"))
    }

    /// What becomes part of an address or a header.
    fn word(&self, text: &Spanned<String>) -> Result<String, ConfigError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        let word = text.get_ref();
        match !word.is_empty() && word.bytes().all(fits) {
            true => Ok(word.clone()),
            false => {
                let why = "must be letters, digits, `-` and `.`";
                Err(self.source.error(text.span().start, why))
            }
        }
    }

    fn credential(&self, text: &Spanned<String>) -> Result<Credential, ConfigError> {
        credential(text.get_ref()).map_err(|why| self.source.error(text.span().start, why))
    }
}

/// Whether it also serves callers of another dialect.
pub(super) fn translate(
    source: &Source<'_>,
    kind: AccountKind,
    translate: Option<&Spanned<bool>>,
) -> Result<bool, ConfigError> {
    match translate {
        Some(translate) if *translate.get_ref() && kind == AccountKind::Gemini => {
            let why = "what Gemini speaks is not translated";
            Err(source.error(translate.span().start, why))
        }
        translate => Ok(translate.is_some_and(|translate| *translate.get_ref())),
    }
}

/// Where a secret is, if it is told.
pub(super) fn secret(
    source: &Source<'_>,
    told: Option<&Spanned<String>>,
) -> Result<Option<Credential>, ConfigError> {
    let read = |told: &Spanned<String>| {
        credential(told.get_ref()).map_err(|why| source.error(told.span().start, why))
    };
    told.map(read).transpose()
}

pub(in crate::config) fn credential(text: &str) -> Result<Credential, &'static str> {
    match text.split_once(':') {
        Some(("env", name)) if !name.is_empty() => Ok(Credential::Env(name.to_owned())),
        Some(("file", path)) if !path.is_empty() => Ok(Credential::File(path.into())),
        _ if text.trim().is_empty() || text == "env:" || text == "file:" => {
            Err("must be env:NAME, file:PATH, or the text itself")
        }
        _ => Ok(Credential::Literal(Secret::new(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AccountConfig, Config};

    fn parse(lines: &str) -> Result<AccountConfig, ConfigError> {
        let text = format!("[accounts.main]\n{lines}\n[groups.default]\naccounts = [\"main\"]\n");
        Config::from_toml(&text).map(|mut config| config.accounts.remove(0))
    }

    const KEYS: &str = "access_key_id = \"env:ID\"\nsecret_access_key = \"file:/secret\"";

    #[test]
    fn bedrock_is_where_its_region_is() {
        let kind = "kind = \"bedrock\"\n";
        let account = parse(&format!("{kind}region = \"eu-west-1\"\n{KEYS}")).unwrap();
        assert_eq!(
            account.base_url,
            "https://bedrock-runtime.eu-west-1.amazonaws.com"
        );
        assert_eq!(
            format!("{:?}", account.proof),
            "AwsKeys { access_key_id: env:ID, secret_access_key: file:/secret, session_token: None }"
        );
        let url = "base_url = \"https://bedrock-runtime-fips.us-east-2.amazonaws.com\"\n";
        let account = parse(&format!("{kind}{url}api_key = \"x\"\nbetas = [\"*\"]")).unwrap();
        let (region, betas) = ("us-east-2".to_owned(), vec!["*".to_owned()]);
        assert_eq!(account.endpoint, Endpoint::Bedrock { region, betas });
        assert_eq!(format!("{:?}", account.proof), "Key((given))");
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_named_with_its_line() {
        for (lines, expected) in [
            (
                "kind = \"anthropic\"",
                "line 1: an account of Anthropic needs api_key",
            ),
            (
                "kind = \"bedrock\"\nregion = \"x\"",
                "line 1: an account of Bedrock needs api_key, or access_key_id and secret_access_key",
            ),
            (
                "kind = \"bedrock\"\nregion = \"x\"\naccess_key_id = \"i\"",
                "line 1: an account of Bedrock needs secret_access_key",
            ),
            (
                "kind = \"bedrock\"\napi_key = \"x\"",
                "line 1: an account of Bedrock needs region",
            ),
            (
                "kind = \"bedrock\"\napi_key = \"x\"\nregion = \"a/b\"",
                "line 4: region: must be letters, digits, `-` and `.`",
            ),
            (
                "kind = \"bedrock\"\nregion = \"x\"\napi_key = \"k\"\naccess_key_id = \"i\"",
                "line 5: access_key_id: an account has this or an api_key",
            ),
            (
                "kind = \"openai\"\napi_key = \"k\"\nregion = \"x\"",
                "line 4: region: only accounts of Bedrock have this",
            ),
            (
                "kind = \"openai\"\napi_key = \"k\"\napi_version = \"x\"",
                "line 4: api_version: only accounts of Azure OpenAI have this",
            ),
            (
                "kind = \"azure-openai\"\napi_key = \"k\"",
                "line 1: an account of Azure OpenAI needs base_url, the address of the resource",
            ),
        ] {
            let error = parse(lines).unwrap_err().to_string();
            assert_eq!(error, format!("weir.toml {expected}"));
        }
    }
}
