//! `weir top`: the queues live in the terminal, straight from Redis, while relays run.

mod rows;
mod screen;

use std::{
    collections::HashSet,
    io::IsTerminal as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::Duration,
};

use ratatui::crossterm::event::{self, Event};
use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep},
};

use super::desk::{Place, Told, at_desk, at_running_desk};
use crate::{
    admin::{AdminError, Desk, accounts::Drain},
    live::{Look, Snapshot},
    time::UnixMillis,
};
use rows::{Row, Shows, head, rows};
use screen::{Act, Screen, Wish};

const EVERY: Duration = Duration::from_secs(1);
/// How soon the thread that reads keys sees that it is over.
const KEY_WITHIN: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    /// Print one look as plain text, and end.
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    if args.once || args.place.is_json() || !std::io::stdout().is_terminal() {
        return at_desk(&args.place, async |desk| once(&desk).await).await;
    }
    at_running_desk(&args.place, async |desk| watch(&desk).await).await
}

/// Rates need two looks.
async fn once(desk: &Desk<'_>) -> anyhow::Result<Told> {
    let mut look = Look::default();
    snapshot(desk, &mut look).await?;
    sleep(EVERY).await;
    let snapshot = snapshot(desk, &mut look).await?;
    let rows = rows(&snapshot, &HashSet::new());
    let lines = rows.iter().map(|row| format!("{}\n", row.text.trim_end()));
    Ok(Told {
        text: format!("{}\n\n{}", head(&snapshot), lines.collect::<String>()),
        json: json!(snapshot),
    })
}

async fn snapshot(desk: &Desk<'_>, look: &mut Look) -> anyhow::Result<Snapshot> {
    let stage = desk.stage().await?;
    Ok(look.at(desk.store, &stage, UnixMillis::now()).await?)
}

async fn watch(desk: &Desk<'_>) -> anyhow::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let done = converse(desk, &mut terminal).await;
    ratatui::restore();
    done
}

async fn converse(desk: &Desk<'_>, terminal: &mut ratatui::DefaultTerminal) -> anyhow::Result<()> {
    let (mut look, mut screen, mut keys) = (Look::default(), Screen::default(), Keys::read());
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => match snapshot(desk, &mut look).await {
                Ok(snapshot) => screen.show(snapshot),
                Err(error) => screen.say(format!("{error:#}")),
            },
            event = keys.events.recv() => match event.map(|event| screen.hear(&event)) {
                None | Some(Some(Wish::Quit)) => return Ok(()),
                Some(Some(Wish::Act(what, row))) => screen.say(match act(desk, what, &row).await {
                    Ok(said) => said,
                    Err(error) => error.to_string(),
                }),
                // A change of the size is drawn too.
                Some(None) => {}
            },
        }
        terminal.draw(|frame| screen.draw(frame))?;
    }
}

async fn act(desk: &Desk<'_>, act: Act, row: &Row) -> Result<String, AdminError> {
    let account = &*row.account;
    match (act, &row.shows) {
        (Act::Cancel, Shows::Waiter(queue, member)) => {
            desk.cancel_waiter(queue, member).await?;
            Ok(format!("{member} is out of the line"))
        }
        (Act::TakeBack, Shows::Holder(queue, member)) => {
            desk.take_back(queue, member).await?;
            Ok(format!("{member} has given it back"))
        }
        (Act::Cancel | Act::TakeBack, _) => Ok(String::new()),
        (Act::Pause, _) => {
            desk.pause_account(account, None).await?;
            Ok(format!("{account} is paused"))
        }
        (Act::Drain, _) => {
            desk.drain_account(account, Drain::Begins).await?;
            Ok(format!("{account} is drained"))
        }
        (Act::Resume, _) => {
            desk.resume_account(account).await?;
            Ok(format!("{account} is resumed"))
        }
    }
}

/// What is typed, read on a thread of its own until this is dropped.
struct Keys {
    events: mpsc::Receiver<Event>,
    is_over: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl Keys {
    fn read() -> Self {
        let (tell, events) = mpsc::channel(64);
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let reader = std::thread::spawn(move || {
            while !over.load(Relaxed) {
                let event = match event::poll(KEY_WITHIN) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(error) => Err(error),
                };
                match event.map(|event| tell.blocking_send(event)) {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => return,
                }
            }
        });
        Self {
            events,
            is_over,
            reader: Some(reader),
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
        self.events.close();
        if let Some(reader) = self.reader.take() {
            drop(reader.join());
        }
    }
}
