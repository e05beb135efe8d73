//! A connection that fails once it is too long in saying what it wants: the headers of its first request are to come soon
//! after its first byte. Later ones have as long as an idle connection is kept.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

#[derive(Debug)]
pub(super) struct Opening<S> {
    stream: S,
    /// Until it has come.
    first: Option<FirstHead>,
}

#[derive(Debug)]
struct FirstHead {
    within: Duration,
    came: Came,
    /// Runs from the first byte on.
    alarm: Option<Pin<Box<Sleep>>>,
}

/// Whether a request has been understood.
#[derive(Debug, Clone, Default)]
pub(super) struct Came(Arc<AtomicBool>);

impl Came {
    pub(super) fn say(&self) {
        self.0.store(true, Relaxed);
    }
}

impl FirstHead {
    fn begins(&mut self) {
        let within = self.within;
        self.alarm.get_or_insert_with(|| Box::pin(sleep(within)));
    }

    /// Ready when it is too late.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.alarm {
            Some(alarm) => alarm.as_mut().poll(context),
            None => Poll::Pending,
        }
    }
}

impl<S> Opening<S> {
    /// And to whom it is to be said that the first request came.
    pub(super) fn new(stream: S, within: Duration) -> (Self, Came) {
        let came = Came::default();
        let first = FirstHead {
            within,
            came: came.clone(),
            alarm: None,
        };
        let first = Some(first);
        (Self { stream, first }, came)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        self.first.take_if(|first| first.came.0.load(Relaxed));
        let Some(first) = &mut self.first else {
            return read;
        };
        if into.filled().len() > before {
            first.begins();
        }
        if read.is_pending() {
            ready!(first.poll(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, from)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_does_not_get_to_the_point_is_hung_up_on() {
        let (here, mut there) = duplex(16);
        let (mut opening, _came) = Opening::new(here, Duration::from_secs(10));
        let dripping = tokio::spawn(async move {
            // Nobody is hurried before the first byte.
            sleep(Duration::from_secs(40)).await;
            while there.write_u8(b'x').await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        let began = tokio::time::Instant::now();
        let mut taken = Vec::new();
        let error = opening.read_to_end(&mut taken).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 50);
        drop(opening);
        dripping.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_first_request_a_connection_may_be_idle() {
        let (here, mut there) = duplex(16);
        let (mut opening, came) = Opening::new(here, Duration::from_secs(10));
        there.write_u8(b'x').await.unwrap();
        opening.read_u8().await.unwrap();
        came.say();
        let writing = tokio::spawn(async move {
            sleep(Duration::from_secs(40)).await;
            there.write_u8(b'y').await.unwrap();
        });
        assert_eq!(opening.read_u8().await.unwrap(), b'y');
        writing.await.unwrap();
    }
}
