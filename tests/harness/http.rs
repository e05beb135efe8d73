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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::eventually::Looks;

/// Longer than any wait of a test: past it nothing more will come.
const ANSWER_WITHIN: Duration = Duration::from_secs(90);

/// A request to be sent.
#[derive(Clone, Debug)]
#[must_use]
pub struct Call {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
    /// As often as it is told to.
    comes_again: bool,
}

/// An answer whose body is still to be read. Dropping it hangs up.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    incoming: Incoming,
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
            comes_again: false,
        }
    }

    /// From now on it comes again for as long as it is told to, by a 503 that says when.
    pub fn coming_again(mut self) -> Self {
        self.comes_again = true;
        self
    }

    /// It comes once, whatever it is told.
    pub fn coming_once(mut self) -> Self {
        self.comes_again = false;
        self
    }

    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Adds a pair to the query.
    pub fn query(mut self, pair: &str) -> Self {
        self.path += if self.path.contains('?') { "&" } else { "?" };
        self.path += pair;
        self
    }

    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Adds a header; the same name may come several times.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends it and waits for the answer's headers. Dropped before that, it hangs up.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn send(self, to: SocketAddr) -> Answer {
        if !self.comes_again {
            return self.send_once(to).await;
        }
        let mut looks = Looks::of("they are heard");
        loop {
            let answer = self.clone().send_once(to).await;
            match (answer.status, answer.header("retry-after")) {
                (503, Some(_)) => looks.once_more(&answer.text().await).await,
                _ => return answer,
            }
        }
    }

    async fn send_once(self, to: SocketAddr) -> Answer {
        self.try_send(to).await.expect("there is an answer")
    }

    /// [`send`](Self::send) to somebody who may be gone.
    pub async fn try_send(self, to: SocketAddr) -> Result<Answer> {
        let answered = timeout(ANSWER_WITHIN, self.exchange(to)).await;
        answered.with_context(|| format!("no answer from {to} within {ANSWER_WITHIN:?}"))?
    }

    async fn exchange(self, to: SocketAddr) -> Result<Answer> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        self.send_over(stream, &to.to_string()).await
    }

    /// [`try_send`](Self::try_send) over a connection that is open already.
    pub async fn send_over<S>(self, stream: S, host: &str) -> Result<Answer>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = Connection(tokio::spawn(async move {
            // What went wrong is seen by whoever reads the body.
            let _ = connection.await;
        }));
        let mut request = Request::builder().method(self.method).uri(self.path);
        request = request.header("host", host);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let answer = sender
            .send_request(request.body(Full::new(self.body))?)
            .await?;
        let (head, incoming) = answer.into_parts();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            incoming,
            seen: BytesMut::new(),
            _connection: connection,
        })
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// # Panics
    /// When there is no such header, or it is not a number.
    #[track_caller]
    pub fn number(&self, name: &str) -> u64 {
        let value = self.header(name).and_then(|value| value.parse().ok());
        value.unwrap_or_else(|| panic!("{name} is no number in {:?}", self.headers))
    }

    /// The next bytes as they come in; `None` at a clean end.
    ///
    /// # Panics
    /// When the connection breaks or falls silent.
    pub async fn piece(&mut self) -> Option<Bytes> {
        match self.try_piece().await {
            Ok(piece) => piece,
            Err(error) => panic!("{error:#}, after {}", self.seen.escape_ascii()),
        }
    }

    /// Reads until the body so far contains `text`.
    ///
    /// # Panics
    /// When it ends before.
    pub async fn until(&mut self, text: &str) {
        self.until_it(text, |seen| seen.contains(text)).await;
    }

    /// Reads until the body so far is as wanted.
    ///
    /// # Panics
    /// When it ends before.
    pub async fn until_it(&mut self, what: &str, is_so: impl Fn(&str) -> bool) {
        while !is_so(&String::from_utf8_lossy(&self.seen)) {
            let more = self.piece().await.is_some();
            assert!(
                more,
                "it ended without {what:?}: {}",
                self.seen.escape_ascii()
            );
        }
    }

    /// All that comes, with what was read before.
    ///
    /// # Panics
    /// When it falls silent.
    pub async fn whole(mut self) -> Body {
        loop {
            match self.try_piece().await {
                Ok(Some(_)) => {}
                Ok(None) => return self.body(End::Clean),
                Err(error) if error.is::<hyper::Error>() => return self.body(End::Broken),
                Err(error) => panic!("{error:#}"),
            }
        }
    }

    /// The body as text.
    ///
    /// # Panics
    /// When it breaks off or is not text.
    pub async fn text(self) -> String {
        let body = self.whole().await;
        assert_eq!(
            body.end,
            End::Clean,
            "it broke off after {}",
            body.bytes.escape_ascii()
        );
        body.text()
    }

    /// # Panics
    /// When the body is not JSON.
    pub async fn json(self) -> Value {
        let text = self.text().await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    async fn try_piece(&mut self) -> Result<Option<Bytes>> {
        let frame = timeout(ANSWER_WITHIN, self.incoming.frame()).await;
        let Some(frame) = frame.context("the answer fell silent")? else {
            return Ok(None);
        };
        let Ok(piece) = frame?.into_data() else {
            bail!("trailers, which no provider sends");
        };
        self.seen.extend_from_slice(&piece);
        Ok(Some(piece))
    }

    fn body(self, end: End) -> Body {
        Body {
            bytes: self.seen.freeze(),
            end,
        }
    }
}

impl Body {
    /// # Panics
    /// When it is not text.
    pub fn text(&self) -> String {
        String::from_utf8(self.bytes.to_vec()).expect("the body is text")
    }
}
