//! A listener, of callers or of operators: who is let in, over which connection, until it is told to drain.

use std::{
    convert::Infallible,
    error::Error,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use hyper::{
    Request, Response,
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{
    bounded::Bounded,
    opening::Opening,
    seats::{Seat, Seats},
};
use crate::{
    answer::AnswerBody, app::App, config::Connections, flow, operators::Reception, tls::Identity,
};

/// Until the headers of a request; an idle connection waits for them too.
const HEADERS_WITHIN: Duration = Duration::from_secs(75);
/// How long a guest may take none of what is there for it; what it holds others wait for.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Whoever answers the requests that come in.
pub(super) trait Host: Send + Sync + 'static {
    type Body: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static;

    fn answer(
        self: Arc<Self>,
        from: IpAddr,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Self::Body>, Infallible>> + Send;
}

impl Host for App {
    type Body = AnswerBody;

    async fn answer(
        self: Arc<Self>,
        from: IpAddr,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, Infallible> {
        flow::serve(self, from, request).await
    }
}

impl Host for Reception {
    type Body = axum::body::Body;

    async fn answer(
        self: Arc<Self>,
        from: IpAddr,
        request: Request<Incoming>,
    ) -> Result<Response<axum::body::Body>, Infallible> {
        Ok(self.serve(from, request).await)
    }
}

/// How a listener treats its guests.
#[derive(Debug)]
pub(super) struct Manners {
    pub(super) connections: Connections,
    pub(super) seats: Arc<Seats>,
    /// None: it speaks plain HTTP.
    pub(super) identity: Option<Arc<Identity>>,
}

/// One that runs. Dropped, it breaks off whatever runs.
#[derive(Debug)]
pub(super) struct Listener {
    addr: SocketAddr,
    /// How long what runs may take to finish, once it is to stop.
    drain: Option<oneshot::Sender<Duration>>,
    task: JoinHandle<()>,
}

/// A guest's connection, and the seat that it has.
#[derive(Debug)]
struct Guest {
    stream: TcpStream,
    _seat: Seat,
}

/// What a connection needs of its listener.
struct Door<H> {
    host: Arc<H>,
    /// How long the handshake of TLS may take, and from its first byte on the head of its first request.
    head: Duration,
    watcher: Watcher,
}

impl Listener {
    pub(super) fn start(
        bound: TcpListener,
        host: Arc<impl Host>,
        manners: Manners,
    ) -> io::Result<Self> {
        let addr = bound.local_addr()?;
        let (drain, draining) = oneshot::channel();
        let task = tokio::spawn(listen(host, bound, draining, manners));
        Ok(Self {
            addr,
            drain: Some(drain),
            task,
        })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Takes in nobody any more, and ends when everybody has gone, or is broken off then.
    pub(super) async fn stop(mut self, within: Duration) {
        if let Some(drain) = self.drain.take() {
            // Who does not hear it has ended already.
            let _ = drain.send(within);
        }
        drop((&mut self.task).await);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Accepts until told to drain; then waits for what runs, and breaks off what has not finished in time.
async fn listen(
    host: Arc<impl Host>,
    listener: TcpListener,
    mut drain: oneshot::Receiver<Duration>,
    manners: Manners,
) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let within = loop {
        tokio::select! {
            // Nobody who could say it is left only when this is broken off too.
            within = &mut drain => break within.unwrap_or_default(),
            accepted = accept(&listener, &manners.seats) => match accepted {
                Ok(guest) => {
                    let door = Door {
                        host: Arc::clone(&host),
                        head: manners.connections.head,
                        watcher: graceful.watcher(),
                    };
                    let identity = manners.identity.as_ref();
                    connections.spawn(greet(guest, door, identity.map(|it| it.acceptor())));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    };
    drop(listener);
    if timeout(within, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "requests are broken off: they did not finish in time"
        );
    }
    connections.shutdown().await;
}

/// The next guest for whom there is a seat. Others are hung up on.
async fn accept(listener: &TcpListener, seats: &Arc<Seats>) -> io::Result<Guest> {
    loop {
        let (stream, from) = listener.accept().await?;
        match seats.take(from.ip()) {
            Ok(seat) => {
                return Ok(Guest {
                    stream,
                    _seat: seat,
                });
            }
            Err(error) => tracing::debug!(%from, %error, "a connection was not heard"),
        }
    }
}

async fn greet(guest: Guest, door: Door<impl Host>, acceptor: Option<TlsAcceptor>) {
    let Guest { stream, _seat } = guest;
    let ready = stream.set_nodelay(true).and_then(|()| stream.peer_addr());
    let from = match ready {
        Ok(peer) => peer.ip(),
        Err(error) => {
            tracing::debug!(%error, "a connection was gone at once");
            return;
        }
    };
    let stream = Bounded::new(stream, TAKEN_WITHIN);
    match acceptor {
        None => serve(stream, from, door).await,
        // Boxed: who speaks plain HTTP needs no room for it.
        Some(acceptor) => Box::pin(shake_hands(stream, from, door, acceptor)).await,
    }
}

/// What is bounded in leaving is what TLS has made of an answer, since it keeps some of that back.
async fn shake_hands(
    stream: Bounded<TcpStream>,
    from: IpAddr,
    door: Door<impl Host>,
    acceptor: TlsAcceptor,
) {
    match timeout(door.head, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => serve(stream, from, door).await,
        Ok(Err(error)) => tracing::debug!(%from, %error, "a handshake failed"),
        Err(_) => tracing::debug!(%from, "a handshake took too long"),
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    from: IpAddr,
    door: Door<impl Host>,
) {
    let Door {
        host,
        head,
        watcher,
    } = door;
    let (stream, came) = Opening::new(stream, head);
    // Boxed, it is let go when the answer begins; else each connection would keep room for it as long as it is open.
    let service = service_fn(|request: Request<Incoming>| {
        came.say();
        Box::pin(Arc::clone(&host).answer(from, request))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
