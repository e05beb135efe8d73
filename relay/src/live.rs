//! The queues as operators see them: one snapshot a second for all who watch on this relay, while anybody does. Its cost
//! is bounded: a few pipelined reads over a connection of their own, and as much text as is shown. What is shown is in
//! `live/snapshot.rs`; how it comes from what Redis says, in `live/build.rs`.

mod build;
mod fairness;
mod look;
mod members;
pub(crate) mod queue;
mod rates;
pub(crate) mod seen;
pub(crate) mod snapshot;
mod stage;
mod state;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

pub(crate) use look::Look;
pub(crate) use queue::{NoQueue, Of, Queue};
pub(crate) use seen::{
    AccountSeen, Finished, GateSeen, Glance, KeySeen, RelaySeen, Totals, TurnSeen, WaiterSeen,
};
pub(crate) use snapshot::{AccountShown, Snapshot, WaiterShown};
pub(crate) use stage::{AccountKnown, KeyKnown, Stage, Standing};

use crate::{app::App, time::UnixMillis};

const EVERY: Duration = Duration::from_secs(1);
const BEFORE: &[u8] = b"event: snapshot\ndata: ";
const AFTER: &[u8] = b"\n\n";

/// What is shown now, to whoever looks.
#[derive(Debug, Default)]
pub(crate) struct Live {
    viewers: watch::Sender<usize>,
    newest: watch::Sender<Newest>,
}

#[derive(Debug, Clone, Default)]
enum Newest {
    #[default]
    NotYet,
    Snapshot(Frame),
    /// The relay stops.
    Over,
}

/// A snapshot as it is sent; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Frame(Bytes);

/// Somebody who watches.
#[derive(Debug)]
pub(crate) struct Viewer {
    live: Arc<Live>,
    newest: watch::Receiver<Newest>,
}

impl Live {
    /// Nobody sees more.
    pub(crate) fn end(&self) {
        self.newest.send_replace(Newest::Over);
    }

    fn show(&self, newer: Newest) {
        self.newest.send_if_modified(|newest| {
            let goes_on = !matches!(newest, Newest::Over);
            if goes_on {
                *newest = newer;
            }
            goes_on
        });
    }

    pub(crate) fn watch(self: &Arc<Self>) -> Viewer {
        self.viewers.send_modify(|viewers| *viewers += 1);
        let mut newest = self.newest.subscribe();
        newest.mark_changed();
        Viewer {
            live: Arc::clone(self),
            newest,
        }
    }
}

impl Viewer {
    /// The newest snapshot that this viewer has not seen; one that is slow misses those between. None: there are no more.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            self.newest.changed().await.ok()?;
            match &*self.newest.borrow_and_update() {
                Newest::NotYet => {}
                Newest::Snapshot(frame) => return Some(frame.clone()),
                Newest::Over => return None,
            }
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.live.viewers.send_modify(|viewers| *viewers -= 1);
    }
}

impl Frame {
    fn of(snapshot: &Snapshot) -> Self {
        let mut text = BEFORE.to_vec();
        serde_json::to_writer(&mut text, snapshot).expect("names and numbers are JSON");
        text.extend_from_slice(AFTER);
        Self(text.into())
    }

    /// As an event of a stream.
    pub(crate) fn event(&self) -> Bytes {
        self.0.clone()
    }

    /// The snapshot alone.
    pub(crate) fn json(&self) -> Bytes {
        self.0.slice(BEFORE.len()..self.0.len() - AFTER.len())
    }
}

/// Looks for ever, whenever somebody watches.
pub(crate) async fn run(app: &App) {
    let mut viewers = app.live.viewers.subscribe();
    let mut look = Look::default();
    while viewers.wait_for(|viewers| *viewers > 0).await.is_ok() {
        while *viewers.borrow() > 0 {
            let due = Instant::now() + EVERY;
            app.store.up().await;
            let now = UnixMillis::now();
            match look.at(&app.store, &app.stage(), now).await {
                Ok(snapshot) => app.live.show(Newest::Snapshot(Frame::of(&snapshot))),
                Err(error) => tracing::debug!(%error, "the queues were not looked at"),
            }
            sleep_until(due).await;
        }
        look.rest();
        app.live.show(Newest::NotYet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(live: &Live, text: &str) {
        let whole = [BEFORE, text.as_bytes(), AFTER].concat();
        live.show(Newest::Snapshot(Frame(whole.into())));
    }

    #[tokio::test]
    async fn a_slow_viewer_gets_the_newest_snapshot_and_no_backlog() {
        let live = Arc::new(Live::default());
        let mut viewer = live.watch();
        for text in ["1", "2", "3"] {
            show(&live, text);
        }
        assert_eq!(viewer.next().await.unwrap().json(), "3");
        let mut second = live.watch();
        let event = second.next().await.unwrap().event();
        assert_eq!(event, "event: snapshot\ndata: 3\n\n");
        show(&live, "4");
        assert_eq!(viewer.next().await.unwrap().json(), "4");
        live.end();
        show(&live, "5");
        assert!(viewer.next().await.is_none() && live.watch().next().await.is_none());
        assert_eq!(*live.viewers.borrow(), 2);
        drop((viewer, second));
        assert_eq!(*live.viewers.borrow(), 0);
    }
}
