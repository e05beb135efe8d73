//! `weir settings list|set`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    desk::{Place, Told, at_desk},
    fields::Given,
};
use crate::admin::{Desk, Fields, settings::Shown};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show all settings, and which of them weir.toml names.
    List,
    /// Change settings on all relays at once; one without a value takes its default.
    Set {
        /// waiting.grace_ms=4000, spend.time_zone=Europe/Berlin, 'prices."my-model"={ input = 1, output = 2 }'
        #[arg(required = true, value_name = "NAME=VALUE")]
        values: Vec<String>,
        /// Only if this is still their version.
        #[arg(long)]
        version: Option<u64>,
    },
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let action = args.action;
    at_desk(&args.place, async |desk| act(desk, action).await).await
}

async fn act(desk: Desk<'_>, action: Action) -> anyhow::Result<Told> {
    match action {
        Action::List => {
            let shown = desk.settings().await?;
            Ok(Told {
                text: lines(&shown),
                json: json!(shown),
            })
        }
        Action::Set { values, version } => {
            let values = named(Given::read(&values)?.fields);
            let version = desk.edit_settings(version, &values).await?;
            Ok(Told::done("settings", Some(version), "are changed"))
        }
    }
}

/// What stands in tables, by the names of both.
fn named(fields: Fields) -> Fields {
    let mut named = Fields::new();
    for (section, value) in fields {
        match value {
            Value::Object(table) => named.extend(
                table
                    .into_iter()
                    .map(|(field, value)| (format!("{section}.{field}"), value)),
            ),
            value => drop(named.insert(section, value)),
        }
    }
    named
}

fn lines(shown: &Shown) -> String {
    let line = |(name, value): (&String, &Value)| {
        let origin = match shown.declared.contains(name) {
            true => "weir.toml",
            false if shown.defaults.get(name) == Some(value) => "default",
            false => "set",
        };
        format!("{name}  {value}  {origin}\n")
    };
    shown.values.iter().map(line).collect()
}
