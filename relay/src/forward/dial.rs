//! Connections to upstreams: TCP and TLS within one bound, Nagle off, each one with a note of what came over it.

use std::{
    error::Error,
    io,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use hyper::Uri;
use hyper_rustls::{
    ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream,
};
use hyper_util::{
    client::legacy::connect::{Connected, Connection, HttpConnector},
    rt::TokioIo,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, timeout},
};
use tower_service::Service;

use super::{place::Reach, resolve::Resolve};

type Cause = Box<dyn Error + Send + Sync>;

/// The certificates that upstreams are checked by, read once.
#[derive(Debug, Clone)]
pub(crate) struct Tls(rustls::ClientConfig);

/// Makes connections.
#[derive(Debug, Clone)]
pub(super) struct Dial {
    https: HttpsConnector<HttpConnector<Resolve>>,
    within: Duration,
}

/// One connection.
pub(super) struct Line {
    stream: TokioIo<MaybeHttpsStream<TokioIo<TcpStream>>>,
    exchange: Exchange,
}

/// What came over a connection. Where two threads disagree for a moment, it speaks against sending again.
#[derive(Debug, Clone, Default)]
pub(super) struct Exchange(Arc<Marks>);

/// How long the connection took that was made for a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connect(pub(super) Duration);

#[derive(Debug, Default)]
struct Marks {
    /// How long it took to make it.
    took: OnceLock<Duration>,
    /// It has carried an answer already.
    used: AtomicBool,
    /// The next bytes to go out begin another request.
    answered: AtomicBool,
    /// Bytes came since the last request began.
    heard: AtomicBool,
}

impl Exchange {
    /// Over a connection that took so long to make.
    fn new(took: Duration) -> Self {
        let marks = Marks::default();
        marks.took.get_or_init(|| took);
        Self(Arc::new(marks))
    }

    /// For the first answer alone: others found it made.
    pub(super) fn connect(&self) -> Option<Connect> {
        let is_new = !self.0.used.load(Relaxed);
        self.0.took.get().filter(|_| is_new).copied().map(Connect)
    }

    pub(super) fn answered(&self) {
        self.0.used.store(true, Relaxed);
        self.0.answered.store(true, Relaxed);
    }

    /// Whether the other side may have closed a kept connection before it saw the last request.
    pub(super) fn may_be_unseen(&self) -> bool {
        self.0.used.load(Relaxed) && !self.0.heard.load(Relaxed)
    }

    fn sends(&self) {
        if self.0.answered.swap(false, Relaxed) {
            self.0.heard.store(false, Relaxed);
        }
    }

    fn hears(&self) {
        self.0.heard.store(true, Relaxed);
    }
}

impl Tls {
    /// Where the system has no certificates, only plain upstreams can be reached.
    pub(crate) fn of_system() -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = || {
            rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
                .expect("the provider has what the default versions need")
        };
        let config = versions().with_native_roots().unwrap_or_else(|error| {
            tracing::warn!(%error, "https:// upstreams cannot be checked and will fail: install ca-certificates");
            versions().with_root_certificates(rustls::RootCertStore::empty())
        });
        Self(config.with_no_client_auth())
    }

    pub(crate) fn into_config(self) -> rustls::ClientConfig {
        self.0
    }
}

impl Dial {
    pub(super) fn new(tls: &Tls, reach: Reach, within: Duration) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolve::new(reach));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls.0.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Self { https, within }
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<Line>;
    type Error = Cause;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Line>, Cause>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = timeout(self.within, self.https.call(to));
        Box::pin(async move {
            let began = Instant::now();
            let stream = TokioIo::new(connecting.await??);
            let exchange = Exchange::new(began.elapsed());
            Ok(TokioIo::new(Line { stream, exchange }))
        })
    }
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        self.stream.connected().extra(self.exchange.clone())
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if into.filled().len() > before {
            self.exchange.hears();
        }
        read
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.exchange.sends();
        Pin::new(&mut self.stream).poll_write(context, from)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.exchange.sends();
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
