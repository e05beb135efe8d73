//! `weir serve`.

use std::path::PathBuf;

use sd_notify::NotifyState;

use super::{Signals, load};
use crate::{config::Log, server::Relay};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The configuration.
    #[arg(long, env = "WEIR_CONFIG", default_value = "weir.toml")]
    config: PathBuf,
}

impl Args {
    /// None where its configuration cannot be read.
    pub(super) fn log(&self) -> Option<Log> {
        load(&self.config).ok().map(|config| config.log)
    }
}

/// Serves until SIGINT or SIGTERM, which end the start too; a second one breaks off what still runs.
pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let relay = tokio::select! {
        started = Relay::start(load(&args.config)?) => started?,
        () = signals.next() => return Ok(()),
    };
    if !relay.has_keys() {
        tracing::warn!("there is no key yet, so nobody is served: make one with `weir key create`");
    }
    invite(&relay).await?;
    tell_systemd(NotifyState::Ready);
    while signals.goes_on().await {
        tell_systemd(NotifyState::Reloading);
        let reloaded = match load(&args.config) {
            Ok(config) => relay.reload(config).await,
            Err(error) => Err(error),
        };
        if let Err(error) = reloaded {
            tracing::error!("the configuration stays as it is: {error:#}");
        }
        tell_systemd(NotifyState::Ready);
    }
    tell_systemd(NotifyState::Stopping);
    tokio::select! {
        () = relay.shutdown() => Ok(()),
        () = signals.next() => anyhow::bail!("told twice to stop: what still ran was broken off"),
    }
}

/// Tells whoever looks at the terminal where operators are served, and how the first one is made.
pub(super) async fn invite(relay: &Relay) -> anyhow::Result<()> {
    let Some(url) = relay.operators_url() else {
        return Ok(());
    };
    match relay.setup_token().await? {
        Some(token) => println!(
            "There is no operator yet. Make the first one here, once, within a day:\n  {url}/setup#{}",
            token.reveal()
        ),
        None => println!("Operators sign in here:\n  {url}"),
    }
    Ok(())
}

/// Where it waits to be told (`Type=notify`).
fn tell_systemd(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd was not told how the relay fares");
    }
}
