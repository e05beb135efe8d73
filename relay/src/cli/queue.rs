//! `weir queue list|show|cancel|take-back`.

use clap::Subcommand;
use serde_json::json;

use super::{
    desk::{Place, Told, at_desk},
    frame::{self, span},
};
use crate::{
    admin::Desk,
    live::{AccountShown, Look, Queue, Snapshot, WaiterShown},
    time::UnixMillis,
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
    /// Show all accounts: how they stand, who holds and how many wait.
    List,
    /// Show who holds the slots and the turn of an account, and its lines in grant order.
    Show { account: String },
    /// Take a waiter out of a line: its caller gets an error.
    Cancel {
        /// account:<id>, turn:<id>, key:<id>, user:<id> or group:<id>.
        queue: Queue,
        /// As `show` names it.
        member: String,
    },
    /// End the request that holds a slot or turn, which gives back all that it holds.
    TakeBack {
        /// account:<id>, turn:<id>, key:<id>, user:<id> or group:<id>.
        queue: Queue,
        /// As `show` names it.
        member: String,
    },
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let action = args.action;
    at_desk(&args.place, async |desk| act(desk, action).await).await
}

async fn act(desk: Desk<'_>, action: Action) -> anyhow::Result<Told> {
    match action {
        Action::List => {
            let snapshot = snapshot(&desk).await?;
            let lines = snapshot
                .accounts
                .iter()
                .map(|account| frame::account_line(account, snapshot.at_ms) + "\n");
            Ok(Told {
                text: lines.collect(),
                json: json!(snapshot),
            })
        }
        Action::Show { account } => {
            let snapshot = snapshot(&desk).await?;
            let mut accounts = snapshot.accounts.iter();
            let found = accounts.find(|shown| *shown.id == *account);
            let Some(shown) = found else {
                anyhow::bail!("there is no account `{account}`");
            };
            Ok(Told {
                text: whole(shown, snapshot.at_ms),
                json: json!(shown),
            })
        }
        Action::Cancel { queue, member } => {
            desk.cancel_waiter(&queue, &member).await?;
            Ok(Told::done(&member, None, "is out of the line"))
        }
        Action::TakeBack { queue, member } => {
            desk.take_back(&queue, &member).await?;
            Ok(Told::done(&member, None, "has given it back"))
        }
    }
}

async fn snapshot(desk: &Desk<'_>) -> anyhow::Result<Snapshot> {
    let stage = desk.stage().await?;
    let mut look = Look::default();
    Ok(look.at(desk.store, &stage, UnixMillis::now()).await?)
}

fn whole(account: &AccountShown, now_ms: u64) -> String {
    let mut text = frame::account_line(account, now_ms) + "\n";
    for slot in &account.slots {
        text += &format!("  slot   {}\n", frame::slot_words(slot, now_ms));
    }
    text += &lines("line", &account.line, account.line_more, now_ms);
    if let Some(turn) = &account.turn {
        if let Some(holder) = &turn.holder {
            text += &format!("  turn   {}\n", frame::slot_words(holder, now_ms));
        }
        if let Some(next) = turn.next_at_ms {
            text += &format!("  turn   free in {}\n", span(next.saturating_sub(now_ms)));
        }
        text += &lines("turn's line", &turn.line, turn.line_more, now_ms);
    }
    text
}

fn lines(of: &str, line: &[WaiterShown], more: u64, now_ms: u64) -> String {
    let mut text = String::new();
    for waiter in line {
        let words = frame::waiter_words(waiter, now_ms);
        text += &format!("  {of} {:>3}  {words}\n", waiter.position);
    }
    if more > 0 {
        text += &format!("  {of}  and {more} more\n");
    }
    text
}
