//! Tells a webhook what operators should know: an account is down or back, a budget is nearly or all spent, requests wait
//! for long. One relay of all looks and tells. What was told stands in Redis, so that it is told once whichever relay that
//! is; what is not taken is told again as long as it holds.

mod facts;
mod look;
mod post;

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use tokio::time::sleep;

pub(crate) use facts::Event;
pub(crate) use post::Post;

use facts::changes;
use look::Look;

use crate::{
    app::App,
    store::{Office, Store, StoreError},
    time::UnixMillis,
};

const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Longer than the telling of one thing takes.
const TERM: Duration = Duration::from_secs(60);
/// Between two looks while the webhook takes nothing.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Why a look has come to nothing.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the webhook does not take it: {0}")]
    Untaken(#[from] post::Untaken),
}

/// Looks for ever, at what `weir.toml` said when the relay was started.
pub(crate) async fn run(app: &App) {
    let config = app.declared.load().alerts.clone();
    let Some(post) = config.webhook.as_ref().map(Post::new) else {
        return;
    };
    let post = match post {
        Ok(post) => post,
        Err(why) => {
            tracing::error!(%why, "nobody can be told of alerts");
            return;
        }
    };
    let mut look = Look::new(&config);
    let mut unwritten = Unwritten::new();
    let mut pause = LOOK_EVERY;
    loop {
        sleep(pause).await;
        pause = match round(app, (&mut look, &mut unwritten), &post).await {
            Ok(()) => LOOK_EVERY,
            Err(Failed::Store(error)) => {
                tracing::debug!(%error, "what alerts are about was not looked at");
                LOOK_EVERY
            }
            Err(Failed::Untaken(error)) => {
                tracing::error!(%error, "an alert is told again later");
                (pause * 2).min(LONGEST_PAUSE)
            }
        };
    }
}

/// What was told and does not stand in Redis yet: what it is about, and whether it begins.
type Unwritten = VecDeque<(String, bool)>;

async fn round(
    app: &App,
    (look, unwritten): (&mut Look<'_>, &mut Unwritten),
    post: &Post,
) -> Result<(), Failed> {
    let store = &app.store;
    if !store.holds_office(Office::Alerts, app.own_id, TERM).await? {
        look.forget();
        unwritten.clear();
        return Ok(());
    }
    // First: else it would be told again, or never be told that it is over.
    write(store, unwritten).await?;
    let held = look.now(app, UnixMillis::now()).await?;
    let told: BTreeSet<String> = store.alerts_told().await?.into_iter().collect();
    for (about, change) in changes(held, told) {
        // Another relay may have taken over while the last one was told.
        if !store.holds_office(Office::Alerts, app.own_id, TERM).await? {
            return Ok(());
        }
        let begins = change.begins();
        if let Some(event) = change.event(&about) {
            post.send(&event, UnixMillis::now()).await?;
            tracing::info!(alert = about, begins, "an alert was told");
        }
        unwritten.push_back((about, begins));
        write(store, unwritten).await?;
    }
    Ok(())
}

async fn write(store: &Store, unwritten: &mut Unwritten) -> Result<(), StoreError> {
    while let Some((about, begins)) = unwritten.front() {
        store.note_alert(about, *begins, UnixMillis::now()).await?;
        unwritten.pop_front();
    }
    Ok(())
}
