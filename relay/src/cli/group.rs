//! `weir group create|list|show|edit|delete`.

use clap::Subcommand;
use serde_json::json;

use super::{
    desk::{Place, Told, at_desk, origin},
    fields::Given,
};
use crate::admin::{Desk, Fields, groups::Shown};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a group, known to every relay at once.
    Create {
        id: String,
        /// Its accounts: main,second.
        #[arg(long, required = true, value_delimiter = ',')]
        accounts: Vec<String>,
        /// Other fields as in weir.toml.
        #[arg(value_name = "KEY=VALUE")]
        fields: Vec<String>,
    },
    /// Show all groups.
    List,
    /// Show a group.
    Show { id: String },
    /// Change a group; a field without a value takes its default.
    Edit {
        id: String,
        /// All its accounts from now on: main,second.
        #[arg(long, value_delimiter = ',')]
        accounts: Vec<String>,
        #[arg(value_name = "KEY=VALUE")]
        fields: Vec<String>,
        /// Only if this is still its version.
        #[arg(long)]
        version: Option<u64>,
    },
    /// Delete a group that no enabled key is of.
    Delete {
        id: String,
        /// Only if this is still its version.
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
        Action::Create {
            id,
            accounts,
            fields,
        } => {
            let fields = with_accounts(&fields, accounts)?;
            let version = desk.create_group(&id, &fields).await?;
            Ok(Told::done(&id, Some(version), "is made"))
        }
        Action::List => {
            let groups = desk.groups().await?;
            Ok(Told {
                text: groups.iter().map(line).collect(),
                json: json!(groups),
            })
        }
        Action::Show { id } => {
            let group = desk.group(&id).await?;
            Ok(Told {
                text: format!("{}{}", line(&group), toml::to_string(&group.fields)?),
                json: json!(group),
            })
        }
        Action::Edit {
            id,
            accounts,
            fields,
            version,
        } => {
            let fields = with_accounts(&fields, accounts)?;
            let version = desk.edit_group(&id, version, &fields).await?;
            Ok(Told::done(&id, Some(version), "is changed"))
        }
        Action::Delete { id, version } => {
            desk.delete_group(&id, version).await?;
            Ok(Told::done(&id, None, "is deleted"))
        }
    }
}

fn with_accounts(pairs: &[String], accounts: Vec<String>) -> anyhow::Result<Fields> {
    let mut fields = Given::read(pairs)?.fields;
    if !accounts.is_empty() {
        fields.insert("accounts".into(), accounts.into());
    }
    Ok(fields)
}

fn line(group: &Shown) -> String {
    let origin = origin(group.version);
    format!("{}  {origin}\n", group.id)
}
