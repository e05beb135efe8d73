//! `weir key create|list|disable`: straight at Redis, whether a relay runs or not.

mod rules;

use std::{
    path::PathBuf,
    time::{Duration, UNIX_EPOCH},
};

use clap::Subcommand;
use serde_json::{Value, json};

use rules::Rules;

use super::{load, reach::with_store};
use crate::{
    config::Config,
    key::{self, KeyRules, NewKey},
    store::{Store, StoredKey},
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
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key; its text is shown now and never again.
    Create {
        /// For people.
        #[arg(long)]
        name: String,
        /// Whose accounts it may use.
        #[arg(long, default_value = "default")]
        group: String,
        /// How many requests at once; 0 = no limit.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
        max_concurrent: u32,
        /// Answer its requests at once, also when they would only have to wait in line.
        #[arg(long)]
        no_queue: bool,
        #[command(flatten)]
        rules: Rules,
    },
    /// Show all keys.
    List,
    /// Refuse a key from now on, on every relay.
    Disable {
        /// As `list` shows it: key_...
        id: String,
    },
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let config = load(&args.config)?;
    if let Action::Create { rules, .. } = &args.action {
        rules.check(&config)?;
    }
    with_store(&config, async |store| act(&config, store, args).await).await
}

async fn check_group(config: &Config, store: &Store, group: &str) -> anyhow::Result<()> {
    let declared = config.groups.iter().map(|group| group.id.clone());
    let stored = store.roster().await?.groups.into_iter();
    let known: Vec<String> = declared.chain(stored.map(|group| group.id)).collect();
    match known.iter().any(|known| known == group) {
        true => Ok(()),
        false => anyhow::bail!(
            "there is no group `{group}`; there are: {}",
            known.join(", ")
        ),
    }
}

async fn act(config: &Config, store: &Store, args: Args) -> anyhow::Result<()> {
    let (json, text) = match args.action {
        Action::Create {
            name,
            group,
            max_concurrent,
            no_queue,
            rules,
        } => {
            check_group(config, store, &group).await?;
            create(
                store,
                NewKey {
                    name,
                    group,
                    max_concurrent,
                    waits: !no_queue,
                    rules: rules.into(),
                },
            )
            .await?
        }
        Action::List => list(store).await?,
        Action::Disable { id } => disable(store, &id).await?,
    };
    match args.json {
        true => println!("{json}"),
        false => print!("{text}"),
    }
    Ok(())
}

async fn create(store: &Store, new: NewKey) -> anyhow::Result<(Value, String)> {
    let created = key::create(store, new.clone()).await?;
    let secret = created.secret.reveal();
    let json = json!({
        "id": created.id,
        "key": secret,
        "name": new.name,
        "group": new.group,
        "max_concurrent": new.max_concurrent,
        "waits": new.waits,
        "rules": told(&new.rules),
    });
    let text = format!(
        "{}\n{secret}\nThe second line is the key itself. It is shown only now.\n",
        created.id
    );
    Ok((json, text))
}

async fn list(store: &Store) -> anyhow::Result<(Value, String)> {
    let mut keys = store.all_keys().await?;
    keys.sort_by_key(|key| key.created_ms);
    let json = keys.iter().map(|key| {
        json!({
            "id": key.id,
            "name": key.name,
            "group": key.group,
            "max_concurrent": key.max_concurrent,
            "waits": key.waits,
            "enabled": key.enabled,
            "created_ms": key.created_ms,
            "rules": told(&key.rules),
        })
    });
    Ok((json.collect(), keys.iter().map(line).collect()))
}

fn line(key: &StoredKey) -> String {
    let state = if key.enabled { "enabled" } else { "disabled" };
    let limit = match key.max_concurrent {
        0 => "no limit".to_owned(),
        limit => format!("at most {limit}"),
    };
    let made = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(key.created_ms));
    let rules = key.rules.written().into_iter();
    let rules: String = rules
        .map(|(rule, value)| format!("  {rule}={value}"))
        .collect();
    format!(
        "{}  {state:8}  {limit:12}  {made}  {}  {}{rules}\n",
        key.id, key.group, key.name
    )
}

/// What a key is limited to, by the names under which it is kept.
fn told(rules: &KeyRules) -> Value {
    let rules = rules.written().into_iter();
    rules
        .map(|(rule, value)| (rule.to_owned(), json!(value)))
        .collect()
}

async fn disable(store: &Store, id: &str) -> anyhow::Result<(Value, String)> {
    if !store.disable_key(id).await? {
        anyhow::bail!("there is no key `{id}`");
    }
    Ok((
        json!({ "id": id, "enabled": false }),
        format!("{id} is disabled\n"),
    ))
}
