//! Callers of Gemini's API, whose accounts speak Messages or chat completions.

use harness::weir::Setup;
use harness::{Speech, Weir};
use serde_json::{Value, json};
use weir_relay::mock::Behaviour;

use super::{behaviour, events, tools};
use crate::upstreams::{generations, refusing, text, upstream};

/// The kind of accounts that answer, and what they call the model.
const WAYS: [(&[&str], &str); 2] = [
    (&["anthropic"], "claude-mock-1"),
    (&["openai"], "gpt-mock-1"),
];

const STREAMS: [Speech; 2] = [Speech::Gemini, Speech::GeminiArray];

fn line(model: &str) -> String {
    format!("translate = true\nmodels = {{ \"gemini-*\" = \"{model}\" }}")
}

fn setup((kinds, model): (&'static [&'static str], &str)) -> Setup {
    Weir::setup().kinds(kinds).account_line(&line(model))
}

/// The chunks of a stream, in either form.
fn chunks(speech: Speech, stream: &str) -> Vec<Value> {
    match speech {
        Speech::GeminiArray => serde_json::from_str(stream).expect("it is one array"),
        _ => events(stream).into_iter().map(|(_, data)| data).collect(),
    }
}

fn parts(chunks: &[Value]) -> Vec<Value> {
    let of = |chunk: &Value| chunk["candidates"][0]["content"]["parts"].clone();
    let lists = chunks.iter().map(of);
    lists
        .flat_map(|list| list.as_array().cloned().unwrap_or_default())
        .collect()
}

#[tokio::test]
async fn an_answer_in_one_piece_is_gemini_s() {
    for way in WAYS {
        let weir = setup(way).behaviour(behaviour()).start().await;
        let answer = weir.ask(Speech::Gemini.message("", &json!({}))).await;
        assert_eq!(answer.status, 200);
        let body = answer.json().await;
        let candidate = &body["candidates"][0];
        assert_eq!(
            candidate["content"]["parts"][0]["text"],
            "The water passes "
        );
        assert_eq!(candidate["finishReason"], "STOP");
        let usage = &body["usageMetadata"];
        let counted = [
            &usage["promptTokenCount"],
            &usage["cachedContentTokenCount"],
            &usage["candidatesTokenCount"],
        ];
        assert_eq!(json!(counted), json!([1101, 1000, 17]), "{body}");
        assert_eq!(body["modelVersion"], way.1);
        weir.until_nothing_is_held().await;
        let record = &weir.records(1).await[0];
        let numbers = ["input", "output", "cache_read", "outcome"].map(|field| text(record, field));
        assert_eq!(numbers, ["101", "17", "1000", "done"]);
    }
}

#[tokio::test]
async fn streams_with_thoughts_and_parallel_calls_come_as_they_are_made_and_go_back() {
    for (way, speech) in WAYS.into_iter().zip(STREAMS) {
        for split in [None, Some(1), Some(50)] {
            let talkative = Behaviour {
                calls: 2,
                thoughts: true,
                split,
                ..behaviour()
            };
            let weir = setup(way).behaviour(talkative).start().await;
            let mut rest = tools(Speech::Gemini);
            let answer = weir.ask(speech.streamed("", &rest)).await;
            let kind = answer.header("content-type").expect("it says").to_owned();
            assert_eq!(
                kind == "application/json",
                speech == Speech::GeminiArray,
                "{kind}"
            );
            let chunks = chunks(speech, &answer.text().await);
            let said = parts(&chunks);
            assert_eq!(
                said[0],
                json!({"text": "Water has to be let through.", "thought": true})
            );
            let is_text = |part: &&Value| part["text"].is_string() && part["thought"].is_null();
            let texts = said.iter().filter(is_text);
            let texts: Vec<_> = texts.filter_map(|part| part["text"].as_str()).collect();
            assert_eq!(texts, ["The ", "water ", "passes "]);
            let calls: Vec<Value> = said
                .iter()
                .map(|part| part["functionCall"].clone())
                .collect();
            let calls: Vec<Value> = calls.into_iter().filter(|call| !call.is_null()).collect();
            let called = |call: &Value| json!([call["name"], call["args"]]);
            let expected = json!(["weather", {"place": "mock"}]);
            assert_eq!(
                calls.iter().map(called).collect::<Vec<_>>(),
                [expected.clone(), expected]
            );
            let last = chunks.last().expect("there are chunks");
            assert_eq!(last["candidates"][0]["finishReason"], "STOP");
            assert_eq!(last["usageMetadata"]["promptTokenCount"], 1101);

            let results = calls.iter().map(|call| {
                json!({"functionResponse": {"id": call["id"], "name": "weather", "response": {"output": "rain"}}})
            });
            rest["contents"] = json!([
                {"role": "user", "parts": [{"text": "hi"}]},
                {"role": "model", "parts": said},
                {"role": "user", "parts": results.collect::<Vec<_>>()},
            ]);
            let answer = weir.ask(speech.streamed("", &rest)).await;
            assert_eq!(answer.status, 200);
            let answer = answer.text().await;
            // The simulated upstream calls no tool whose result it has.
            assert!(
                answer.contains("passes") && !answer.contains("functionCall"),
                "{answer}"
            );
            weir.until_nothing_is_held().await;
        }
    }
}

