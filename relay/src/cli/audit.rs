//! `weir audit`: who did what, the newest last.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use super::desk::{Place, Told, at_desk};
use crate::admin::audit::Audited;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    /// How many entries at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    last: u64,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    at_desk(&args.place, async |desk| {
        let mut entries = desk.audited(None, args.last).await?;
        entries.reverse();
        Ok(Told {
            text: entries.iter().map(line).collect(),
            json: json!(entries),
        })
    })
    .await
}

fn line(entry: &Audited) -> String {
    let at = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(entry.at_ms));
    let Audited {
        who,
        act,
        what,
        id_of,
        ..
    } = entry;
    let changes = entry.changes.as_array().into_iter().flatten();
    let fields = changes.filter_map(|change| change["field"].as_str());
    let fields: Vec<&str> = fields.collect();
    format!("{at}  {who}  {act} {what} {id_of}  {}\n", fields.join(" "))
}
