//! What holds of answers in every dialect: bytes pass, a stream that was cut ends with an error, usage is booked.

use harness::http::{Call, End};
use harness::{Speech, Weir};
use serde_json::{Value, json};

const USAGE: &str = "input_tokens=101;output_tokens=17;cache_read_tokens=1000;reasoning_tokens=5";

async fn weir() -> Weir {
    Weir::setup().every_kind().start().await
}

/// The text with the serial numbers of the simulated upstream taken out: two answers have two.
fn without_serials(text: &str) -> String {
    let mut parts = text.split("mock").map(str::to_owned);
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| match part.get(1..17) {
        Some(serial) if serial.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            format!("mock{}", &part[17..])
        }
        _ => format!("mock{part}"),
    });
    rest.fold(first, |text, part| text + &part)
}

async fn told_directly(weir: &Weir, speech: Speech, call: &Call) -> String {
    let call = speech.directly(call.clone());
    call.send(weir.provider.addr()).await.text().await
}

async fn assert_passes(weir: &Weir, speech: Speech, call: Call) {
    let relayed = weir.ask(call.clone()).await.text().await;
    let direct = told_directly(weir, speech, &call).await;
    assert!(relayed.contains("The "), "{relayed}");
    assert_eq!(
        without_serials(&relayed),
        without_serials(&direct),
        "{speech:?}"
    );
}

