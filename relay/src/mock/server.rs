//! The listener and its connections, on a thread of their own with one event loop: a caller's hang-up is seen
//! before the request that another caller sends after it, so what counts as "at once" is exact.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::thread;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::Options;
use super::behaviour::Behaviour;
use super::ledger::{Event, Stats};
use super::playback::ResetFlag;
use super::route::Upstream;
use crate::server;

/// A running simulated upstream; dropping it stops it, without waiting for that.
#[derive(Debug)]
pub struct MockProvider {
    addr: SocketAddr,
    upstream: Arc<Upstream>,
    /// Dropped, it ends the listener and every connection.
    stop: oneshot::Sender<Infallible>,
    stopped: oneshot::Receiver<Infallible>,
}

impl MockProvider {
    /// Starts on a free loopback port.
    pub fn start(options: Options) -> io::Result<Self> {
        Self::bind(SocketAddr::from(([127, 0, 0, 1], 0)), options)
    }

    /// Starts on `listen`.
    pub fn bind(listen: SocketAddr, options: Options) -> io::Result<Self> {
        let upstream = Arc::new(Upstream::new(options));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let bound = {
            let _inside = runtime.enter();
            server::bind(listen).and_then(|listener| Ok((listener.local_addr()?, listener)))
        };
        let (addr, listener) = match bound {
            Ok(bound) => bound,
            Err(error) => {
                // Dropped, it would block, which whoever runs on another one must not.
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let (stop, stop_asked) = oneshot::channel();
        let (running, stopped) = oneshot::channel();
        let shared = Arc::clone(&upstream);
        thread::Builder::new()
            .name("mock-provider".into())
            .spawn(move || {
                runtime.block_on(accept(listener, shared, stop_asked));
                drop(running);
            })?;
        Ok(Self {
            addr,
            upstream,
            stop,
            stopped,
        })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub fn stats(&self) -> Stats {
        self.upstream.ledger.stats()
    }

    /// All that happens to generations from now on, in its order. The last one to ask is told.
    pub fn watch(&self) -> Receiver<Event> {
        self.upstream.ledger.watch()
    }

    /// Changes the behaviour for the requests that begin from now on.
    pub fn set_behaviour(&self, behaviour: Behaviour) {
        self.upstream.set_behaviour(behaviour);
    }

    /// Lets every answer go on that pauses, or has begun and would pause later.
    pub fn resume(&self) {
        self.upstream.resumption.resume();
    }

    /// Ends the listener and every connection.
    pub async fn shutdown(self) {
        drop(self.stop);
        // The answer is the other side's end; nothing is ever sent.
        let _ended = self.stopped.await;
    }
}

async fn accept(
    listener: TcpListener,
    upstream: Arc<Upstream>,
    stop: oneshot::Receiver<Infallible>,
) {
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            _ = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&upstream)));
                }
                Err(error) => {
                    tracing::warn!(%error, "the simulated upstream could not accept a connection");
                    tokio::task::yield_now().await;
                }
            },
        }
    }
    connections.shutdown().await;
}

async fn converse(stream: TcpStream, upstream: Arc<Upstream>) {
    let reset = ResetFlag::default();
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(|request| {
        let (upstream, reset) = (Arc::clone(&upstream), ResetFlag::clone(&reset));
        async move { Ok::<_, Infallible>(upstream.serve(request, reset).await) }
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    let ended = Pin::new(&mut connection).await;
    if ended.is_err() && reset.load(Ordering::Relaxed) {
        // With no time to linger the kernel sends RST instead of FIN.
        let stream = connection.into_parts().io.into_inner();
        let _too_late_to_matter = stream.set_zero_linger();
    }
}
