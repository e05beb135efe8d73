//! A caller's connection that fails once the caller takes nothing for too long, or too long to say what it wants. A caller
//! that stops reading would keep its slot for ever: the answer's own bounds are not looked at while its bytes cannot leave.

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
pub(super) struct Bounded<S> {
    stream: S,
    within: Duration,
    /// Runs while bytes wait to leave.
    alarm: Option<Pin<Box<Sleep>>>,
    /// Until it has come.
    first: Option<FirstHead>,
}

/// The headers of a connection's first request, which are to come soon after its first byte. Later ones have as long as an
/// idle connection is kept.
#[derive(Debug)]
pub(super) struct FirstHead {
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
    pub(super) fn new(within: Duration) -> Self {
        Self {
            within,
            came: Came::default(),
            alarm: None,
        }
    }

    pub(super) fn came(&self) -> Came {
        self.came.clone()
    }

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

impl<S> Bounded<S> {
    pub(super) fn new(stream: S, within: Duration, first: FirstHead) -> Self {
        Self {
            stream,
            within,
            alarm: None,
            first: Some(first),
        }
    }

    fn watch<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.alarm = None;
            return written;
        }
        let within = self.within;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(within)));
        ready!(alarm.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
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

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, from);
        self.watch(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, from);
        self.watch(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Nothing waits in a socket: its flush is done at once.
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

    fn bounded<S>(stream: S, within: Duration) -> Bounded<S> {
        Bounded::new(stream, within, FirstHead::new(Duration::from_secs(60)))
    }

    #[tokio::test]
    async fn a_caller_that_takes_nothing_is_given_up() {
        let (here, there) = duplex(16);
        let mut bounded = bounded(here, Duration::from_millis(20));
        let error = bounded.write_all(&[0; 17]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(there);
    }

    #[tokio::test]
    async fn each_byte_taken_begins_the_time_anew() {
        let (here, mut there) = duplex(1);
        let mut bounded = bounded(here, Duration::from_secs(5));
        bounded.write_all(b"a").await.unwrap();
        let writing = tokio::spawn(async move {
            bounded.write_all(b"b").await.unwrap();
            bounded.alarm.is_none()
        });
        let mut taken = [0; 2];
        there.read_exact(&mut taken).await.unwrap();
        assert_eq!((&taken, writing.await.unwrap()), (b"ab", true));
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_get_to_the_point_is_hung_up_on() {
        let (here, mut there) = duplex(16);
        let first = FirstHead::new(Duration::from_secs(10));
        let mut bounded = Bounded::new(here, Duration::from_secs(60), first);
        let dripping = tokio::spawn(async move {
            // Nobody is hurried before the first byte.
            sleep(Duration::from_secs(40)).await;
            while there.write_u8(b'x').await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        let began = tokio::time::Instant::now();
        let mut taken = Vec::new();
        let error = bounded.read_to_end(&mut taken).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 50);
        drop(bounded);
        dripping.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_first_request_a_connection_may_be_idle() {
        let (here, mut there) = duplex(16);
        let first = FirstHead::new(Duration::from_secs(10));
        let came = first.came();
        let mut bounded = Bounded::new(here, Duration::from_secs(60), first);
        there.write_u8(b'x').await.unwrap();
        bounded.read_u8().await.unwrap();
        came.say();
        let writing = tokio::spawn(async move {
            sleep(Duration::from_secs(40)).await;
            there.write_u8(b'y').await.unwrap();
        });
        assert_eq!(bounded.read_u8().await.unwrap(), b'y');
        writing.await.unwrap();
    }
}
