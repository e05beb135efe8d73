//! An operator takes back what a request holds: the request ends, wherever it is at, and gives back all of it.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::sync::oneshot;

/// For the request, which ends when it is said.
#[derive(Debug)]
pub(crate) struct TakeBack(Option<oneshot::Receiver<()>>);

/// For the request's relay, which may hear of it.
#[derive(Debug)]
pub(crate) struct Holder(oneshot::Sender<()>);

pub(crate) fn holder() -> (Holder, TakeBack) {
    let (holder, take_back) = oneshot::channel();
    (Holder(holder), TakeBack(Some(take_back)))
}

impl Holder {
    /// One that has ended meanwhile has nothing to give back.
    pub(crate) fn take_back(self) {
        if self.0.send(()).is_err() {
            tracing::debug!("a request has ended before it was taken back");
        }
    }
}

impl TakeBack {
    /// Ends when it is said.
    pub(crate) async fn said(&mut self) {
        poll_fn(|context| match self.is_said(context) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    /// Whether it is said; else whoever polls is woken when it is.
    pub(crate) fn is_said(&mut self, context: &mut Context<'_>) -> bool {
        let Some(said) = &mut self.0 else {
            return false;
        };
        match Pin::new(said).poll(context) {
            Poll::Pending => false,
            Poll::Ready(said) => {
                self.0 = None;
                said.is_ok()
            }
        }
    }
}