#[tokio::test]
async fn answers_pass_byte_for_byte_wherever_they_are_split() {
    let weir = weir().await;
    for speech in Speech::ALL {
        for split in [1, 7, 64, 1000] {
            let mock = format!("split={split};chunks=3");
            assert_passes(&weir, speech, speech.stream(&mock)).await;
        }
        assert_passes(&weir, speech, speech.message("split=5", &json!({}))).await;
    }
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn calls_of_tools_pass_too() {
    let weir = weir().await;
    let schema = json!({"type": "object", "required": ["place"], "properties": {"place": {"type": "string"}}});
    for speech in Speech::ALL {
        let tool = match speech {
            Speech::Messages => json!({"name": "weather", "input_schema": schema}),
            Speech::Chat => {
                json!({"type": "function", "function": {"name": "weather", "parameters": schema}})
            }
            Speech::Responses => {
                json!({"type": "function", "name": "weather", "parameters": schema})
            }
            Speech::Gemini | Speech::GeminiArray => {
                json!({"functionDeclarations": [{"name": "weather", "parameters": schema}]})
            }
        };
        let call = speech.message("", &json!({"tools": [tool]}));
        let text = weir.ask(call).await.text().await;
        assert!(text.contains("\"weather\""), "{speech:?}: {text}");
        assert!(
            text.replace('\\', "").contains("{\"place\":\"mock\"}"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_piece_is_passed_on_while_the_upstream_is_silent_after_it() {
    let weir = weir().await;
    for speech in Speech::ALL {
        for stalled in [
            "stall_after=2;chunks=9",
            "split=300;delay_ms=600000;chunks=9",
        ] {
            let mut answer = weir.ask(speech.stream(stalled)).await;
            assert!(answer.piece().await.is_some(), "{speech:?}");
        }
    }
    weir.until_nothing_is_held().await;
}

/// The error that a stream ends with, by the rules of its dialect.
fn last_error(speech: Speech, text: &str) -> Value {
    if speech == Speech::GeminiArray {
        let all: Vec<Value> =
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        return all.last().expect("there is one").clone();
    }
    let last = text.rsplit("data: ").next().expect("there is an event");
    let data = last
        .strip_suffix("\n\n")
        .unwrap_or_else(|| panic!("unfinished: {text}"));
    serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"))
}

fn assert_cut(speech: Speech, text: &str) {
    let error = last_error(speech, text);
    let code = match speech.kind() {
        "gemini" => &error["error"]["details"][0]["reason"],
        _ => &error["error"]["code"],
    };
    assert_eq!(code, "weir_upstream_broke_off", "{speech:?}: {text}");
    for end in ["message_stop", "[DONE]", "response.completed"] {
        assert!(!text.contains(end), "{text}");
    }
}

#[tokio::test]
async fn a_stream_that_ends_too_early_ends_with_an_error() {
    let weir = weir().await;
    for speech in Speech::ALL {
        for events in [0, 1, 3] {
            let call = speech.stream(&format!("chunks=5;close_after={events}"));
            let text = weir.ask(call).await.text().await;
            assert_cut(speech, &text);
        }
    }
    weir.until_nothing_is_held().await;
    let outcomes = weir.records(15).await;
    assert!(
        outcomes
            .iter()
            .all(|record| *record.field("outcome") == "upstream_cut")
    );
}

#[tokio::test]
async fn a_connection_that_is_reset_between_two_events_ends_with_an_error() {
    let weir = weir().await;
    for speech in Speech::ALL {
        let first = told_directly(&weir, speech, &speech.stream("chunks=5;close_after=1")).await;
        let call = speech.stream(&format!("chunks=5;reset_after={}", first.len()));
        let body = weir.ask(call).await.whole().await;
        assert_eq!(body.end, End::Clean, "{speech:?}");
        assert_cut(speech, &body.text());
    }
}

#[tokio::test]
async fn an_array_that_is_reset_inside_an_element_breaks_off() {
    let weir = weir().await;
    let array = |mock: &str| Speech::GeminiArray.stream(mock);
    let within_first = weir.ask(array("chunks=5;reset_after=20")).await;
    assert_eq!(
        (within_first.status, within_first.header("x-weir-error")),
        (502, Some("weir_upstream_broke_off"))
    );
    let first = told_directly(&weir, Speech::GeminiArray, &array("chunks=5;close_after=1")).await;
    let second = format!("chunks=5;pause_after=1;reset_after={}", first.len() + 20);
    let broken = weir.ask(array(&second)).await;
    assert_eq!(broken.status, 200);
    weir.provider.resume();
    assert_eq!(broken.whole().await.end, End::Broken);
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn an_error_of_the_upstream_s_own_is_its_last_word() {
    let weir = weir().await;
    for speech in Speech::ALL {
        let call = speech.stream("chunks=5;error_after=2");
        let text = weir.ask(call).await.text().await;
        assert!(!text.contains("weir_"), "{speech:?}: {text}");
        assert!(text.contains("Overloaded"), "{text}");
    }
}

#[tokio::test]
async fn usage_is_booked_from_streams_and_from_whole_answers() {
    let weir = weir().await;
    for speech in Speech::ALL {
        for call in [speech.stream(USAGE), speech.message(USAGE, &json!({}))] {
            weir.ask(call).await.text().await;
        }
    }
    for record in weir.records(10).await {
        let of = |field: &str| record.field(field).text();
        assert_eq!(
            (of("input"), of("output"), of("cache_read")),
            ("101".into(), "17".into(), "1000".into()),
            "{record:?}"
        );
        assert_eq!(*record.field("outcome"), "done");
        if of("account") != "a1" {
            assert_eq!(*record.field("reasoning"), "5");
        }
    }
}

#[tokio::test]
async fn what_tells_of_the_account_does_not_come_back() {
    let weir = weir().await;
    for speech in Speech::ALL {
        let answer = weir.ask(speech.stream("")).await;
        for name in [
            "set-cookie",
            "openai-organization",
            "openai-project",
            "anthropic-organization-id",
            "server",
            "via",
            "cf-ray",
        ] {
            assert_eq!(answer.header(name), None, "{speech:?}");
        }
        if speech.kind() == "openai" {
            assert_eq!(answer.header("x-ratelimit-reset-tokens"), Some("6m0s"));
            assert!(answer.header("x-request-id").is_some());
        }
        assert_eq!(answer.header("x-accel-buffering"), Some("no"));
        answer.text().await;
    }
}

#[tokio::test]
async fn a_stream_that_begins_late_is_the_same_after_its_heartbeats() {
    let often = "[waiting]\ngrace_ms = 100\nheartbeat_ms = 100";
    let weir = Weir::setup().every_kind().head(often).start().await;
    for (speech, heartbeat) in [
        (
            Speech::Messages,
            "event: ping\ndata: {\"type\": \"ping\"}\n\n",
        ),
        (Speech::Chat, ": keep-alive\n\n"),
        (Speech::Responses, ": keep-alive\n\n"),
        (Speech::Gemini, "\n\n"),
    ] {
        let mut late = weir.ask(speech.stream("pause=true")).await;
        assert_eq!(late.status, 200);
        late.until(&heartbeat.repeat(2)).await;
        weir.provider.resume();
        let late = late.text().await;
        let answer = late.trim_start_matches(heartbeat);
        assert!(late.len() >= answer.len() + 2 * heartbeat.len(), "{late}");
        let direct = told_directly(&weir, speech, &speech.stream("")).await;
        assert_eq!(without_serials(answer), without_serials(&direct));
    }
    let array = weir.spawn(Speech::GeminiArray.stream("pause=true"));
    weir.until_upstream_has(1).await;
    // Whoever asks after it has heard of the wait by then.
    let mut later = weir.ask(Speech::Gemini.stream("pause=true")).await;
    later.until("\n\n\n\n").await;
    weir.provider.resume();
    let array = array.await.expect("it is answered").text().await;
    assert!(
        array.starts_with("[{"),
        "an array has no room for any: {array}"
    );
    weir.until_nothing_is_held().await;
}
