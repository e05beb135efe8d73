//! Callers of Responses, as Codex makes them: nothing is stored, and all that was said comes again each time. Their accounts
//! speak Messages, or have no API of OpenAI's but chat completions.

use harness::Speech;
use harness::Weir;
use harness::http::Call;
use harness::weir::Setup;
use serde_json::{Value, json};
use weir_relay::mock::Behaviour;

use super::{behaviour, events};
use crate::upstreams::{generations, refusing, text, upstream};

/// The kind of accounts that answer, and their lines in the configuration.
const WAYS: [(&str, &str); 2] = [
    (
        "anthropic",
        "translate = true\nmodels = { \"gpt-*\" = \"claude-mock-1\" }",
    ),
    ("openai", "translate = true\nresponses = false"),
];

fn setup((kind, lines): (&'static str, &str)) -> Setup {
    let kinds: &'static [&'static str] = match kind {
        "anthropic" => &["anthropic"],
        _ => &["openai"],
    };
    Weir::setup().kinds(kinds).account_line(lines)
}

fn asked(rest: &Value) -> Call {
    Speech::Responses.message("", rest)
}

/// A tool, and one of a namespace.
fn tools() -> Value {
    let schema = json!({"type": "object", "required": ["place"], "properties": {"place": {"type": "string"}}});
    let weather =
        json!({"type": "function", "name": "weather", "parameters": schema, "strict": false});
    let sky =
        json!({"type": "namespace", "name": "sky", "description": "Above.", "tools": [weather]});
    json!({"tools": [sky, {"type": "web_search", "external_web_access": false}], "store": false,
        "include": ["reasoning.encrypted_content"], "reasoning": {"summary": "auto"}})
}

#[tokio::test]
async fn an_answer_in_one_piece_is_a_response() {
    for way in WAYS {
        let weir = setup(way).behaviour(behaviour()).start().await;
        let answer = weir.ask(asked(&json!({"instructions": "Be brief."}))).await;
        assert_eq!(answer.status, 200);
        let response = answer.json().await;
        let said = &response["output"][0]["content"][0]["text"];
        assert_eq!(said, "The water passes ", "{response}");
        let usage = &response["usage"];
        let counted = [
            &usage["input_tokens"],
            &usage["input_tokens_details"]["cached_tokens"],
            &usage["output_tokens"],
        ];
        assert_eq!(json!(counted), json!([1101, 1000, 17]), "{response}");
        weir.until_nothing_is_held().await;
        let record = &weir.records(1).await[0];
        let numbers = ["input", "output", "cache_read", "outcome"].map(|field| text(record, field));
        assert_eq!(numbers, ["101", "17", "1000", "done"]);
        let last = weir.provider.stats().last.expect("it was asked");
        assert_eq!(
            last.path == "/v1/messages",
            way.0 == "anthropic",
            "{}",
            last.path
        );
    }
}

#[tokio::test]
async fn streams_with_thoughts_and_parallel_calls_come_as_they_are_made_and_go_back() {
    for way in WAYS {
        for split in [None, Some(1), Some(50)] {
            let talkative = Behaviour {
                calls: 2,
                thoughts: true,
                split,
                ..behaviour()
            };
            let weir = setup(way).behaviour(talkative).start().await;
            let mut rest = tools();
            rest["stream"] = true.into();
            let stream = weir.ask(asked(&rest)).await.text().await;
            let events = events(&stream);
            let numbers = events
                .iter()
                .map(|(_, data)| data["sequence_number"].as_u64());
            assert!(numbers.eq((0..).map(Some).take(events.len())), "{stream}");
            let (name, last) = events.last().expect("there are events");
            assert_eq!(name, "response.completed", "{stream}");
            let output = last["response"]["output"].as_array().expect("it is one");
            let kinds: Vec<_> = output.iter().map(|item| item["type"].as_str()).collect();
            let expected = ["reasoning", "message", "function_call", "function_call"];
            assert_eq!(kinds, expected.map(Some), "{stream}");
            let call = &output[2];
            assert_eq!(
                json!([call["namespace"], call["name"], call["arguments"]]),
                json!(["sky", "weather", "{\"place\":\"mock\"}"])
            );
            let said = |kind: &str| -> String {
                let of = events.iter().filter(|(name, _)| name == kind);
                of.filter_map(|(_, data)| data["delta"].as_str()).collect()
            };
            let thought = said("response.reasoning_summary_text.delta");
            assert_eq!(thought, "Water has to be let through.");
            assert_eq!(said("response.output_text.delta"), "The water passes ");

            let mut input = vec![json!({"role": "user", "content": "hi"})];
            input.extend(output.iter().cloned());
            input.extend(output[2..].iter().map(|call| {
                json!({"type": "function_call_output", "call_id": call["call_id"], "output": "rain"})
            }));
            rest["input"] = input.into();
            let stream = weir.ask(asked(&rest)).await.text().await;
            // The simulated upstream calls no tool whose result it has.
            assert!(stream.contains("response.completed"), "{stream}");
            assert!(!stream.contains("function_call_arguments"), "{stream}");
            weir.until_nothing_is_held().await;
        }
    }
}

