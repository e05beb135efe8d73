//! A caller over HTTP with a connection of its own: it sees exact bytes, and its hang-up is one of TCP.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than any wait of a test: past it nothing more will come.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A request to be sent.
#[derive(Clone, Debug)]
#[must_use]
pub struct Call {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// An answer whose body is still to be read. Dropping it hangs up.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    body: Incoming,
    /// Read so far.
    seen: BytesMut,
    _connection: Connection,
}

/// A body as far as it came.
#[derive(Debug)]
pub struct Body {
    pub bytes: Bytes,
    pub end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As HTTP says.
    Clean,
    /// The connection went away inside the body.
    Broken,
}

/// The task that moves the bytes; without it the socket closes.
#[derive(Debug)]
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Call {
    pub fn get(path: &str) -> Self {
        Self::new(Method::GET, path, Bytes::new())
    }

    pub fn post(path: &str, body: impl Into<Bytes>) -> Self {
        Self::new(Method::POST, path, body.into())
    }

    pub fn new(method: Method, path: &str, body: Bytes) -> Self {
        Self {
            method,
            path: path.into(),
            headers: Vec::new(),
            body,
        }
    }

    /// Adds a header; the same name may come several times.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends it and waits for the answer's headers. Dropped before that, it hangs up.
    pub async fn send(self, to: SocketAddr) -> Result<Answer> {
        let answered = timeout(ANSWER_WITHIN, self.try_send(to)).await;
        answered.with_context(|| format!("no answer from {to} within {ANSWER_WITHIN:?}"))?
    }

    async fn try_send(self, to: SocketAddr) -> Result<Answer> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = Connection(tokio::spawn(async move {
            // What went wrong is seen by whoever reads the body.
            let _ = connection.await;
        }));
        let mut request = Request::builder().method(self.method).uri(self.path);
        request = request.header("host", to.to_string());
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let answer = sender
            .send_request(request.body(Full::new(self.body))?)
            .await?;
        let (head, body) = answer.into_parts();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
            seen: BytesMut::new(),
            _connection: connection,
        })
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The next bytes as they come in; `None` at a clean end.
    pub async fn piece(&mut self) -> Result<Option<Bytes>> {
        let frame = timeout(ANSWER_WITHIN, self.body.frame()).await;
        let Some(frame) = frame.context("the answer fell silent")? else {
            return Ok(None);
        };
        let Ok(piece) = frame?.into_data() else {
            bail!("trailers, which no provider sends");
        };
        self.seen.extend_from_slice(&piece);
        Ok(Some(piece))
    }

    /// Reads until the body so far contains `text`.
    pub async fn until(&mut self, text: &str) -> Result<()> {
        let finder = |seen: &[u8]| seen.windows(text.len()).any(|part| part == text.as_bytes());
        while !finder(&self.seen) {
            if self.piece().await?.is_none() {
                bail!(
                    "the body ended without {text:?}: {}",
                    self.seen.escape_ascii()
                );
            }
        }
        Ok(())
    }

    /// All that comes, with what was read before.
    pub async fn whole(mut self) -> Result<Body> {
        loop {
            match self.piece().await {
                Ok(Some(_)) => {}
                Ok(None) => {
                    return Ok(Body {
                        bytes: self.seen.freeze(),
                        end: End::Clean,
                    });
                }
                Err(error) if error.is::<hyper::Error>() => {
                    return Ok(Body {
                        bytes: self.seen.freeze(),
                        end: End::Broken,
                    });
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The body as text, when it ends as it should.
    pub async fn text(self) -> Result<String> {
        let body = self.whole().await?;
        if body.end == End::Broken {
            bail!("the connection broke after {}", body.bytes.escape_ascii());
        }
        Ok(String::from_utf8(body.bytes.to_vec())?)
    }

    pub async fn json(self) -> Result<Value> {
        let text = self.text().await?;
        serde_json::from_str(&text).with_context(|| format!("not JSON: {text}"))
    }
}
