//! A way to the relay on which it is heard what callers ask and what they are sent.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::speech::Speech;

const PIECE: usize = 1 << 16;

/// Ends with the test.
#[derive(Debug)]
pub struct Tap {
    addr: SocketAddr,
    heard: watch::Sender<Vec<Talk>>,
    listener: JoinHandle<()>,
}

/// All that went over one connection so far.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    pub asked: String,
    pub answered: String,
}

impl Talk {
    /// The heartbeats that came, if what was asked for first is a stream of this kind.
    pub fn heartbeats(&self, speech: Speech) -> Option<usize> {
        let (path, beat) = match speech {
            Speech::Messages => (
                "/v1/messages",
                "event: ping\ndata: {\"type\": \"ping\"}\n\n",
            ),
            Speech::Chat => ("/v1/chat/completions", ": keep-alive\n\n"),
            Speech::Responses => ("/v1/responses", ": keep-alive\n\n"),
            Speech::Gemini => (":streamGenerateContent?alt=sse", "2\r\n\n\n\r\n"),
            Speech::GeminiArray => return None,
        };
        let first = self.asked.lines().next()?;
        first
            .contains(path)
            .then(|| self.answered.matches(beat).count())
    }
}

impl Tap {
    /// # Panics
    /// When no loopback port is free.
    pub async fn start(relay: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a loopback port is free");
        let addr = listener.local_addr().expect("it listens");
        let heard = watch::Sender::default();
        let listener = tokio::spawn(listen(listener, relay, heard.clone()));
        Self {
            addr,
            heard,
            listener,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub fn talks(&self) -> Vec<Talk> {
        self.heard.borrow().clone()
    }

    /// Returns when what was heard so far is enough; what never comes is for others to give up on.
    pub async fn until(&self, mut enough: impl FnMut(&[Talk]) -> bool) {
        let mut heard = self.heard.subscribe();
        let ended = heard.wait_for(|talks| enough(talks)).await;
        ended.expect("the tap outlives whoever listens");
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn listen(listener: TcpListener, relay: SocketAddr, heard: watch::Sender<Vec<Talk>>) {
    let mut connections = 0;
    while let Ok((caller, _)) = listener.accept().await {
        let (number, heard) = (connections, heard.clone());
        connections += 1;
        heard.send_modify(|talks| talks.push(Talk::default()));
        tokio::spawn(async move { pass(caller, relay, number, &heard).await });
    }
}

/// Until one side hangs up: then both have.
async fn pass(
    caller: TcpStream,
    relay: SocketAddr,
    number: usize,
    heard: &watch::Sender<Vec<Talk>>,
) -> std::io::Result<()> {
    let relay = TcpStream::connect(relay).await?;
    caller.set_nodelay(true)?;
    relay.set_nodelay(true)?;
    let (from_caller, to_caller) = caller.into_split();
    let (from_relay, to_relay) = relay.into_split();
    let asked = copy(from_caller, to_relay, |text| {
        heard.send_modify(|talks| talks[number].asked += text);
    });
    let answered = copy(from_relay, to_caller, |text| {
        heard.send_modify(|talks| talks[number].answered += text);
    });
    tokio::select! {
        ended = asked => ended,
        ended = answered => ended,
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    hear: impl Fn(&str),
) -> std::io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        hear(&String::from_utf8_lossy(&piece[..read]));
        to.write_all(&piece[..read]).await?;
    }
}