#[tokio::test]
async fn what_was_stored_or_thought_elsewhere_is_never_translated() {
    for way in WAYS {
        let weir = setup(way).start().await;
        let reasoning = json!({"input": [
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
            {"role": "user", "content": "hi"},
        ]});
        let refused = [
            (
                json!({"previous_response_id": "resp_1"}),
                404,
                "weir_unknown_id",
                "resp_1",
            ),
            (
                reasoning,
                400,
                "weir_untranslatable",
                "`input.0.encrypted_content`",
            ),
        ];
        for (rest, status, word, said) in refused {
            let answer = weir.ask(asked(&rest)).await;
            let told = answer.header("x-weir-error").map(str::to_owned);
            let of = (answer.status, told);
            let body = answer.json().await;
            let message = body["error"]["message"].as_str().expect("it says why");
            assert_eq!(of, (status, Some(word.to_owned())), "{body}");
            assert!(message.contains(said), "{body}");
        }
        assert_eq!(weir.provider.stats().requests.len(), 0);
    }
}

/// A session of Codex's that began with Messages goes on there, with what was thought there, though who speaks Responses
/// is back; what only that one has thought goes to nobody else.
#[tokio::test]
async fn a_session_stays_with_the_kind_that_it_has_begun_with() {
    let other = upstream(Behaviour::default());
    let setup = Weir::setup()
        .kinds(&["openai", "anthropic"])
        .behaviour(refusing(500))
        .account_at(&other, WAYS[0].1);
    let weir = setup.start().await;
    let ask = async |session: &str, input: Value| {
        let call = asked(&json!({"input": input, "store": false}));
        let answer = weir.ask(call.header("session-id", session)).await;
        assert_eq!(answer.status, 200);
        answer.text().await;
        weir.until_nothing_is_held().await;
        (generations(&weir.provider), generations(&other))
    };
    let first = "00000000-0000-4000-8000-000000000001";
    let hi = json!({"role": "user", "content": "hi"});
    let (_, served) = ask(first, json!([hi])).await;
    assert_eq!(served, 1);
    weir.provider.set_behaviour(Behaviour::default());
    let (before, _) = ask(first, json!([hi])).await;
    let thought = json!({"type": "reasoning", "id": "rs_weir_1_0", "summary": [{"type": "summary_text", "text": "Hm."}]});
    let said = json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Ho."}]});
    let after = ask(first, json!([hi, thought, said, hi])).await;
    assert_eq!(after, (before, 3));
    let sealed =
        json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"});
    let second = "00000000-0000-4000-8000-000000000002";
    let after = ask(second, json!([hi, sealed, said, hi])).await;
    assert_eq!(after, (before + 1, 3));
}

#[tokio::test]
async fn without_translation_an_account_without_responses_serves_none() {
    let setup = Weir::setup().kinds(&["openai"]);
    let weir = setup.account_line("responses = false").start().await;
    let answer = weir.ask(asked(&json!({}))).await;
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (404, Some("weir_no_model"))
    );
    let chat = weir.ask(Speech::Chat.message("", &json!({}))).await;
    assert_eq!(chat.status, 200);
}
