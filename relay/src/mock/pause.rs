//! Answers that wait until the upstream is told to go on: each one for the next time after it has begun, so that whoever
//! tells it knows whom that reaches.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::watch;

/// Tells all answers that have begun to go on.
#[derive(Debug, Default)]
pub(super) struct Resumption(watch::Sender<()>);

/// Ends when the upstream is told to go on, the first time since this was made; afterwards it is over at once.
pub(super) struct Pause(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Resumption {
    pub(super) fn resume(&self) {
        self.0.send_replace(());
    }

    /// For an answer that begins now.
    pub(super) fn pause(&self) -> Pause {
        let mut told = self.0.subscribe();
        Pause(Some(Box::pin(async move {
            // Nobody is left who could tell it.
            if told.changed().await.is_err() {
                std::future::pending().await
            }
        })))
    }
}

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let is_over = match &mut self.0 {
            Some(told) => told.as_mut().poll(cx).is_ready(),
            None => true,
        };
        if !is_over {
            return Poll::Pending;
        }
        self.0 = None;
        Poll::Ready(())
    }
}

impl fmt::Debug for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pause")
            .field("is_over", &self.0.is_none())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn is_over(pause: &mut Pause) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        Pin::new(pause).poll(&mut cx).is_ready()
    }

    #[test]
    fn who_has_begun_goes_on_and_who_begins_later_pauses_again() {
        let resumption = Resumption::default();
        let (mut looked, mut unseen) = (resumption.pause(), resumption.pause());
        assert!(!is_over(&mut looked));
        resumption.resume();
        let mut later = resumption.pause();
        assert!(is_over(&mut looked) && is_over(&mut unseen));
        assert!(is_over(&mut looked), "it stays so");
        assert!(!is_over(&mut later));
        resumption.resume();
        assert!(is_over(&mut later));
    }
}
