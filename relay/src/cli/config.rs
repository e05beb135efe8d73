//! `weir config`: whether a start with this `weir.toml` would come as far as Redis, and what it says in the end.

mod effective;

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use super::load;
use crate::{
    config::{Certified, Config},
    declared,
    roster::Roster,
    tls::Identity,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration.
    #[arg(long, env = "WEIR_CONFIG", default_value = "weir.toml", global = true)]
    config: PathBuf,
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Read it as a start would, with the credentials and certificates that it names. Asks nobody.
    Check,
    /// Print what is in force with it, defaults and environment included, without secrets.
    Show,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    match args.act {
        Act::Check => check(&args).await,
        Act::Show => show(&args),
    }
}

async fn check(args: &Args) -> anyhow::Result<()> {
    let config = load(&args.config)?;
    whole(&config).await?;
    let (accounts, groups) = (config.accounts.len(), config.groups.len());
    let (users, declares) = (config.users.len(), declared::digest(&config));
    let path = args.config.display();
    match args.json {
        true => println!(
            "{}",
            json!({ "accounts": accounts, "groups": groups, "users": users, "declares": declares })
        ),
        false => println!(
            "{path} is good: accounts: {accounts}, groups: {groups}, users: {users}; declares {declares}"
        ),
    }
    Ok(())
}

/// What else a start reads before it asks anybody.
pub(super) async fn whole(config: &Config) -> anyhow::Result<()> {
    config.check()?;
    Roster::new(config)?;
    let identities = [
        ("listen.tls", &config.tls),
        ("listen.operators_tls", &config.operators.tls),
    ];
    for (named, files) in identities {
        certificate(files.as_ref()).await.context(named)?;
    }
    Ok(())
}

async fn certificate(files: Option<&Certified>) -> anyhow::Result<()> {
    match files {
        Some(files) => Ok(Identity::read(files).await.map(drop)?),
        None => Ok(()),
    }
}

fn show(args: &Args) -> anyhow::Result<()> {
    let config = load(&args.config)?;
    let text = std::fs::read_to_string(&args.config)?;
    let shown = effective::shown(&text, &config)?;
    match args.json {
        true => println!("{}", serde_json::to_string(&shown)?),
        false => print!("{}", toml::to_string(&shown)?),
    }
    Ok(())
}
