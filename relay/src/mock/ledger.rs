//! What the simulated upstream saw: requests by route, generations at once by key, and the last request; told one by one
//! to whoever watches. Credentials stay in memory only and leave as digests. Only generations count as concurrent: the
//! rest costs no slot.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

/// Headers whose values are credentials.
const CREDENTIALS: [&str; 7] = [
    "api-key",
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-amz-security-token",
    "x-api-key",
    "x-goog-api-key",
];

/// What `GET /mock/stats` answers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Stats {
    /// By route, such as `POST /v1/messages`.
    pub requests: BTreeMap<String, u64>,
    /// Generations answered as a stream.
    pub streams: u64,
    /// Generations whose caller went away before their end.
    pub aborted: u64,
    /// Generations now, from the request's head to the last byte of its answer.
    pub in_flight: u64,
    pub max_in_flight: u64,
    /// Generations that began while their key already had as many as the limit.
    pub violations: u64,
    /// By `key_digest` of the credential.
    pub keys: BTreeMap<String, KeyStats>,
    pub last: Option<LastRequest>,
}

/// One credential's generations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyStats {
    pub generations: u64,
    pub in_flight: u64,
    pub max_in_flight: u64,
    pub violations: u64,
}

/// The most recent request to a provider's route, credentials as `key_digest`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRequest {
    pub method: String,
    pub path: String,
    pub query: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body_bytes: usize,
    /// Lower-case hex.
    pub body_sha256: String,
}

/// Something that happened to a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number, from 1 on.
    pub generation: u64,
    pub at: Instant,
    pub what: Happened,
}

/// The life of a generation, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// Its head has come, under the credential with this `key_digest`.
    Began { key: Arc<str> },
    /// All of its body has come.
    Asked { model: String },
    /// Its answer begins.
    Answered {
        input_tokens: u64,
        output_tokens: u64,
    },
    /// The last byte of its answer is handed out.
    Landed,
    /// Instead: its caller went away.
    Aborted,
}

/// Stands for a credential wherever it is shown: `sha256:` and the first 12 hex digits.
pub fn key_digest(key: &str) -> String {
    format!("sha256:{}", &hex::encode(Sha256::digest(key))[..12])
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    limit: Option<u64>,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    requests: HashMap<&'static str, u64>,
    streams: u64,
    aborted: u64,
    total: KeyStats,
    keys: HashMap<HeaderValue, (Arc<str>, KeyStats)>,
    last: Option<(Parts, Bytes)>,
    watcher: Option<Sender<Event>>,
}

