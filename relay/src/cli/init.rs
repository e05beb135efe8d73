//! `weir init`.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    path::PathBuf,
};

use anyhow::Context as _;

pub(super) const TEMPLATE: &str = include_str!("weir.toml");

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to write it.
    #[arg(default_value = "weir.toml")]
    path: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let path = args.path.display();
    let mut file = match OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.path)
    {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            anyhow::bail!("{path} is there already and stays as it is")
        }
        opened => opened.with_context(|| format!("cannot write {path}"))?,
    };
    file.write_all(TEMPLATE.as_bytes())
        .with_context(|| format!("cannot write {path}"))?;
    println!(
        "{path} is written. Set ANTHROPIC_API_KEY, then: weir key create --name me; weir serve"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// Every key is in the file, each with its default: commented ones are those that have none.
    #[test]
    fn the_written_file_is_the_defaults_and_one_account() {
        let mut config = Config::from_toml(TEMPLATE).unwrap();
        let account = config.accounts.pop().expect("an account");
        assert_eq!(account.base_url, "https://api.anthropic.com");
        assert_eq!(account.timeouts, crate::config::Timeouts::default());
        assert_eq!(config.groups.pop().expect("a group").accounts, [account.id]);
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
    }

    #[test]
    fn the_other_ways_to_a_redis_are_valid_too() {
        let commented = |keys: &[&str]| {
            let shown = |text: String, key: &&str| {
                let shown = text.replace(&format!("\n# {key} = "), &format!("\n{key} = "));
                assert_ne!(shown, text, "{key}");
                shown
            };
            keys.iter().fold(TEMPLATE.to_owned(), shown)
        };
        let sentinel = [
            "sentinels",
            "master",
            "sentinel_username",
            "sentinel_password",
        ];
        let cluster = ["cluster", "tls", "ca"];
        for keys in [&sentinel[..], &cluster] {
            Config::from_toml(&commented(keys)).unwrap();
        }
    }

    #[test]
    fn what_only_accounts_of_some_kinds_have_is_valid_for_them() {
        let of = |kind: &str, keys: &[&str]| {
            let text = TEMPLATE.replace("\nkind = \"anthropic\"", &format!("\nkind = \"{kind}\""));
            let shown = |text: String, key: &&str| {
                let shown = text.replace(&format!("\n# {key} = "), &format!("\n{key} = "));
                assert_ne!(shown, text, "{key}");
                shown
            };
            keys.iter().fold(text, shown)
        };
        let keys = ["access_key_id", "secret_access_key", "session_token"];
        let bedrock = of("bedrock", &[&keys[..], &["region", "betas"]].concat());
        let bedrock = bedrock.replace("\napi_key = ", "\n# api_key = ");
        Config::from_toml(&bedrock).unwrap();
        Config::from_toml(&of("azure-openai", &["api_version"])).unwrap();
    }

    #[test]
    fn what_is_commented_out_is_valid_too() {
        let all = TEMPLATE.replace("\n#= ", "\n");
        assert!(all.lines().count() == TEMPLATE.lines().count() && all != TEMPLATE);
        let declared = Config::from_toml(&all).unwrap().declared;
        let settings = declared
            .iter()
            .filter(|(name, _)| !name.starts_with("prices."));
        let settings: crate::config::Values = settings
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        assert_eq!(settings, crate::config::defaults());
        assert!(Config::from_toml(TEMPLATE).unwrap().declared.is_empty());
    }
}
