//! `weir secrets rotate`.

use clap::Subcommand;
use serde_json::json;

use super::desk::{Place, Told, at_desk};
use crate::admin::secrets::Rotated;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Seal all stored secrets with a new master key, or end a rotation that was interrupted. The older keys stay in the
    /// file until you take them out.
    Rotate,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let Action::Rotate = args.action;
    at_desk(&args.place, async |desk| {
        let rotated = desk.rotate_secrets().await?;
        Ok(Told {
            text: text(&rotated),
            json: json!(rotated),
        })
    })
    .await
}

fn text(rotated: &Rotated) -> String {
    let Rotated {
        key,
        made,
        sealed_anew,
        left,
    } = rotated;
    let made = if *made { " (new)" } else { "" };
    let mut text = format!(
        "master key {key}{made}: {sealed_anew} sealed anew, {} left under older keys\n",
        left.len()
    );
    for why in left {
        text += &format!("{why}\n");
    }
    if left.is_empty() {
        text += "The older keys are not needed any more, once every relay reads this one.\n";
    }
    text
}
