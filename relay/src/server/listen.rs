//! The callers' listener: who is let in, over which connection, until it is told to drain.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{
    bounded::Bounded,
    opening::Opening,
    seats::{Seat, Seats},
};
use crate::{app::App, config::Connections, flow, tls::Identity};

/// Until the headers of a request; an idle connection waits for them too.
const HEADERS_WITHIN: Duration = Duration::from_secs(75);
/// How long a caller may take none of what is there for it; what it holds others wait for.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How the listener treats callers.
#[derive(Debug)]
pub(super) struct Manners {
    pub(super) drain_timeout: Duration,
    pub(super) connections: Connections,
    /// None: it speaks plain HTTP.
    pub(super) identity: Option<Arc<Identity>>,
}

/// A caller's connection, and the seat that it has.
#[derive(Debug)]
struct Guest {
    stream: TcpStream,
    _seat: Seat,
}

/// What a connection needs of its listener.
struct Door {
    app: Arc<App>,
    /// How long the handshake of TLS may take, and from its first byte on the head of its first request.
    head: Duration,
    watcher: Watcher,
}

/// Accepts until told to drain; then waits for what runs, and breaks off what has not finished in time.
pub(super) async fn listen(
    app: Arc<App>,
    listener: TcpListener,
    drain: Arc<Notify>,
    manners: Manners,
) {
    let seats = Seats::new(manners.connections.max, manners.connections.max_per_ip);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = drain.notified() => break,
            accepted = accept(&listener, &seats) => match accepted {
                Ok(guest) => {
                    let door = Door {
                        app: Arc::clone(&app),
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
    }
    drop(listener);
    if timeout(manners.drain_timeout, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!(
            connections = connections.len(),
            "requests are broken off: they did not finish in time"
        );
    }
    connections.shutdown().await;
}

/// The next caller for whom there is a seat. Others are hung up on.
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

async fn greet(guest: Guest, door: Door, acceptor: Option<TlsAcceptor>) {
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
async fn shake_hands(stream: Bounded<TcpStream>, from: IpAddr, door: Door, acceptor: TlsAcceptor) {
    match timeout(door.head, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => serve(stream, from, door).await,
        Ok(Err(error)) => tracing::debug!(%from, %error, "a handshake failed"),
        Err(_) => tracing::debug!(%from, "a handshake took too long"),
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    from: IpAddr,
    door: Door,
) {
    let Door { app, head, watcher } = door;
    let (stream, came) = Opening::new(stream, head);
    // Boxed, it is let go when the answer begins; else each connection would keep room for it as long as it is open.
    let service = service_fn(|request: hyper::Request<Incoming>| {
        came.say();
        Box::pin(flow::serve(Arc::clone(&app), from, request))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
