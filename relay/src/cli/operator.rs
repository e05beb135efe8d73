//! `weir operator create|list|password|delete|setup-token`: who may sign in, for those who cannot any more, or not yet.

use clap::Subcommand;
use serde_json::json;

use super::{
    desk::{Place, Told, at_desk},
    fields::secret,
};
use crate::{
    admin::{
        Desk,
        operators::{Edit, Shown, hash, new_setup_token},
    },
    ids,
    role::Role,
    secret::Secret,
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
    /// Make somebody who signs in to the pages.
    Create {
        /// Letters, digits, `-`, `_`, `.` and `@`.
        name: String,
        #[arg(long, value_enum, default_value_t = Role::Admin)]
        role: Role,
        /// Where the password is: env:NAME, file:PATH, or - for stdin. Without it, one is made and shown.
        #[arg(long)]
        password: Option<String>,
    },
    /// Show all who sign in.
    List,
    /// Give somebody another password; all their sessions end.
    Password {
        name: String,
        /// Where it is: env:NAME, file:PATH, or - for stdin. Without it, one is made and shown.
        #[arg(long)]
        password: Option<String>,
    },
    /// Delete somebody; all their sessions end.
    Delete { name: String },
    /// Print a token with which the first operator can be made in the pages.
    SetupToken,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let action = args.action;
    at_desk(&args.place, async |desk| act(desk, action).await).await
}

async fn act(desk: Desk<'_>, action: Action) -> anyhow::Result<Told> {
    match action {
        Action::Create {
            name,
            role,
            password,
        } => {
            let (given, shown) = password_of(password.as_deref())?;
            let hashed = hash(&given).await?;
            desk.create_operator(&name, role, hashed).await?;
            Ok(told(&name, "is made", shown.as_ref()))
        }
        Action::List => {
            let people = desk.operators().await?;
            Ok(Told {
                text: people.iter().map(line).collect(),
                json: json!(people),
            })
        }
        Action::Password { name, password } => {
            let (given, shown) = password_of(password.as_deref())?;
            let edit = Edit {
                role: None,
                password: Some(hash(&given).await?),
            };
            desk.edit_operator(&name, None, edit).await?;
            Ok(told(&name, "has another password", shown.as_ref()))
        }
        Action::Delete { name } => {
            desk.delete_operator(&name, None).await?;
            Ok(told(&name, "is deleted", None))
        }
        Action::SetupToken => {
            let token = new_setup_token(desk.store).await?;
            let Some(token) = token else {
                anyhow::bail!("there is an operator already: `weir operator create` makes others");
            };
            let token = token.reveal();
            Ok(Told {
                json: json!({ "token": token }),
                text: format!(
                    "{token}\nIt makes the first operator at /setup, once, within a day.\n"
                ),
            })
        }
    }
}

/// The password, and the same where it was made here and has to be shown.
fn password_of(place: Option<&str>) -> anyhow::Result<(Secret, Option<Secret>)> {
    match place {
        Some(place) => Ok((secret("password", place)?, None)),
        None => {
            let made = ids::new_secret("");
            Ok((made.clone(), Some(made)))
        }
    }
}

fn told(name: &str, what: &str, password: Option<&Secret>) -> Told {
    let password = password.map(Secret::reveal);
    let shown = password.map(|password| {
        format!("{password}\nThe second line is the password. It is shown only now.\n")
    });
    Told {
        json: json!({ "name": name, "password": password }),
        text: format!("{name} {what}\n{}", shown.unwrap_or_default()),
    }
}

fn line(operator: &Shown) -> String {
    format!("{:8}  {}\n", operator.role.word(), operator.name)
}
