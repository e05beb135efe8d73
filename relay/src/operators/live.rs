//! The queues as they are: a stream with a snapshot a second, and one snapshot alone.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hyper::{
    StatusCode,
    body::Frame,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName},
};
use tokio::time::timeout;

use super::{error::Refusal, office::Office};
use crate::live::{Snapshot, Viewer};

/// A viewer that hears nothing for so long is told that somebody is there.
const SILENCE: Duration = Duration::from_secs(5);
/// How long a single look may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const HEARTBEAT: &[u8] = b": still here\n\n";
const FORM: (HeaderName, &str) = (CONTENT_TYPE, "application/json");
const FRESH: (HeaderName, &str) = (CACHE_CONTROL, "no-store");

/// A stream of events `snapshot`, one a second.
#[utoipa::path(get, path = "/api/live", tag = "queues",
    responses((status = 200, body = Snapshot, content_type = "text/event-stream")))]
pub(super) async fn stream(State(office): State<Arc<Office>>) -> Response {
    let viewer = office.app.live.watch();
    let form = (CONTENT_TYPE, "text/event-stream");
    let headers = [form, FRESH, (BUFFERING, "no")];
    (headers, Body::new(Events::new(viewer))).into_response()
}

/// How the queues are now.
#[utoipa::path(get, path = "/api/queues", tag = "queues",
    responses((status = 200, body = Snapshot)))]
pub(super) async fn snapshot(State(office): State<Arc<Office>>) -> Result<Response, Refusal> {
    let mut viewer = office.app.live.watch();
    let frame = timeout(ANSWER_WITHIN, viewer.next()).await.ok().flatten();
    let frame = frame.ok_or_else(|| {
        let message = "Redis does not say how the queues are";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "redis_down", message)
            .retry_after(Duration::from_secs(1))
    })?;
    Ok(([FORM, FRESH], frame.json()).into_response())
}

/// A body that goes on as long as its viewer may watch. It is asked for more when what it gave before was taken: who is
/// slow gets the newest then.
struct Events(Option<Next>);

type Next = Pin<Box<dyn Future<Output = Option<(Viewer, Bytes)>> + Send>>;

impl Events {
    fn new(viewer: Viewer) -> Self {
        Self(Some(Box::pin(next(viewer))))
    }
}

/// None: it is over.
async fn next(mut viewer: Viewer) -> Option<(Viewer, Bytes)> {
    match timeout(SILENCE, viewer.next()).await {
        Ok(frame) => Some((viewer, frame?.event())),
        Err(_) => Some((viewer, Bytes::from_static(HEARTBEAT))),
    }
}

impl hyper::body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(next) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let (rest, said) = match ready!(next.as_mut().poll(context)) {
            Some((viewer, said)) => (Some(Box::pin(self::next(viewer)) as Next), Some(said)),
            None => (None, None),
        };
        self.0 = rest;
        Poll::Ready(said.map(|said| Ok(Frame::data(said))))
    }
}
