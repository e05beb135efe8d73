//! Somebody who watches the queues, and counts the snapshots that come.

use harness::Operator;
use harness::http::Answer;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

const BEGIN: &[u8] = b"event: snapshot\ndata: ";
const END: &[u8] = b"\n\n";

pub(super) struct Viewer {
    stream: Answer,
    /// Of the event that has not ended yet.
    piece: Vec<u8>,
    seen: Seen,
}

/// What came since it was last asked for.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) snapshots: usize,
    /// The newest, as it came.
    pub(super) newest: Vec<u8>,
}

impl Viewer {
    /// It has seen so many snapshots when it is given.
    pub(super) async fn open(operator: &Operator, snapshots: usize) -> Self {
        let stream = operator.get("/api/live").await;
        assert_eq!(stream.status, 200, "operators may watch");
        let mut viewer = Self {
            stream,
            piece: Vec::new(),
            seen: Seen::default(),
        };
        while viewer.seen.snapshots < snapshots {
            viewer.read().await;
        }
        viewer.seen = Seen::default();
        viewer
    }

    pub(super) async fn watch(mut self, until: Instant) -> Seen {
        while timeout_at(until, self.read()).await.is_ok() {}
        self.seen
    }

    async fn read(&mut self) {
        let piece = self.stream.piece().await.expect("the stream goes on");
        self.piece.extend_from_slice(&piece);
        while let Some(end) = self.piece.windows(END.len()).position(|two| two == END) {
            let event: Vec<u8> = self.piece.drain(..end + END.len()).collect();
            if let Some(snapshot) = event.strip_prefix(BEGIN) {
                self.seen.snapshots += 1;
                self.seen.newest = snapshot.to_vec();
            }
        }
    }
}

impl Seen {
    /// # Panics
    /// When the newest is not JSON.
    pub(super) fn snapshot(&self) -> Value {
        serde_json::from_slice(&self.newest).expect("it is JSON")
    }
}
