//! A collector of what programs post: traces by OTLP, or whatever a webhook is sent. It keeps all of it, and answers as told.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
pub use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One thing that was posted.
#[derive(Clone, Debug)]
pub struct Posted {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Stops when it is dropped.
#[derive(Debug)]
pub struct Collector {
    addr: SocketAddr,
    taken: Arc<Taken>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Taken {
    posted: Mutex<Vec<Posted>>,
    status: AtomicU16,
}

impl Collector {
    /// # Panics
    /// When no port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a loopback port is free");
        let addr = listener.local_addr().expect("it is bound");
        let taken = Arc::new(Taken {
            posted: Mutex::default(),
            status: AtomicU16::new(200),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&taken)));
        Self { addr, taken, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// With which it answers from now on.
    pub fn answer_with(&self, status: u16) {
        self.taken.status.store(status, Ordering::Relaxed);
    }

    /// All that has come, whatever the answer was.
    pub fn posted(&self) -> Vec<Posted> {
        let posted = self.taken.posted.lock();
        posted.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The spans of all traces that have come.
    ///
    /// # Panics
    /// When something else came.
    pub fn spans(&self) -> Vec<Span> {
        let spans = |posted: Posted| {
            let told = ExportTraceServiceRequest::decode(posted.body).expect("it is OTLP");
            let scopes = told
                .resource_spans
                .into_iter()
                .flat_map(|one| one.scope_spans);
            scopes.flat_map(|scope| scope.spans).collect::<Vec<_>>()
        };
        self.posted().into_iter().flat_map(spans).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An attribute of a span, as text.
///
/// # Panics
/// When it is neither text nor a number nor true or false.
pub fn attribute(span: &Span, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|one| one.key == name)?;
    Some(match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::BoolValue(flag) => flag.to_string(),
        other => panic!("{name} is {other:?}"),
    })
}

async fn serve(listener: TcpListener, taken: Arc<Taken>) {
    while let Ok((stream, _)) = listener.accept().await {
        let taken = Arc::clone(&taken);
        let answer = service_fn(move |request| take(Arc::clone(&taken), request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
        tokio::spawn(connection);
    }
}

async fn take(
    taken: Arc<Taken>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes());
    let posted = Posted {
        path: head.uri.path().to_owned(),
        headers: head.headers,
        body: body.unwrap_or_default(),
    };
    let all = taken.posted.lock();
    all.unwrap_or_else(PoisonError::into_inner).push(posted);
    let mut response = Response::default();
    let status = taken.status.load(Ordering::Relaxed);
    *response.status_mut() = status.try_into().expect("it is one");
    Ok(response)
}
