//! `weir user create|list|show|edit|delete`.

use clap::Subcommand;
use serde_json::json;

use super::{
    desk::{Place, Told, at_desk, origin},
    fields::Given,
};
use crate::admin::{Desk, users::Shown};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a user, known to every relay at once.
    Create {
        id: String,
        /// What all keys of the user may use together, as in weir.toml: max_concurrent=4 requests_per_minute=
        /// tokens_per_minute= spend_per_day=12.5 spend_per_month= spend_total=
        #[arg(value_name = "KEY=VALUE")]
        fields: Vec<String>,
    },
    /// Show all users.
    List,
    /// Show a user.
    Show { id: String },
    /// Change what all keys of a user may use together; a field without a value takes its default.
    Edit {
        id: String,
        #[arg(required = true, value_name = "KEY=VALUE")]
        fields: Vec<String>,
        /// Only if this is still its version.
        #[arg(long)]
        version: Option<u64>,
    },
    /// Delete a user who has no enabled key.
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
        Action::Create { id, fields } => {
            let fields = Given::read(&fields)?.fields;
            let version = desk.create_user(&id, &fields).await?;
            Ok(Told::done(&id, Some(version), "is made"))
        }
        Action::List => {
            let users = desk.users().await?;
            Ok(Told {
                text: users.iter().map(line).collect(),
                json: json!(users),
            })
        }
        Action::Show { id } => {
            let user = desk.user(&id).await?;
            Ok(Told {
                text: format!("{}{}", line(&user), toml::to_string(&user.fields)?),
                json: json!(user),
            })
        }
        Action::Edit {
            id,
            fields,
            version,
        } => {
            let fields = Given::read(&fields)?.fields;
            let version = desk.edit_user(&id, version, &fields).await?;
            Ok(Told::done(&id, Some(version), "is changed"))
        }
        Action::Delete { id, version } => {
            desk.delete_user(&id, version).await?;
            Ok(Told::done(&id, None, "is deleted"))
        }
    }
}

fn line(user: &Shown) -> String {
    let origin = origin(user.version);
    format!("{}  {origin}\n", user.id)
}
