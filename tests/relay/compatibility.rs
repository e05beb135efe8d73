//! The table of `docs/clients.md`, produced: what it says of each SDK is run here, for Python and for Node.js, against a
//! relay of its own. Which script shows what stands in `table`.

mod table;

use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::thread;

use harness::http::Answer;
use harness::tap::Talk;
use harness::weir::Setup;
use harness::{Runtime, Speech, Tap, Weir};
use weir_relay::mock::Behaviour;

use crate::sdk::{OFTEN, behaviour};
use table::{Capability, ROWS, Row};

/// Holds its slots until the caller hangs up.
const HELD: &str = "chunks=9;stall_after=4";

/// Of a wait, one each 100 ms.
const BEATS: usize = 20;

/// The streams that scripts ask for in line.
const STREAMS: [Speech; 4] = [
    Speech::Messages,
    Speech::Chat,
    Speech::Responses,
    Speech::Gemini,
];

#[test]
fn the_documents_have_the_table_of_what_is_tested() {
    let text = table::read("docs/clients.md");
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with("| SDK | API |"));
    let rows: Vec<_> = rows.take_while(|line| line.starts_with('|')).collect();
    let tested = table::lines();
    assert_eq!(rows, tested, "it is to be\n{}", tested.join("\n"));
}

#[test]
fn every_sdk_gets_answers_streams_tools_images_and_errors() {
    everywhere(ROWS.iter(), at_once);
}

#[test]
fn every_sdk_tries_again_when_it_is_told_to_come_back() {
    everywhere(ROWS.iter(), |row, runtime| {
        refused_at_first(row, runtime, 429, Some(1))
    });
}

#[test]
fn every_sdk_tries_again_when_a_provider_fails() {
    everywhere(ROWS.iter(), |row, runtime| {
        refused_at_first(row, runtime, 503, None)
    });
}

#[test]
fn every_sdk_that_knows_of_overload_tries_again_then() {
    everywhere(
        ROWS.iter().filter(|row| row.retries_overload),
        |row, runtime| refused_at_first(row, runtime, 529, None),
    );
}

#[tokio::test]
async fn every_sdk_waits_in_line_for_a_stream() {
    let all_were_kept = |talks: &[Talk]| {
        STREAMS.iter().all(|speech| {
            let beats = talks.iter().filter_map(|talk| talk.heartbeats(*speech));
            beats.max() >= Some(BEATS)
        })
    };
    let waited = async |_: &Weir, tap: &Tap| tap.until(all_were_kept).await;
    for script in in_their_own_words(Capability::WaitsForStreams) {
        run_in_line(script, waited).await;
    }
}

#[tokio::test]
async fn every_sdk_waits_in_line_for_an_answer_in_one_piece() {
    let waited = async |weir: &Weir, tap: &Tap| {
        until_asked(tap, STREAMS.len()).await;
        until_another_waited(weir).await;
        let talks = tap.talks();
        assert!(
            talks.iter().all(|talk| talk.answered.is_empty()),
            "{talks:?}"
        );
    };
    for script in in_their_own_words(Capability::WaitsForAnswers) {
        run_in_line(script, waited).await;
    }
}

#[test]
fn every_sdk_waits_for_models_of_another_api() {
    everywhere(ROWS.iter().filter(|row| row.models.is_some()), waits);
}

async fn at_once(row: &'static Row, runtime: Runtime) {
    let shown = [
        Capability::Answers,
        Capability::Streams,
        Capability::Tools,
        Capability::Images,
        Capability::Errors,
    ];
    for script in row.scripts(&shown) {
        let weir = setup(row).start().await;
        runtime.run(script, &weir, &weir.relay.url()).await;
        weir.until_nothing_is_held().await;
    }
}

/// The provider refuses, until an SDK was told so.
async fn refused_at_first(
    row: &'static Row,
    runtime: Runtime,
    status: u16,
    retry_after: Option<u32>,
) {
    let refusing = Behaviour {
        status: Some(status),
        retry_after,
        ..spoken(row)
    };
    let weir = setup(row).behaviour(refusing).start().await;
    let tap = Tap::start(weir.addr()).await;
    let url = tap.url();
    let mut running = pin!(runtime.run(row.script(Capability::Retries), &weir, &url));
    let refusal = format!("HTTP/1.1 {status} ");
    let refused = |talks: &[Talk]| talks.iter().any(|talk| talk.answered.starts_with(&refusal));
    run_until(running.as_mut(), tap.until(refused)).await;
    weir.provider.set_behaviour(spoken(row));
    running.await;
    weir.until_nothing_is_held().await;
}

