//! `weir alerts`.

use std::path::PathBuf;

use anyhow::Context as _;

use super::load;
use crate::{
    alerts::{Event, Post},
    time::UnixMillis,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Send a test to the webhook, signed as alerts are.
    Test {
        /// The configuration.
        #[arg(long, env = "WEIR_CONFIG", default_value = "weir.toml")]
        config: PathBuf,
    },
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let Command::Test { config } = args.command;
    let alerts = load(&config)?.alerts;
    let webhook = alerts.webhook.context("there is no webhook in [alerts]")?;
    let post = Post::new(&webhook)?;
    let sent = post.send(&Event::Test, UnixMillis::now()).await;
    sent.context("the webhook does not take it")?;
    println!("the webhook has taken a test");
    Ok(())
}
