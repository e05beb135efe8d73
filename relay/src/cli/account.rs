//! `weir account create|list|show|edit|delete|pause|drain|resume`.

use std::time::Duration;

use clap::Subcommand;
use serde_json::json;

use super::{
    desk::{Place, Told, at_desk, origin},
    fields::Given,
};
use crate::admin::{
    Desk,
    accounts::{Drain, Shown},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an account, known to every relay at once.
    Create {
        id: String,
        /// As in weir.toml: kind=anthropic max_concurrent=4. A secret is read from where it is: api_key=env:NAME,
        /// api_key=file:PATH, or api_key=- for stdin.
        #[arg(required = true, value_name = "KEY=VALUE")]
        fields: Vec<String>,
    },
    /// Show all accounts.
    List,
    /// Show an account; of its secrets the end.
    Show { id: String },
    /// Change fields of an account; one without a value takes its default.
    Edit {
        id: String,
        #[arg(required = true, value_name = "KEY=VALUE")]
        fields: Vec<String>,
        /// Only if this is still its version.
        #[arg(long)]
        version: Option<u64>,
    },
    /// Send one tiny request with the account's own credential, which it may charge for.
    Test {
        id: String,
        /// Else one that the account lists, or a small one of its kind.
        #[arg(long)]
        model: Option<String>,
    },
    /// Delete an account that no group names.
    Delete {
        id: String,
        /// Only if this is still its version.
        #[arg(long)]
        version: Option<u64>,
    },
    /// Grant no slot of an account for now: its line keeps its places.
    Pause {
        id: String,
        /// For so long: 90s, 10m, 2h. Without it, until it is resumed.
        #[arg(long = "for", value_name = "SPAN", value_parser = span)]
        span: Option<Duration>,
    },
    /// Send no new requests to an account: its waiters turn to others, and those that it serves end as they would.
    Drain { id: String },
    /// Send requests to it again.
    Resume { id: String },
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let action = args.action;
    at_desk(&args.place, async |desk| act(desk, action).await).await
}

async fn act(desk: Desk<'_>, action: Action) -> anyhow::Result<Told> {
    match action {
        Action::Create { id, fields } => {
            let Given { fields, secrets } = Given::read(&fields)?;
            let version = desk.create_account(&id, &fields, &secrets).await?;
            Ok(Told::done(&id, Some(version), "is made"))
        }
        Action::List => {
            let accounts = desk.accounts().await?;
            Ok(Told {
                text: accounts.iter().map(line).collect(),
                json: json!(accounts),
            })
        }
        Action::Show { id } => {
            let account = desk.account(&id).await?;
            Ok(Told {
                text: format!("{}{}", line(&account), lines(&account)?),
                json: json!(account),
            })
        }
        Action::Edit {
            id,
            fields,
            version,
        } => {
            let Given { fields, secrets } = Given::read(&fields)?;
            let version = desk.edit_account(&id, version, &fields, &secrets).await?;
            Ok(Told::done(&id, Some(version), "is changed"))
        }
        Action::Test { id, model } => {
            let trial = desk.test_account(&id, model.as_deref()).await?;
            let status = trial
                .status
                .map_or("none".to_owned(), |status| status.to_string());
            let (spent, message) = (trial.latency_ms, &trial.message);
            Ok(Told {
                text: format!("{id}  status {status}  {spent} ms  {message}\n"),
                json: json!(trial),
            })
        }
        Action::Delete { id, version } => {
            desk.delete_account(&id, version).await?;
            Ok(Told::done(&id, None, "is deleted"))
        }
        Action::Pause { id, span } => {
            desk.pause_account(&id, span).await?;
            Ok(Told::done(&id, None, "is paused"))
        }
        Action::Drain { id } => {
            desk.drain_account(&id, Drain::Begins).await?;
            Ok(Told::done(&id, None, "is drained"))
        }
        Action::Resume { id } => {
            desk.resume_account(&id).await?;
            Ok(Told::done(&id, None, "is resumed"))
        }
    }
}

/// A number and its unit.
fn span(text: &str) -> Result<Duration, String> {
    let (number, unit) =
        text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("is a number and s, m, h or d".into()),
    };
    let number: u32 = number
        .parse()
        .map_err(|_| "is a number and s, m, h or d".to_owned())?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

fn line(account: &Shown) -> String {
    let state = match account {
        Shown {
            trouble: Some(_), ..
        } => "unusable",
        Shown { enabled: false, .. } => "disabled",
        Shown { drained: true, .. } => "drained",
        Shown { .. } => "enabled",
    };
    let origin = origin(account.version);
    let trouble = account.trouble.as_deref().unwrap_or_default();
    format!("{}  {state}  {origin}  {trouble}\n", account.id)
}

/// Its fields as in `weir.toml`.
fn lines(account: &Shown) -> anyhow::Result<String> {
    let mut text = toml::to_string(&account.fields)?;
    for (field, end) in &account.secrets {
        text += &format!("# {field}: ...{end}\n");
    }
    Ok(text)
}
