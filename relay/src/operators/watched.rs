//! An answer that goes on for as long as somebody watches ends soon after they may not any more: with their session, their
//! token, or the role that the route takes.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes};
use hyper::{body::Frame, header::CONTENT_TYPE, http::request::Parts};
use tokio::time::sleep;

use super::{gate::identify, office::Office};
use crate::role::Role;

const LOOK_EVERY: Duration = Duration::from_secs(2);
const STREAM: &[u8] = b"text/event-stream";

struct Watched {
    inner: Body,
    /// Ready when it is over.
    over: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// The same answer; a stream is watched.
pub(super) fn watch(
    answer: axum::response::Response,
    office: Arc<Office>,
    (parts, role): (Parts, Role),
) -> axum::response::Response {
    let form = answer.headers().get(CONTENT_TYPE);
    if form.is_none_or(|form| !form.as_bytes().starts_with(STREAM)) {
        return answer;
    }
    answer.map(|inner| {
        let over = Box::pin(until_shut_out(office, parts, role));
        Body::new(Watched { inner, over })
    })
}

/// While Redis does not say, nobody is.
async fn until_shut_out(office: Arc<Office>, parts: Parts, role: Role) {
    loop {
        sleep(LOOK_EVERY).await;
        match identify(&office, &parts).await {
            Ok(Some(visitor)) if visitor.role >= role => {}
            Ok(_) => return,
            Err(_) => tracing::debug!("whether somebody may still watch is not known"),
        }
    }
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.over.as_mut().poll(context) {
            Poll::Ready(()) => {
                self.over = Box::pin(std::future::ready(()));
                Poll::Ready(None)
            }
            Poll::Pending => Pin::new(&mut self.inner).poll_frame(context),
        }
    }
}
