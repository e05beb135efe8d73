//! What the commands of operators share: where the configuration is, how the answer is printed, the way to Redis.

use std::{fs, os::unix::fs::MetadataExt as _, path::PathBuf, sync::Arc};

use serde_json::{Value, json};

use super::{
    load,
    reach::{with_running_store, with_store},
};
use crate::{
    admin::{Desk, audit::Who},
    config::Config,
    seal::Master,
    store::Store,
};

#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The configuration.
    #[arg(long, env = "WEIR_CONFIG", default_value = "weir.toml", global = true)]
    config: PathBuf,
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
}

impl Place {
    pub(super) fn is_json(&self) -> bool {
        self.json
    }
}

/// An answer in both forms.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) json: Value,
    pub(super) text: String,
}

impl Told {
    /// What was done to a thing, and the version that it has since.
    pub(super) fn done(id: &str, version: Option<u64>, what: &str) -> Self {
        Self {
            json: json!({ "id": id, "version": version }),
            text: format!("{id} {what}\n"),
        }
    }
}

/// Where a thing is written: what `weir.toml` declares has no version.
pub(super) fn origin(version: Option<u64>) -> String {
    match version {
        None => "weir.toml".to_owned(),
        Some(version) => format!("version {version}"),
    }
}

/// Does it straight at Redis, whether a relay runs or not, and prints what is told.
pub(super) async fn at_desk(
    place: &Place,
    act: impl AsyncFnOnce(Desk<'_>) -> anyhow::Result<Told>,
) -> anyhow::Result<()> {
    let config = Arc::new(load(&place.config)?);
    let master = Master::of(&config);
    with_store(&config, async |store| {
        let Told { json, text } = act(desk(store, &config, &master)).await?;
        match place.json {
            true => println!("{json}"),
            false => print!("{text}"),
        }
        Ok(())
    })
    .await
}

/// Watches and acts while relays run.
pub(super) async fn at_running_desk(
    place: &Place,
    act: impl AsyncFnOnce(Desk<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let config = Arc::new(load(&place.config)?);
    let master = Master::of(&config);
    with_running_store(&config, async |store| {
        act(desk(store, &config, &master)).await
    })
    .await
}

fn desk<'a>(store: &'a Store, config: &Arc<Config>, master: &'a Master) -> Desk<'a> {
    Desk {
        store,
        config: Arc::clone(config),
        master,
        who: who(),
    }
}

/// As the log of what operators did calls who runs this: by the name of their account on this machine.
fn who() -> Who {
    let id = fs::metadata("/proc/self").map_or(0, |of| of.uid());
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, uid) = (fields.next()?, fields.nth(1)?);
        (uid.parse() == Ok(id)).then_some(name)
    });
    Who {
        name: name.map_or_else(|| format!("cli:{id}"), |name| format!("cli:{name}")),
        role: "admin",
        from: String::new(),
    }
}
