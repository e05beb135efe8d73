//! A caller: one request after the other, each drawn in full before it is sent, each under a model of its own, so that
//! everybody's account of it can be compared.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use harness::http::{Answer, Body, End};
use harness::weir::message;
use harness::{Draw, time};
use serde_json::json;
use tokio::time::{sleep, timeout};

const PAUSE: Duration = Duration::from_millis(50);
/// Of somebody who has spent all.
const LONG_PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Caller {
    pub(crate) number: u32,
    /// The place of its key, and the key.
    pub(crate) key: (u32, String),
    pub(crate) relays: Vec<SocketAddr>,
    pub(crate) leave_percent: i64,
    pub(crate) draw: Draw,
}

/// How callers are refused whose user has spent all.
pub(crate) const SPENT: &str = "weir_user_spend 429";

/// What a caller saw of one call.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) model: String,
    /// The place of the relay that was called.
    pub(crate) relay: usize,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    /// The relay's name for it.
    pub(crate) request: Option<String>,
    pub(crate) saw: Saw,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Saw {
    Whole,
    /// It went away itself.
    Left,
    /// An answer that did not end as it should.
    Broken,
    Nothing,
    /// By the relay's word for it, with the status.
    Refused(String),
}

impl Saw {
    /// Before the next call, which another relay gets.
    fn pause(&self) -> Option<Duration> {
        match self {
            Self::Whole | Self::Left => None,
            Self::Refused(code) if code == SPENT => Some(LONG_PAUSE),
            Self::Broken | Self::Nothing | Self::Refused(_) => Some(PAUSE),
        }
    }
}

/// The place of the key whose caller asks for this model.
pub(crate) fn key_of(model: &str) -> Option<u32> {
    model
        .strip_prefix("claude-")?
        .split('-')
        .next()?
        .parse()
        .ok()
}

impl Caller {
    pub(crate) async fn call_until(mut self, end: Instant) -> Vec<Seen> {
        let mut seen = Vec::new();
        let mut relay = self.number as usize % self.relays.len();
        while time::now() < end {
            let model = format!("claude-{}-{}-{}", self.key.0, self.number, seen.len());
            let one = self.call(model, relay).await;
            if let Some(pause) = one.saw.pause() {
                sleep(pause).await;
                relay = (relay + 1) % self.relays.len();
            }
            seen.push(one);
        }
        seen
    }

    async fn call(&mut self, model: String, relay: usize) -> Seen {
        let draw = &mut self.draw;
        let mock = format!(
            "input_tokens={};output_tokens={};latency_ms={};chunks={};delay_ms={}",
            draw.between(1, 5_000),
            draw.between(1, 500),
            draw.between(0, 40),
            draw.between(1, 12),
            draw.between(1, 40),
        );
        let call = message(&mock, &json!({"model": model, "stream": draw.percent(80)}));
        let call = call.header("x-api-key", &self.key.1);
        let leaves = draw.percent(self.leave_percent);
        let patience = match leaves {
            true => Duration::from_millis(draw.between(1, 400).unsigned_abs()),
            false => Duration::MAX,
        };
        let (began, mut request) = (time::now(), None);
        let work = async {
            match call.try_send(self.relays[relay]).await {
                Ok(answer) => {
                    request = answer.header("x-weir-request-id").map(str::to_owned);
                    read(answer).await
                }
                Err(_) => Saw::Nothing,
            }
        };
        let saw = timeout(patience, work).await.unwrap_or(Saw::Left);
        Seen {
            model,
            relay,
            began,
            ended: time::now(),
            request,
            saw,
        }
    }
}

async fn read(answer: Answer) -> Saw {
    if answer.status != 200 {
        let code = answer.header("x-weir-error").unwrap_or("of the upstream");
        return Saw::Refused(format!("{code} {}", answer.status));
    }
    match is_whole(&answer.whole().await) {
        true => Saw::Whole,
        false => Saw::Broken,
    }
}

fn is_whole(body: &Body) -> bool {
    let text = body.text();
    let ended = "data: {\"type\":\"message_stop\"}\n\n";
    let is_one = || serde_json::from_str::<serde_json::Value>(&text).is_ok();
    body.end == End::Clean && (text.ends_with(ended) || is_one())
}
