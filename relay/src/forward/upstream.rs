//! An account with its connections. A kept connection may be closed by the other side at the moment it is used again:
//! a request that fails so, at once and before any byte of an answer, is sent once more on a new one.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, http::Extensions};
use hyper_util::{
    client::legacy::{Client, Error},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time::Instant;
use tower_service::Service as _;

use super::dial::{Dial, Exchange, Tls};
use crate::account::Account;

const KEPT_IDLE: Duration = Duration::from_secs(60);
/// A connection that was closed already fails within this time; one that fails later may have had its request served.
const STALE_WITHIN: Duration = Duration::from_secs(1);

/// An account and the way to it.
pub(crate) struct Upstream {
    pub(crate) account: Account,
    dial: Dial,
    kept: Client<Dial, Full<Bytes>>,
    new: Client<Dial, Full<Bytes>>,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.account.fmt(f)
    }
}

impl Upstream {
    pub(crate) fn new(account: Account, tls: &Tls) -> Self {
        let dial = Dial::new(tls, account.reach, account.timeouts.connect);
        let mut client = Client::builder(TokioExecutor::new());
        client
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT_IDLE);
        let kept = client.build(dial.clone());
        let new = client.pool_max_idle_per_host(0).build(dial.clone());
        Self {
            account,
            dial,
            kept,
            new,
        }
    }

    /// Connects as for a request, and lets the connection go: how long that took, or why it cannot be.
    pub(crate) async fn reach(&self) -> Result<Duration, String> {
        let (began, mut dial) = (Instant::now(), self.dial.clone());
        match dial.call(self.account.origin.base.clone()).await {
            Ok(_) => Ok(began.elapsed()),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(super) async fn send(
        &self,
        request: impl Fn() -> Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Error> {
        let began = Instant::now();
        match self.kept.request(request()).await {
            Ok(answer) => Ok(answered(answer)),
            Err(error) if may_be_unseen(&error) && began.elapsed() < STALE_WITHIN => {
                self.new.request(request()).await.map(answered)
            }
            Err(error) => Err(error),
        }
    }
}

/// The answer, with a note of the connection that was made for it.
fn answered(mut answer: Response<Incoming>) -> Response<Incoming> {
    if let Some(exchange) = answer.extensions().get::<Exchange>() {
        let connect = exchange.connect();
        exchange.answered();
        connect.and_then(|connect| answer.extensions_mut().insert(connect));
    }
    answer
}

fn may_be_unseen(error: &Error) -> bool {
    let mut extras = Extensions::new();
    if let Some(connection) = error.connect_info() {
        connection.get_extras(&mut extras);
    }
    extras
        .get::<Exchange>()
        .is_some_and(Exchange::may_be_unseen)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::{
        config::{AccountConfig, AccountKind, Credential, Endpoint, Proof, Timeouts},
        secret::Secret,
    };

    const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

    fn upstream(to: &TcpListener) -> (Upstream, String) {
        let base_url = format!("http://{}", to.local_addr().unwrap());
        let account = AccountConfig {
            id: "a1".into(),
            kind: AccountKind::Anthropic,
            base_url: base_url.clone(),
            allow_private: false,
            proof: Proof::Key(Credential::Literal(Secret::new("sk"))),
            endpoint: Endpoint::Plain,
            max_concurrent: 0,
            priority: 0,
            models: Vec::new(),
            serial_turns: false,
            turn_delay: Duration::ZERO,
            translate: false,
            responses: true,
            ask_usage: true,
            limits: crate::config::Limits::default(),
            enabled: true,
            note: String::new(),
            timeouts: Timeouts::default(),
        };
        let account = Account::new(&account, None).unwrap();
        (Upstream::new(account, &Tls::of_system()), base_url)
    }

    async fn hear(line: &mut TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(line.read_u8().await.expect("a request comes"));
        }
    }

    /// Answers a first request whole and a second one on the same connection with `last` and a close; then whether a
    /// third came, and what the second was told.
    async fn second_request_answered_with(last: &'static [u8]) -> (bool, Result<u16, Error>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (upstream, url) = upstream(&listener);
        let serving = tokio::spawn(async move {
            let (mut line, _) = listener.accept().await.unwrap();
            hear(&mut line).await;
            line.write_all(WHOLE).await.unwrap();
            hear(&mut line).await;
            line.write_all(last).await.unwrap();
            drop(line);
            let (mut line, _) = listener.accept().await.unwrap();
            hear(&mut line).await;
            line.write_all(WHOLE).await.unwrap();
        });
        let request = || {
            let mut request = Request::new(Full::new(Bytes::new()));
            *request.uri_mut() = url.parse().unwrap();
            request
        };
        upstream.send(request).await.unwrap();
        let second = upstream.send(request).await;
        let repeated = serving.is_finished();
        serving.abort();
        (repeated, second.map(|answer| answer.status().as_u16()))
    }

    #[tokio::test]
    async fn a_request_that_was_not_answered_at_all_is_sent_once_more() {
        let (repeated, told) = second_request_answered_with(b"").await;
        assert_eq!((repeated, told.unwrap()), (true, 200));
    }

    #[tokio::test]
    async fn a_request_that_was_answered_in_part_is_not_sent_again() {
        let (repeated, told) = second_request_answered_with(b"HTTP/1.1 20").await;
        assert!(!repeated && told.is_err(), "{told:?}");
    }
}
