//! What an operator has asked for is done to its end, also when their connection is gone before: else who hangs up in time
//! would have done something that is written down nowhere.

use std::sync::{Mutex, PoisonError};

use axum::response::Response;
use tokio::{sync::oneshot, task::JoinSet};

use super::error::Refusal;

/// Those that are being done. They end with the listener.
#[derive(Debug, Default)]
pub(super) struct Acts(Mutex<JoinSet<()>>);

impl Acts {
    pub(super) async fn finish(
        &self,
        act: impl Future<Output = Response> + Send + 'static,
    ) -> Result<Response, Refusal> {
        let (tell, done) = oneshot::channel();
        self.begin(async move {
            // Whoever asked may have gone.
            drop(tell.send(act.await));
        });
        done.await.map_err(|_| {
            tracing::error!("an operator's act panicked");
            Refusal::ours()
        })
    }

    fn begin(&self, act: impl Future<Output = ()> + Send + 'static) {
        let mut acts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while acts.try_join_next().is_some() {}
        acts.spawn(act);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, task::Poll};

    use axum::response::IntoResponse as _;
    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn an_act_is_done_though_nobody_waits_for_it() {
        let acts = Acts::default();
        let (goes_on, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (gate, told) = (Arc::clone(&goes_on), Arc::clone(&done));
        let mut asked = Box::pin(acts.finish(async move {
            gate.notified().await;
            told.notify_one();
            ().into_response()
        }));
        let polled = std::future::poll_fn(|context| Poll::Ready(asked.as_mut().poll(context)));
        assert!(polled.await.is_pending());
        drop(asked);
        goes_on.notify_one();
        done.notified().await;
    }

    #[tokio::test]
    async fn an_act_that_panics_is_ours() {
        let acts = Acts::default();
        let answer = acts.finish(async { panic!("as a handler may") });
        assert!(answer.await.is_err());
    }
}