impl Ledger {
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self {
            limit,
            entries: Mutex::default(),
        }
    }

    pub(super) fn count(&self, route: &'static str) {
        *self.entries().requests.entry(route).or_default() += 1;
    }

    pub(super) fn count_stream(&self) {
        self.entries().streams += 1;
    }

    pub(super) fn keep(&self, head: Parts, body: Bytes) {
        self.entries().last = Some((head, body));
    }

    /// All that happens from now on, in its order. The last one to ask is told.
    pub(super) fn watch(&self) -> Receiver<Event> {
        let (watcher, events) = channel();
        self.entries().watcher = Some(watcher);
        events
    }

    /// A generation under `key` has begun; it lasts as long as the value.
    pub(super) fn take_off(self: &Arc<Self>, key: HeaderValue) -> Flight {
        let mut entries = self.entries();
        let of_key = entries.keys.entry(key.clone());
        let (digest, stats) =
            of_key.or_insert_with(|| (digest_of(&key).into(), KeyStats::default()));
        let (digest, over) = (Arc::clone(digest), stats.take_off(self.limit));
        entries.total.take_off(None);
        entries.total.violations += over;
        let number = entries.total.generations;
        entries.tell(number, Happened::Began { key: digest });
        Flight {
            ledger: Arc::clone(self),
            number,
            key,
            landed: false,
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let entries = self.entries();
        Stats {
            requests: entries
                .requests
                .iter()
                .map(|(route, count)| (route.to_string(), *count))
                .collect(),
            streams: entries.streams,
            aborted: entries.aborted,
            in_flight: entries.total.in_flight,
            max_in_flight: entries.total.max_in_flight,
            violations: entries.total.violations,
            keys: entries
                .keys
                .values()
                .map(|(digest, stats)| (digest.to_string(), *stats))
                .collect(),
            last: entries
                .last
                .as_ref()
                .map(|(head, body)| LastRequest::new(head, body)),
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries
            .lock()
            .expect("nobody panics while holding the entries")
    }
}

impl Entries {
    /// A watcher that has gone is not told any more.
    fn tell(&mut self, generation: u64, what: Happened) {
        let at = Instant::now();
        let event = Event {
            generation,
            at,
            what,
        };
        self.watcher.take_if(|watcher| watcher.send(event).is_err());
    }
}

impl KeyStats {
    /// 1 if this is more at once than `limit`.
    fn take_off(&mut self, limit: Option<u64>) -> u64 {
        self.generations += 1;
        self.in_flight += 1;
        self.max_in_flight = self.max_in_flight.max(self.in_flight);
        let over = u64::from(limit.is_some_and(|limit| self.in_flight > limit));
        self.violations += over;
        over
    }
}

/// One generation, from its request's head to the last byte of its answer. Dropped before that, it was aborted.
#[derive(Debug)]
pub(super) struct Flight {
    ledger: Arc<Ledger>,
    number: u64,
    key: HeaderValue,
    landed: bool,
}

impl Flight {
    /// The credential of its account.
    pub(super) fn key(&self) -> &HeaderValue {
        &self.key
    }

    pub(super) fn asked(&self, model: &str) {
        let model = model.to_owned();
        self.tell(Happened::Asked { model });
    }

    pub(super) fn answered(&self, input_tokens: u64, output_tokens: u64) {
        self.tell(Happened::Answered {
            input_tokens,
            output_tokens,
        });
    }

    pub(super) fn land(mut self) {
        self.landed = true;
    }

    fn tell(&self, what: Happened) {
        self.ledger.entries().tell(self.number, what);
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut entries = self.ledger.entries();
        entries.total.in_flight -= 1;
        entries.aborted += u64::from(!self.landed);
        if let Some((_, stats)) = entries.keys.get_mut(&self.key) {
            stats.in_flight -= 1;
        }
        let ended = match self.landed {
            true => Happened::Landed,
            false => Happened::Aborted,
        };
        entries.tell(self.number, ended);
    }
}

impl LastRequest {
    fn new(head: &Parts, body: &Bytes) -> Self {
        Self {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            headers: redacted(&head.headers),
            body_bytes: body.len(),
            body_sha256: hex::encode(Sha256::digest(body)),
        }
    }
}

fn redacted(headers: &HeaderMap) -> Vec<(String, String)> {
    let shown = headers.iter().map(|(name, value)| {
        let shown = if CREDENTIALS.contains(&name.as_str()) {
            digest_of(value)
        } else {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        (name.to_string(), shown)
    });
    shown.collect()
}

fn digest_of(credential: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(credential.as_bytes());
    key_digest(text.strip_prefix("Bearer ").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: HeaderValue = HeaderValue::from_static("sk-secret-1");

    #[test]
    fn a_flight_counts_until_it_lands_or_is_dropped() {
        let ledger = Arc::new(Ledger::new(Some(1)));
        let first = ledger.take_off(KEY);
        let second = ledger.take_off(KEY);
        let other = ledger.take_off(HeaderValue::from_static("Bearer sk-secret-2"));
        first.land();
        drop((second, other));
        let stats = ledger.stats();
        assert_eq!(
            (
                stats.in_flight,
                stats.max_in_flight,
                stats.aborted,
                stats.violations
            ),
            (0, 3, 2, 1)
        );
        let expected = KeyStats {
            generations: 2,
            in_flight: 0,
            max_in_flight: 2,
            violations: 1,
        };
        assert_eq!(stats.keys[&key_digest("sk-secret-1")], expected);
        assert_eq!(stats.keys[&key_digest("sk-secret-2")].generations, 1);
    }

    #[test]
    fn a_watcher_is_told_what_happens_to_each_generation() {
        let ledger = Arc::new(Ledger::default());
        ledger.take_off(KEY).land();
        let events = ledger.watch();
        let flight = ledger.take_off(KEY);
        flight.asked("m");
        flight.answered(3, 4);
        drop(flight);
        let told: Vec<_> = events
            .try_iter()
            .map(|event| (event.generation, event.what))
            .collect();
        let key = key_digest("sk-secret-1").into();
        let expected = [
            Happened::Began { key },
            Happened::Asked { model: "m".into() },
            Happened::Answered {
                input_tokens: 3,
                output_tokens: 4,
            },
            Happened::Aborted,
        ];
        assert_eq!(told, expected.map(|what| (2, what)));
        drop(events);
        ledger.take_off(KEY).land();
        assert_eq!(ledger.stats().in_flight, 0);
    }

    #[test]
    fn credentials_leave_as_digests() {
        let ledger = Ledger::default();
        let request = hyper::Request::post("/v1/messages?beta=true")
            .header("x-api-key", KEY)
            .header("anthropic-version", "2023-06-01")
            .body(())
            .unwrap();
        ledger.keep(request.into_parts().0, Bytes::from_static(b"abc"));
        let last = ledger.stats().last.unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [
            pair("x-api-key", &key_digest("sk-secret-1")),
            pair("anthropic-version", "2023-06-01"),
        ];
        assert_eq!(last.headers, expected);
        assert!(last.body_sha256.starts_with("ba7816bf8f01cfea"));
        assert!(
            !serde_json::to_string(&ledger.stats())
                .unwrap()
                .contains("sk-secret")
        );
    }
}
