//! The load: callers that keep a connection each, in one thread.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, spawn_local};
use tokio::time::{Instant, sleep_until};

/// Of a long body.
const MESSAGES: usize = 100;
/// Streams begin spread over this time, or all their deltas would come at the same instants.
const SPREAD: Duration = Duration::from_millis(100);

/// Where requests go, and as whom.
#[derive(Clone, Debug)]
pub(super) struct Target {
    addr: SocketAddr,
    path: String,
    key: String,
    through: Through,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Through {
    Upstream,
    Relay,
}

impl Target {
    pub(super) fn new(addr: SocketAddr, key: String, through: Through) -> Self {
        let path = String::new();
        Self {
            addr,
            path,
            key,
            through,
        }
    }

    /// The same for another path.
    pub(super) fn path(&self, path: &str) -> Self {
        Self {
            path: path.into(),
            ..self.clone()
        }
    }

    pub(super) fn is_relay(&self) -> bool {
        self.through == Through::Relay
    }
}

/// How long each request took.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub(super) latencies: Vec<Duration>,
    lasted: Duration,
}

impl Load {
    pub(super) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.lasted.as_secs_f64()
    }

    /// # Panics
    /// When there was no request.
    pub(super) fn latency_ms(&self, quantile: f64) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let at = (sorted.len() - 1) as f64 * quantile;
        sorted[at.round() as usize].as_secs_f64() * 1e3
    }
}

/// One request.
pub(super) async fn one(target: &Target) {
    let mut caller = Caller::connect(target.clone(), body(Ask::Plain)).await;
    let whole = caller.send().await.collect().await;
    whole.expect("the answer is whole");
}

/// Each caller sends its next request when it has the answer to the last one.
pub(super) async fn closed(target: &Target, ask: Ask, conns: usize, window: Duration) -> Load {
    let body = body(ask);
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..conns {
        let (target, body) = (target.clone(), body.clone());
        callers.spawn_local(async move {
            let mut caller = Caller::connect(target, body).await;
            let mut latencies = Vec::new();
            while begun.elapsed() < window {
                let sent = Instant::now();
                let whole = caller.send().await.collect().await;
                whole.expect("the answer is whole");
                latencies.push(sent.elapsed());
            }
            latencies
        });
    }
    let latencies = callers.join_all().await.concat();
    Load {
        latencies,
        lasted: begun.elapsed(),
    }
}

/// One stream per caller; measured is the time to its first event.
pub(super) async fn streams(target: &Target, conns: usize) -> Load {
    let body = body(Ask::Streamed);
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..conns {
        let (target, body) = (target.clone(), body.clone());
        callers.spawn_local(async move {
            let mut own = Caller::connect(target, body).await;
            sleep_until(begun + SPREAD * caller as u32 / conns as u32).await;
            let sent = Instant::now();
            let mut incoming = own.send().await;
            let (mut first, mut last) = (None, Bytes::new());
            while let Some(frame) = incoming.frame().await {
                let frame = frame.expect("the stream does not break");
                first.get_or_insert_with(|| sent.elapsed());
                last = frame.into_data().unwrap_or(last);
            }
            let ended = last.windows(12).any(|part| part == b"message_stop");
            assert!(ended, "a stream ended with {}", last.escape_ascii());
            first.expect("a stream has events")
        });
    }
    let latencies = callers.join_all().await;
    Load {
        latencies,
        lasted: begun.elapsed(),
    }
}

/// So many streams at once, each read as it comes until all are dropped. They are opened in groups: a listener's backlog is
/// short.
pub(super) async fn hold(target: &Target, streams: usize) -> JoinSet<()> {
    const GROUP: usize = 100;
    let body = body(Ask::Streamed);
    let mut held = JoinSet::new();
    while held.len() < streams {
        let mut opening = JoinSet::new();
        for _ in 0..GROUP.min(streams - held.len()) {
            let (target, body) = (target.clone(), body.clone());
            opening.spawn_local(async move {
                let mut own = Caller::connect(target, body).await;
                (own.send().await, own)
            });
        }
        for (mut incoming, own) in opening.join_all().await {
            held.spawn_local(async move {
                let _connected = own;
                while let Some(frame) = incoming.frame().await {
                    frame.expect("the stream does not break");
                }
                panic!("a stream has ended");
            });
        }
    }
    held
}

/// What is asked for, and how.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    /// 1 KB, for an answer in one piece.
    Plain,
    Streamed,
    /// 256 KB: a hundred messages, among them calls of tools with their results.
    Long,
}

fn body(ask: Ask) -> Bytes {
    let messages = match ask {
        Ask::Plain | Ask::Streamed => vec![json!({"role": "user", "content": "x".repeat(900)})],
        Ask::Long => (0..MESSAGES).map(message).collect(),
    };
    let body = json!({
        "model": "claude-mock-1",
        "max_tokens": 256,
        "stream": matches!(ask, Ask::Streamed),
        "messages": messages,
    });
    body.to_string().into()
}

fn message(number: usize) -> Value {
    let id = format!("toolu_{}", number / 2);
    if number.is_multiple_of(2) {
        let result = "fn main() {\n    println!(\"hello\");\n}\n".repeat(60);
        let block = json!({"type": "tool_result", "tool_use_id": id, "content": result});
        return json!({"role": "user", "content": [block]});
    }
    let lines: Vec<Value> = (0..80)
        .map(|line| json!({"line": line, "text": "let x = y;"}))
        .collect();
    let block = json!({"type": "tool_use", "id": id, "name": "edit", "input": {"lines": lines}});
    json!({"role": "assistant", "content": [block]})
}

/// A connection with its request.
struct Caller {
    sender: SendRequest<Full<Bytes>>,
    target: Target,
    body: Bytes,
}

impl Caller {
    async fn connect(target: Target, body: Bytes) -> Self {
        let stream = TcpStream::connect(target.addr).await;
        let stream = stream.expect("the target listens");
        stream
            .set_nodelay(true)
            .expect("a fresh socket takes options");
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .expect("a fresh connection shakes hands");
        spawn_local(async move {
            // What goes wrong is seen by the request.
            let _ = connection.await;
        });
        Self {
            sender,
            target,
            body,
        }
    }

    async fn send(&mut self) -> Incoming {
        let request = Request::post(&self.target.path)
            .header("host", "bench")
            .header("content-type", "application/json")
            .header("anthropic-version", "2023-06-01")
            .header("x-api-key", &self.target.key)
            .body(Full::new(self.body.clone()))
            .expect("the parts are good");
        self.sender.ready().await.expect("the connection is kept");
        let answer = self.sender.send_request(request).await;
        let answer = answer.expect("there is an answer");
        assert_eq!(answer.status(), 200, "{:?}", answer.headers());
        answer.into_body()
    }
}
