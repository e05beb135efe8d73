//! Books what relays that died have left: a request that was going upstream when its relay was killed is counted as
//! interrupted, at an estimate. Every relay says that it is there and what it declares, hears whether that counts
//! (`accord.rs`), and looks now and then for intents of those that are not there.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    accord::Accord,
    app::App,
    declared,
    ids::{RequestId, process_name},
    intent::{Intent, Stage},
    settings::Current,
    store::{Period, Store, StoreError},
    time::{UnixMillis, millis},
};

/// How often relays say that they are there, and look for those that are not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spans {
    /// A relay that has said nothing for so long is gone.
    present: Duration,
    say: Duration,
    look: Duration,
    /// For so long a relay may declare something else than what counts: relays are told of a change one after the other.
    apart: Duration,
}

impl Spans {
    /// What ends by itself ends after a lease: a relay is gone after half of one.
    pub(crate) fn of(lease: Duration) -> Self {
        Self {
            present: lease / 2,
            say: lease / 6,
            look: lease / 4,
            apart: lease,
        }
    }
}

/// Says for ever that this relay is there.
pub(crate) async fn be_present(app: &App, spans: Spans) {
    let since = UnixMillis::now();
    let mut accord = Accord::default();
    loop {
        app.store.up().await;
        if let Err(error) = say(app, spans, since, &mut accord).await {
            tracing::debug!(%error, "Redis does not know that this relay is there");
        }
        sleep(spans.say).await;
    }
}

/// Says it once, and hears what the others declare.
async fn say(
    app: &App,
    spans: Spans,
    since: UnixMillis,
    accord: &mut Accord,
) -> Result<(), StoreError> {
    let digest = declared::digest(&app.declared.load());
    app.store
        .be_present(spans.present, (since, &digest))
        .await?;
    let relays = app.store.relays().await?;
    let own = (env!("CARGO_PKG_VERSION"), &*digest);
    let is_apart = accord.apart_for(own, &relays, UnixMillis::now()) >= spans.apart;
    match (app.is_apart.swap(is_apart, Relaxed), is_apart) {
        (false, true) => tracing::warn!(
            declared = digest,
            "other relays were told otherwise by their weir.toml, and theirs counts: this one is not ready"
        ),
        (true, false) => tracing::info!(declared = digest, "this relay declares what counts again"),
        (false, false) | (true, true) => {}
    }
    Ok(())
}

/// Looks for ever. After an outage of Redis the others have time to say that they are there.
pub(crate) async fn run(store: &Store, spans: Spans, settings: &Current) {
    let mut period = Period::new(settings.clone());
    let mut known = None;
    loop {
        // Relays that were started together do not look together.
        sleep(
            spans
                .look
                .mul_f64(0.75 + RequestId::next().spread() as f64 / 2000.0),
        )
        .await;
        store.up().await;
        let connection = store.connection_number();
        let since = match known {
            Some((same, since)) if connection == Some(same) => since,
            _ => {
                known = connection.map(|number| (number, Instant::now()));
                continue;
            }
        };
        if since.elapsed() < spans.present {
            continue;
        }
        match sweep(store, spans.present, &mut period).await {
            Ok(0) => {}
            Ok(requests) => {
                tracing::warn!(
                    requests,
                    "requests of a relay that is gone are booked as interrupted"
                );
            }
            Err(error) => tracing::debug!(%error, "intents were not looked at"),
        }
    }
}

async fn sweep(store: &Store, present: Duration, period: &mut Period) -> Result<usize, StoreError> {
    let (mut counted, mut from) = (0, Some(0));
    let own = process_name();
    while let Some(place) = from {
        let page = store.intents(place).await?;
        let old = UnixMillis::now().0.saturating_sub(millis(present));
        let of_others = |(request, (_, intent)): &(RequestId, (Stage, Intent))| {
            request.process() != own && intent.at.0 < old
        };
        let mut orphans: Vec<_> = page.intents.into_iter().filter(of_others).collect();
        let requests = orphans.iter().map(|(request, _)| *request);
        let gone = store.without_relay(requests).await?;
        orphans.retain(|(request, _)| gone.contains(request));
        let (mut waited, mut went) = (Vec::new(), Vec::new());
        for (request, (stage, intent)) in orphans {
            match stage {
                Stage::Waits => waited.push(request),
                Stage::Goes => went.push((request, intent)),
            }
        }
        store.forget(&waited).await?;
        counted += store.interrupt(&went, period).await?;
        from = page.next;
    }
    store.forget_relays().await?;
    Ok(counted)
}