/// The first request waits in line, and those after it for slow answers.
async fn waits(row: &'static Row, runtime: Runtime) {
    let slow = Behaviour {
        latency_ms: 500,
        delay_ms: 200,
        ..spoken(row)
    };
    let stalling = Behaviour {
        stall_after: Some(4),
        ..spoken(row)
    };
    for script in row.scripts(&[Capability::WaitsForAnswers, Capability::WaitsForStreams]) {
        let setup = setup(row).behaviour(stalling.clone()).head(OFTEN);
        let weir = setup.max_concurrent(1).start().await;
        let mut held = weir.ask(Speech::Chat.stream("")).await;
        held.until("data: ").await;
        weir.provider.set_behaviour(slow.clone());
        let tap = Tap::start(weir.addr()).await;
        let url = tap.url();
        let mut running = pin!(runtime.run(script, &weir, &url));
        let waited = async {
            until_asked(&tap, 1).await;
            until_another_waited(&weir).await;
        };
        run_until(running.as_mut(), waited).await;
        drop(held);
        running.await;
        weir.until_nothing_is_held().await;
    }
}

/// Runs a script for each runtime, which has to wait; there is room when it has `waited`.
async fn run_in_line(script: &str, waited: impl AsyncFn(&Weir, &Tap)) {
    for runtime in Runtime::ALL {
        let (weir, tap, held) = full().await;
        let url = tap.url();
        let mut running = pin!(runtime.run(script, &weir, &url));
        run_until(running.as_mut(), waited(&weir, &tap)).await;
        drop(held);
        running.await;
        weir.until_nothing_is_held().await;
    }
}

/// Each account has room for one, which somebody has.
async fn full() -> (Weir, Tap, Vec<Answer>) {
    let setup = Weir::setup().behaviour(behaviour()).head(OFTEN);
    let kinds = &["anthropic", "openai", "openai", "gemini"];
    let setup = setup.accounts(4).kinds(kinds).max_concurrent(1);
    let weir = setup.start().await;
    let mut held = Vec::new();
    for speech in STREAMS {
        held.push(weir.ask(speech.stream(HELD)).await);
    }
    let tap = Tap::start(weir.addr()).await;
    (weir, tap, held)
}

/// A script cannot end before something was seen that is in its way.
async fn run_until(running: Pin<&mut impl Future<Output = ()>>, seen: impl Future<Output = ()>) {
    tokio::select! {
        () = running => panic!("nothing was in its way"),
        () = seen => {}
    }
}

async fn until_asked(tap: &Tap, requests: usize) {
    let asked = |talk: &&Talk| talk.asked.ends_with('}');
    tap.until(|talks| talks.iter().filter(asked).count() == requests)
        .await;
}

/// By its heartbeats: who came before it gets none.
async fn until_another_waited(weir: &Weir) {
    let mut another = weir.ask(Speech::Chat.stream("")).await;
    another.until(&": keep-alive\n\n".repeat(BEATS)).await;
}

/// The scripts that show it of an SDK on accounts of its own API, in which every SDK asks at once.
fn in_their_own_words(capability: Capability) -> BTreeSet<&'static str> {
    let rows = ROWS.iter().filter(|row| row.models.is_none());
    rows.map(|row| row.script(capability)).collect()
}

/// Runs something of each row for each runtime: rows at once, each on a thread of its own, as tests run.
fn everywhere<F>(
    rows: impl Iterator<Item = &'static Row>,
    run: impl Fn(&'static Row, Runtime) -> F + Sync,
) where
    F: Future<Output = ()>,
{
    let run_row = |row| {
        let mut here = tokio::runtime::Builder::new_current_thread();
        let here = here.enable_all().build().expect("a thread can wait");
        for runtime in Runtime::ALL {
            here.block_on(run(row, runtime));
        }
    };
    thread::scope(|scope| {
        for row in rows {
            let run_row = &run_row;
            scope.spawn(move || run_row(row));
        }
    });
}

fn setup(row: &Row) -> Setup {
    let setup = Weir::setup().kinds(row.kinds).behaviour(spoken(row));
    match row.models {
        Some(models) => setup.account_line(&format!("translate = true\nmodels = {{ {models} }}")),
        None => setup,
    }
}

/// What is translated has a thought, and parallel calls.
fn spoken(row: &Row) -> Behaviour {
    let translated = row.models.is_some();
    Behaviour {
        thoughts: translated,
        calls: if translated { 2 } else { 1 },
        ..behaviour()
    }
}