#[tokio::test]
async fn an_array_that_is_cut_is_closed_with_an_error() {
    let cut = Behaviour {
        close_after: Some(3),
        ..behaviour()
    };
    let weir = setup(WAYS[1]).behaviour(cut).start().await;
    let stream = weir.ask(Speech::GeminiArray.stream("")).await.text().await;
    let chunks = chunks(Speech::GeminiArray, &stream);
    let error = &chunks.last().expect("there is one")["error"];
    assert_eq!(error["details"][0]["reason"], "weir_upstream_broke_off");
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn heartbeats_are_empty_lines() {
    let before = Behaviour {
        pause: true,
        ..behaviour()
    };
    let within = Behaviour {
        pause_after: Some(4),
        ..behaviour()
    };
    let often = "[waiting]\ngrace_ms = 100\nheartbeat_ms = 100\nsilence_ms = 100";
    let weir = setup(WAYS[0]).behaviour(before).head(often).start().await;
    let mut late = weir.ask(Speech::Gemini.stream("")).await;
    late.until("\n\n\n\n").await;
    weir.provider.resume();
    let late = late.text().await;
    let (heard, _) = late.split_once("data: ").expect("it begins");
    assert!(heard.len() >= 4 && heard.trim().is_empty(), "{late}");
    weir.provider.set_behaviour(within);
    let mut silent = weir.ask(Speech::Gemini.stream("")).await;
    let has_begun = |heard: &str| heard.trim_start().starts_with("data: ");
    silent
        .until_it("heartbeats", |heard| {
            has_begun(heard) && heard.ends_with("\n\n\n\n")
        })
        .await;
    weir.provider.resume();
    for stream in [late, silent.text().await] {
        assert!(!stream.contains("ping"), "{stream}");
    }
}

/// Accounts of both other kinds may stand in one group: what has begun with one goes on there.
#[tokio::test]
async fn a_conversation_stays_with_the_kind_that_it_has_begun_with() {
    let other = upstream(Behaviour::default());
    let setup = Weir::setup()
        .kinds(&["anthropic", "openai"])
        .account_line(&line("claude-mock-1"))
        .behaviour(refusing(500))
        .account_at(&other, &line("gpt-mock-1"));
    let weir = setup.start().await;
    let ask = async |contents: Value| {
        let answer = weir
            .ask(Speech::Gemini.message("", &json!({"contents": contents})))
            .await;
        assert_eq!(answer.status, 200);
        answer.text().await;
        weir.until_nothing_is_held().await;
        (generations(&weir.provider), generations(&other))
    };
    let user = |text: &str| json!({"role": "user", "parts": [{"text": text}]});
    let (_, served) = ask(json!([user("begin")])).await;
    assert_eq!(served, 1);
    weir.provider.set_behaviour(Behaviour::default());
    let before = generations(&weir.provider);
    let model = json!({"role": "model", "parts": [{"text": "The water"}]});
    let after = ask(json!([user("begin"), model, user("go on")])).await;
    assert_eq!(after, (before, 2));
}
