//! Keeps the caller of a stream while there is nothing to stream yet. For a time of grace nothing is sent, so that errors
//! keep their status; then the stream is opened and kept alive by heartbeats, and whatever comes of the request follows in it.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Collected, Full, Limited};
use hyper::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde::Deserialize;
use tokio::time::{Instant, Sleep, timeout};

use crate::{
    answer::{AnswerBody, is_event_stream, no_buffering, respond},
    config::Waits,
    dialect::Dialect,
    error::{Error, Retry, Told, Verdict},
    ids::RequestId,
};

/// The most of an upstream's refusal that is told inside a stream.
const REFUSAL_KEPT: usize = 64 << 10;

/// All that is left to do for a request.
pub(crate) type Work = Pin<Box<dyn Future<Output = Result<Response<AnswerBody>, Error>> + Send>>;

/// The body of a stream that was opened early.
pub(crate) struct Early {
    rest: Pin<Box<dyn Future<Output = AnswerBody> + Send>>,
    heartbeat: Bytes,
    every: Duration,
    next: Pin<Box<Sleep>>,
}

impl fmt::Debug for Early {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Early").finish_non_exhaustive()
    }
}

/// Does the work; opens the stream when it takes longer than the time of grace.
pub(crate) async fn keep_alive(
    mut work: Work,
    dialect: Dialect,
    id: RequestId,
    waits: Waits,
) -> Result<Response<AnswerBody>, Error> {
    let Some(heartbeat) = dialect.heartbeat() else {
        return work.await;
    };
    match timeout(waits.grace, &mut work).await {
        Ok(done) => done,
        Err(_) => Ok(open(Early {
            rest: Box::pin(async move { follow(work.await, dialect, id).await }),
            heartbeat,
            every: waits.heartbeat,
            next: Box::pin(tokio::time::sleep_until(Instant::now())),
        })),
    }
}

fn open(early: Early) -> Response<AnswerBody> {
    let mut headers = HeaderMap::with_capacity(8);
    let kind = HeaderValue::from_static("text/event-stream; charset=utf-8");
    headers.insert(CONTENT_TYPE, kind);
    no_buffering(&mut headers);
    respond(StatusCode::OK, headers, AnswerBody::Early(Box::new(early)))
}

/// What follows in the open stream: the upstream's own, or an event that says why there is none.
async fn follow(
    done: Result<Response<AnswerBody>, Error>,
    dialect: Dialect,
    id: RequestId,
) -> AnswerBody {
    let told = match done {
        Ok(answer) if answer.status().is_success() && is_event_stream(answer.headers()) => {
            return answer.into_body();
        }
        Ok(answer) => refusal(answer, id).await,
        Err(error) => error.told(id),
    };
    AnswerBody::Own(Full::new(dialect.error_event(&told, 0)))
}

/// What the upstream says of its own error. All dialects say it in the same place.
async fn refusal(answer: Response<AnswerBody>, request: RequestId) -> Told {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), REFUSAL_KEPT)
        .collect()
        .await;
    let body = body.map(Collected::to_bytes).unwrap_or_default();
    let said: Refusal = serde_json::from_slice(&body).unwrap_or_default();
    Told {
        verdict: Verdict {
            status,
            code: "weir_upstream_refused",
            retry: Retry::Whenever,
        },
        known_as: None,
        message: match status.is_success() {
            true => "the provider did not answer with a stream".to_owned(),
            false => said
                .error
                .message
                .unwrap_or_else(|| format!("the provider refused with status {}", status.as_u16())),
        },
        request,
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Refusal {
    error: Cause,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cause {
    message: Option<String>,
}

impl Early {
    /// The next heartbeat, or the body that takes over.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, AnswerBody>> {
        if let Poll::Ready(body) = self.rest.as_mut().poll(context) {
            return Poll::Ready(Err(body));
        }
        ready!(self.next.as_mut().poll(context));
        self.next.as_mut().reset(Instant::now() + self.every);
        Poll::Ready(Ok(self.heartbeat.clone()))
    }
}
