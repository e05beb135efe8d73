//! Keeps true what a relay has in memory of what operators make: the keys of callers, accounts, groups.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    app::App,
    key::Limited,
    store::{Change, StoreError},
};

const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

/// Follows the changes for ever; after a gap or a lost connection everything is read again.
pub(crate) async fn run(app: &App) {
    loop {
        app.store.knows_callers().await;
        if let Err(error) = follow(app).await {
            tracing::debug!(%error, "keys, accounts and groups are read again");
        }
        sleep(RECONNECT_PAUSE).await;
    }
}

async fn follow(app: &App) -> Result<(), StoreError> {
    let mut changes = app.store.changes().await?;
    load(app).await?;
    loop {
        match changes.next().await? {
            Change::Told(news) => {
                if news.of_roster > 0 {
                    load_roster(app).await?;
                }
                if !news.keys.is_empty() {
                    let limited = app.keys.refresh(&app.store, &news.keys).await?;
                    keys_changed(app, limited);
                }
            }
            Change::Gap => load(app).await?,
        }
    }
}

/// Reads all and puts it in place of what was there.
pub(crate) async fn load(app: &App) -> Result<(), StoreError> {
    load_roster(app).await?;
    keys_changed(app, app.keys.load(&app.store).await?);
    Ok(())
}

/// Who waits under an old limit asks again.
fn keys_changed(app: &App, limited: Limited) {
    match limited {
        Limited::AsBefore => {}
        Limited::Otherwise => {
            app.roster.is_changed();
            app.resting.accounts_changed();
        }
    }
}

async fn load_roster(app: &App) -> Result<(), StoreError> {
    app.set(app.roster.load(&app.store).await?);
    app.resting.accounts_changed();
    Ok(())
}
