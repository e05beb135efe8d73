//! How often the next turn of a conversation reaches the account that has the one before in its prompt cache: with room
//! for everybody, and where the limits are so tight that some turns go elsewhere. The relay runs in this process.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use harness::http::{Answer, Call};
use harness::{Draw, Weir};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::report;

const ACCOUNTS: u32 = 4;
const CONVERSATIONS: usize = 200;
const TURNS: usize = 20;
const SEED: u64 = 20_261_120;
/// How long an account takes for a turn, in milliseconds; and the user, between two.
const SERVICE_MS: [i64; 2] = [300, 1_140];
const THINKING_MS: [i64; 2] = [0, 4_000];
/// So many turns of an account at once that about one in ten waits for it in vain.
const TIGHT: u32 = 8;

/// Where a client puts the mark of what the provider is to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Nowhere,
    /// At what is new in each turn, and so at another place than before.
    Moves,
}

/// What came of all turns.
#[derive(Debug, Default)]
struct Outcome {
    /// Of those that have one before them: how many were served where that one was.
    kept: usize,
    /// Of all: how many were not let to the account that knows them.
    spilled: usize,
    /// The longest wait of any turn, in milliseconds.
    longest_ms: u64,
    took: Duration,
}

pub(crate) fn run() {
    report::title("The relay's affinity");
    println!(
        "{CONVERSATIONS} conversations of {TURNS} turns over {ACCOUNTS} accounts, patience as it is by default; a turn takes \
         {} to {} ms, its user {} to {} ms before the next. Seed {SEED}.\n",
        SERVICE_MS[0], SERVICE_MS[1], THINKING_MS[0], THINKING_MS[1]
    );
    report::table(&[
        "limit of an account",
        "`cache_control`",
        "turns where the one before was, %",
        "not let there, %",
        "longest wait, ms",
        "all, s",
    ]);
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    for (limit, least) in [(TIGHT, 88.0), (0, 99.9)] {
        for mark in [Mark::Nowhere, Mark::Moves] {
            let outcome = runtime.block_on(converse(limit, mark));
            row(limit, mark, least, &outcome);
        }
    }
}

fn row(limit: u32, mark: Mark, least: f64, outcome: &Outcome) {
    let part = |turns: usize, all: usize| 100.0 * turns as f64 / all as f64;
    let kept = part(outcome.kept, CONVERSATIONS * (TURNS - 1));
    let spilled = part(outcome.spilled, CONVERSATIONS * TURNS);
    report::row(&[
        match limit {
            0 => "none".into(),
            limit => limit.to_string(),
        },
        match mark {
            Mark::Nowhere => "none".into(),
            Mark::Moves => "moves with every turn".into(),
        },
        report::at_least(kept, least, 2),
        format!("{spilled:.1}"),
        outcome.longest_ms.to_string(),
        format!("{:.0}", outcome.took.as_secs_f64()),
    ]);
}

async fn converse(limit: u32, mark: Mark) -> Outcome {
    let setup = Weir::setup().accounts(ACCOUNTS).max_concurrent(limit);
    let weir = setup.start().await;
    let began = Instant::now();
    let mut running = JoinSet::new();
    for conversation in 0..CONVERSATIONS {
        let (addr, key) = (weir.addr(), weir.key.clone());
        let mut draw = Draw::new(SEED, conversation as u64);
        running.spawn(async move {
            let mut requests = Vec::new();
            for turn in 0..TURNS {
                sleep(span(&mut draw, THINKING_MS)).await;
                let service = span(&mut draw, SERVICE_MS);
                let call = ask(conversation, turn, service, mark).header("x-api-key", &key);
                let answer = answered(call, addr).await;
                let request = answer.header("x-weir-request-id").map(str::to_owned);
                requests.extend(request);
                answer.text().await;
            }
            requests
        });
    }
    let conversations = running.join_all().await;
    let took = began.elapsed();
    let outcome = weigh(&weir, &conversations).await;
    weir.until_nothing_is_held().await;
    weir.relay.shutdown().await;
    Outcome { took, ..outcome }
}

/// By the records, which say who served a request and why.
async fn weigh(weir: &Weir, conversations: &[Vec<String>]) -> Outcome {
    let records = weir.records(CONVERSATIONS * TURNS).await;
    let field = |name| move |record: &harness::Reply| record.field(name).text();
    let (request, account) = (field("request"), field("account"));
    let (chosen, wait) = (field("chosen"), field("wait_ms"));
    let served: HashMap<String, String> = records
        .iter()
        .map(|record| (request(record), account(record)))
        .collect();
    let pairs = conversations.iter().flat_map(|turns| turns.windows(2));
    let is_kept = |pair: &&[String]| served[&pair[0]] == served[&pair[1]];
    let waits = records
        .iter()
        .filter_map(|record| wait(record).parse().ok());
    Outcome {
        kept: pairs.filter(is_kept).count(),
        spilled: records
            .iter()
            .filter(|record| chosen(record) == "spilled")
            .count(),
        longest_ms: waits.max().unwrap_or(0),
        took: Duration::ZERO,
    }
}

/// Asks again as long as the relay says that it may be asked again.
async fn answered(call: Call, addr: SocketAddr) -> Answer {
    loop {
        let answer = call.clone().send(addr).await;
        if answer.status == 200 {
            return answer;
        }
        sleep(Duration::from_secs(answer.number("retry-after"))).await;
    }
}

fn span(draw: &mut Draw, [least, most]: [i64; 2]) -> Duration {
    Duration::from_millis(draw.between(least, most).unsigned_abs())
}

/// What a client sends at its turn, counted from 0: all that was said.
fn ask(conversation: usize, turn: usize, service: Duration, mark: Mark) -> Call {
    let said = |place: usize| {
        let role = ["user", "assistant"][place % 2];
        let words = format!("{conversation}: {place}");
        match mark == Mark::Moves && place == 2 * turn {
            true => format!(
                r#"{{"role":"{role}","content":[{{"type":"text","text":"{words}","cache_control":{{"type":"ephemeral"}}}}]}}"#
            ),
            false => format!(r#"{{"role":"{role}","content":"{words}"}}"#),
        }
    };
    let messages: Vec<String> = (0..=2 * turn).map(said).collect();
    let messages = messages.join(",");
    let body = format!(
        r#"{{"model":"claude-mock-1","max_tokens":64,"stream":true,"messages":[{messages}],"system":"Be brief."}}"#
    );
    let path = format!(
        "/v1/messages?mock=chunks=1;latency_ms={}",
        service.as_millis()
    );
    Call::post(&path, body).header("anthropic-version", "2023-06-01")
}
