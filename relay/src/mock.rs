//! A simulated upstream: it answers as a provider would, at a pace and with faults of one's choosing,
//! and counts how much it saw at once. `server` listens, `route` tells requests apart, `generation` is
//! the life of one answer. A further dialect is a file beside `anthropic` and a row in `dialect` and in `route`.

mod answer;
mod anthropic;
mod azure;
mod bedrock;
mod behaviour;
mod dialect;
mod gemini;
mod generation;
mod ledger;
mod openai;
mod pause;
mod playback;
mod route;
mod script;
mod server;

pub use behaviour::Behaviour;
pub use ledger::{Event, Happened, KeyStats, LastRequest, Stats, key_digest};
pub use server::MockProvider;

use std::net::SocketAddr;

use tokio::signal::unix::{SignalKind, signal};

/// What `weir mock-provider` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub options: Options,
}

/// How a simulated upstream behaves from its start.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Options {
    /// Count it as a violation when one key has more generations than this at once.
    #[arg(long)]
    pub limit: Option<u64>,
    #[command(flatten)]
    pub behaviour: Behaviour,
}

/// Serves until SIGINT or SIGTERM.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let provider = MockProvider::bind(args.listen, args.options)?;
    tracing::info!(mock.url = provider.url(), "the simulated upstream listens");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    provider.shutdown().await;
    Ok(())
}
