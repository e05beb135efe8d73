//! `weir key create|list|show|edit|rotate|enable|disable|delete`.

mod rules;

use std::time::{Duration, UNIX_EPOCH};

use clap::Subcommand;
use serde_json::{Value, json};

use rules::Rules;

use super::{
    desk::{Place, Told, at_desk},
    fields::Given,
};
use crate::{
    admin::{
        Desk, Fields,
        keys::{Access, Shown},
    },
    key::{CreatedKey, NewKey},
};

/// The fields of a key that are none of its rules.
const OWN_FIELDS: [&str; 7] = [
    "name",
    "group",
    "fallback_group",
    "user",
    "max_concurrent",
    "waits",
    "tags",
];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key; its text is shown now and never again.
    Create(New),
    /// Show all keys.
    List,
    /// Show a key, and what it has spent.
    Show { id: String },
    /// Change fields of a key, on every relay at once; one without a value takes its default.
    Edit {
        /// As `list` shows it: key_...
        id: String,
        /// name=, group=, fallback_group=, user=, max_concurrent=, waits=, tags=, and what limits it: models=["claude-*"],
        /// routes=["messages"], ips=["10.0.0.0/8"], requests_per_minute=60, tokens_per_minute=, spend_per_day=12.5,
        /// spend_per_month=, spend_total=, expires_ms=
        #[arg(required = true, value_name = "KEY=VALUE")]
        fields: Vec<String>,
        /// Only if this is still its version.
        #[arg(long)]
        version: Option<u64>,
    },
    /// Give a key a new text, which is shown now and never again.
    Rotate {
        id: String,
        /// For so many seconds the text that it had is good too; else it is refused at once.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=2_592_000))]
        overlap_s: u64,
    },
    /// Let a key in again.
    Enable { id: String },
    /// Refuse a key from now on, on every relay.
    Disable { id: String },
    /// Delete a key; what it has used stays in the counters.
    Delete {
        id: String,
        /// Only if this is still its version.
        #[arg(long)]
        version: Option<u64>,
    },
}

#[derive(Debug, clap::Args)]
struct New {
    /// For people.
    #[arg(long)]
    name: String,
    /// Whose accounts it may use.
    #[arg(long, default_value = "default")]
    group: String,
    /// Whose accounts serve what none of the group can.
    #[arg(long)]
    fallback_group: Option<String>,
    /// How many requests at once; 0 = no limit.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    max_concurrent: u32,
    /// Answer its requests at once, also when they would only have to wait in line.
    #[arg(long)]
    no_queue: bool,
    /// A word by which to find it again; may be given several times.
    #[arg(long = "tag", value_parser = crate::config::word)]
    tags: Vec<String>,
    #[command(flatten)]
    rules: Rules,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let action = args.action;
    at_desk(&args.place, async |desk| act(desk, action).await).await
}

async fn act(desk: Desk<'_>, action: Action) -> anyhow::Result<Told> {
    match action {
        Action::Create(new) => create(desk, new.into()).await,
        Action::List => {
            let keys = desk.keys().await?;
            let shown = desk.show_keys(&keys, &desk.config.spend.time_zone).await?;
            Ok(Told {
                text: shown.iter().map(line).collect(),
                json: json!(shown),
            })
        }
        Action::Show { id } => {
            let key = desk.key(&id, &desk.config.spend.time_zone).await?;
            Ok(Told {
                text: line(&key),
                json: json!(key),
            })
        }
        Action::Edit {
            id,
            fields,
            version,
        } => {
            let fields = sorted(Given::read(&fields)?.fields);
            let version = desk.edit_key(&id, version, &fields).await?;
            Ok(Told::done(&id, Some(version), "is changed"))
        }
        Action::Rotate { id, overlap_s } => {
            let overlap = Duration::from_secs(overlap_s);
            let rotated = desk.rotate_key(&id, None, overlap).await?;
            let told = json!({ "id": rotated.id, "key": rotated.secret.reveal() });
            Ok(once(told, &rotated))
        }
        Action::Enable { id } => {
            let version = desk.let_key(&id, Access::Enabled).await?;
            Ok(told_access(&id, version, Access::Enabled))
        }
        Action::Disable { id } => {
            let version = desk.let_key(&id, Access::Disabled).await?;
            Ok(told_access(&id, version, Access::Disabled))
        }
        Action::Delete { id, version } => {
            desk.delete_key(&id, version).await?;
            Ok(Told::done(&id, None, "is deleted"))
        }
    }
}

async fn create(desk: Desk<'_>, new: NewKey) -> anyhow::Result<Told> {
    let created = desk.make_key(new).await?;
    let key = desk.key(&created.id, &desk.config.spend.time_zone).await?;
    let mut told = json!(key);
    told["key"] = created.secret.reveal().into();
    Ok(once(told, &created))
}

fn once(json: Value, key: &CreatedKey) -> Told {
    let (id, secret) = (&key.id, key.secret.reveal());
    Told {
        json,
        text: format!("{id}\n{secret}\nThe second line is the key itself. It is shown only now.\n"),
    }
}

fn told_access(id: &str, version: u64, access: Access) -> Told {
    let (enabled, what) = match access {
        Access::Enabled => (true, "enabled"),
        Access::Disabled => (false, "disabled"),
    };
    Told {
        json: json!({ "id": id, "version": version, "enabled": enabled }),
        text: format!("{id} is {what}\n"),
    }
}

/// What limits a key stands in a table of its own.
fn sorted(fields: Fields) -> Fields {
    let is_own = |(field, _): &(String, Value)| OWN_FIELDS.contains(&field.as_str());
    let (mut own, rules): (Fields, Fields) = fields.into_iter().partition(is_own);
    if !rules.is_empty() {
        own.insert("rules".into(), rules.into());
    }
    own
}

fn line(key: &Shown) -> String {
    let state = if key.enabled { "enabled" } else { "disabled" };
    let limit = match key.max_concurrent {
        0 => "no limit".to_owned(),
        limit => format!("at most {limit}"),
    };
    let made = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(key.created_ms));
    let user = key.user.iter().map(|user| ("user", json!(user)));
    let rules = key.rules.iter();
    let rules = rules.map(|(rule, value)| (rule.as_str(), value.clone()));
    let rules: String = user
        .chain(rules)
        .map(|(rule, value)| format!("  {rule}={}", shortly(&value)))
        .collect();
    format!(
        "{}  {state:8}  {limit:12}  {made}  {}  {}{rules}\n",
        key.id, key.group, key.name
    )
}

fn shortly(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            words.join(",")
        }
        other => other.to_string(),
    }
}

impl From<New> for NewKey {
    fn from(new: New) -> Self {
        Self {
            name: new.name,
            group: new.group,
            fallback_group: new.fallback_group,
            max_concurrent: new.max_concurrent,
            waits: !new.no_queue,
            tags: new.tags,
            rules: new.rules.into(),
        }
    }
}
