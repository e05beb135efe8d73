//! How commands reach Redis, whether a relay runs or not.

use std::time::Duration;

use anyhow::Context as _;

use crate::{
    config::{Config, RedisAt, Servers},
    embedded::{self, Embedded, EmbeddedError},
    store::Store,
};

const PATIENCE: Duration = Duration::from_secs(5);

/// Does something with Redis; one that was started for it is stopped again.
pub(super) async fn with_store(
    config: &Config,
    act: impl AsyncFnOnce(&Store) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (embedded, servers) = open(config).await?;
    let done = match Store::connect(&servers, PATIENCE, None).await {
        Ok((store, _supervisors)) => act(&store).await,
        Err(error) => Err(error.into()),
    };
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    done
}

/// The same with a Redis that runs already: the one that is configured, or that of a relay.
pub(super) async fn with_running_store(
    config: &Config,
    act: impl AsyncFnOnce(&Store) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let servers = match &config.redis {
        RedisAt::Given(servers) => servers.clone(),
        RedisAt::Own { .. } => embedded::servers(embedded::socket(&config.data_dir)?),
    };
    let connected = Store::connect(&servers, PATIENCE, None).await;
    let (store, _supervisors) = connected
        .with_context(|| format!("no Redis answers at {servers}: does a relay run here?"))?;
    act(&store).await
}

/// The Redis that is configured, the one of a relay that runs, or one of our own for this moment.
async fn open(config: &Config) -> anyhow::Result<(Option<Embedded>, Servers)> {
    let server = match &config.redis {
        RedisAt::Given(servers) => return Ok((None, servers.clone())),
        RedisAt::Own { server, .. } => server,
    };
    match Embedded::start(server, config.module.as_deref(), &config.data_dir).await {
        Ok(embedded) => {
            let servers = embedded.servers();
            Ok((Some(embedded), servers))
        }
        Err(EmbeddedError::InUse { .. }) => {
            let socket = embedded::socket(&config.data_dir)?;
            Ok((None, embedded::servers(socket)))
        }
        Err(error) => Err(error.into()),
    }
}
