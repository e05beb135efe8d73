//! Everybody stands in line for as long as is asked, with the waits of the relay as they come, and is served then.

use std::sync::Arc;
use std::time::Duration;

use harness::http::Answer;
use harness::{Runtime, Speech, Tap, Weir};
use tokio::task::JoinSet;
use tokio::time::timeout;
use weir_relay::mock::Behaviour;

use crate::agent::{Agent, Desk, Prompt};

/// Holds its slots until the caller hangs up.
const HELD: &str = "chunks=9;stall_after=4";

/// The streams that scripts ask for.
const STREAMS: [Speech; 4] = [
    Speech::Messages,
    Speech::Chat,
    Speech::Responses,
    Speech::Gemini,
];

/// Full accounts, and who waits for them.
struct Line {
    weir: Arc<Weir>,
    held: Vec<Answer>,
    waiting: Vec<Waiting>,
    running: JoinSet<()>,
}

/// A client, what it asks for, and where it is heard.
struct Waiting {
    client: String,
    streams: Vec<Speech>,
    tap: Tap,
}

/// A stream that was waited for.
#[derive(Debug)]
pub(crate) struct Waited {
    pub(crate) client: String,
    pub(crate) stream: Speech,
    pub(crate) heartbeats: usize,
}

/// # Panics
/// When a client fails, or does not wait.
pub(crate) async fn for_streams(wait: Duration) -> Vec<Waited> {
    let mut line = Line::new().await;
    for runtime in Runtime::ALL {
        line.run_script(runtime, "heartbeats").await;
    }
    for agent in Agent::ALL {
        let url = line.join(agent.package(), &[agent.speech()]).await;
        let desk = Desk::new(agent, &url, &line.weir.key);
        line.running.spawn(async move {
            desk.say(Prompt::First, "Say hi.").await;
        });
    }
    let waited = line.serve_after(wait).await;
    waited.iter().flat_map(Waiting::waited).collect()
}

/// Each in a line of its own, since runtimes are not equally fast to ask, and nobody may wait much longer.
///
/// # Panics
/// When a client fails, or does not wait.
pub(crate) async fn for_wholes(runtime: Runtime, wait: Duration) {
    let mut line = Line::new().await;
    line.run_script(runtime, "patience").await;
    line.serve_after(wait).await;
}

impl Line {
    async fn new() -> Self {
        let brief = Behaviour {
            chunks: 4,
            ..Behaviour::default()
        };
        let kinds = &["anthropic", "openai", "openai", "gemini"];
        let setup = Weir::setup().behaviour(brief).accounts(4).kinds(kinds);
        let weir = setup.max_concurrent(1).start().await;
        let mut held = Vec::new();
        for stream in STREAMS {
            held.push(weir.ask(stream.stream(HELD)).await);
        }
        Self {
            weir: Arc::new(weir),
            held,
            waiting: Vec::new(),
            running: JoinSet::new(),
        }
    }

    async fn run_script(&mut self, runtime: Runtime, script: &'static str) {
        let url = self.join(&format!("{runtime:?}"), &STREAMS).await;
        let weir = Arc::clone(&self.weir);
        self.running
            .spawn(async move { runtime.run(script, &weir, &url).await });
    }

    /// Where the client is to ask.
    async fn join(&mut self, client: &str, streams: &[Speech]) -> String {
        let tap = Tap::start(self.weir.addr()).await;
        let url = tap.url();
        self.waiting.push(Waiting {
            client: client.to_owned(),
            streams: streams.to_vec(),
            tap,
        });
        url
    }

    /// Gives room when all have waited for so long.
    async fn serve_after(mut self, wait: Duration) -> Vec<Waiting> {
        let all_asked = async {
            for client in &self.waiting {
                let asked = client.streams.len();
                client.tap.until(|talks| talks.len() >= asked).await;
            }
        };
        tokio::select! {
            ended = self.running.join_next() => panic!("a client did not wait: {ended:?}"),
            () = all_asked => {}
        }
        let ended = timeout(wait, self.running.join_next()).await;
        assert!(ended.is_err(), "a client did not wait: {ended:?}");
        drop(self.held);
        self.running.join_all().await;
        self.weir.until_nothing_is_held().await;
        self.waiting
    }
}

impl Waiting {
    fn waited(&self) -> Vec<Waited> {
        let talks = self.tap.talks();
        let of = |stream: &Speech| Waited {
            client: self.client.clone(),
            stream: *stream,
            heartbeats: talks
                .iter()
                .filter_map(|talk| talk.heartbeats(*stream))
                .sum(),
        };
        self.streams.iter().map(of).collect()
    }
}
