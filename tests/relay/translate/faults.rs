//! What goes wrong between a caller and accounts that speak another dialect is told in the caller's words.

use harness::http::Call;
use harness::{Recorded, Speech, Weir};
use serde_json::{Value, json};
use weir_relay::mock::Behaviour;

use super::{behaviour, events, setup, tools};
use crate::upstreams::{refusing, text};

/// Who asks, and the kind of accounts that answer.
const WAYS: [(Speech, &[&str]); 4] = [
    (Speech::Messages, &["openai"]),
    (Speech::Chat, &["anthropic"]),
    (Speech::Responses, &["anthropic"]),
    (Speech::Gemini, &["anthropic"]),
];

/// The same in one piece, or as a stream where `rest` says so.
fn asked(speech: Speech, rest: &Value) -> Call {
    let mut rest = rest.clone();
    let members = rest.as_object_mut().expect("it is an object");
    match (speech, members.shift_remove("stream").is_some()) {
        // Its path tells.
        (Speech::Gemini, true) => Speech::Gemini.streamed("", &rest),
        (_, false) => speech.message("", &rest),
        (_, true) => {
            rest["stream"] = true.into();
            speech.message("", &rest)
        }
    }
}

/// The relay's own word for an error.
fn word(error: &Value) -> &Value {
    match &error["details"][0]["reason"] {
        Value::Null => &error["code"],
        reason => reason,
    }
}

/// Whether a stream says that it is whole.
fn is_whole(stream: &str) -> bool {
    [
        "message_stop",
        "[DONE]",
        "response.completed",
        "finishReason",
    ]
    .iter()
    .any(|end| stream.contains(end))
}

#[tokio::test]
async fn refusals_keep_their_status_and_come_in_the_caller_s_words() {
    for (speech, kinds) in WAYS {
        let [whole, stream] = [json!({}), json!({"stream": true})];
        for (status, rest) in [(400, &whole), (429, &stream), (500, &whole), (529, &stream)] {
            let refusing = Behaviour {
                retry_after: Some(7),
                ..refusing(status)
            };
            let weir = setup(speech, kinds).behaviour(refusing).start().await;
            let answer = weir.ask(asked(speech, rest)).await;
            assert_eq!(
                (
                    answer.status,
                    answer.header("retry-after"),
                    answer.header("x-weir-error")
                ),
                (status, Some("7"), None)
            );
            let body = answer.json().await;
            assert!(body["error"]["message"].is_string(), "{body}");
            assert_eq!(
                body["type"] == "error",
                speech == Speech::Messages,
                "{body}"
            );
            weir.until_nothing_is_held().await;
        }
    }
}

/// Checks that a stream which was cut says so, and nothing that means its end.
fn assert_failed(speech: Speech, stream: &str) -> Value {
    let (name, last) = events(stream).pop().expect("there is an event");
    let named = matches!(speech, Speech::Messages | Speech::Responses);
    assert_eq!(name == "error", named, "{stream}");
    assert!(last["error"]["message"].is_string(), "{stream}");
    assert!(!is_whole(stream), "{stream}");
    last["error"].clone()
}

#[tokio::test]
async fn an_error_of_the_upstream_s_own_comes_in_the_caller_s_words() {
    for (speech, kinds) in WAYS {
        let failing = Behaviour {
            error_after: Some(3),
            ..behaviour()
        };
        let weir = setup(speech, kinds).behaviour(failing).start().await;
        let stream = weir.ask(asked(speech, &json!({"stream": true}))).await;
        let error = assert_failed(speech, &stream.text().await);
        assert_eq!(error["message"], "Overloaded");
        weir.until_nothing_is_held().await;
    }
}

/// Asks for the same stream under more and more of a fault, until it comes whole; how often it did not.
async fn cuts(
    speech: Speech,
    kinds: &'static [&'static str],
    fault: impl Fn(usize) -> Behaviour,
) -> usize {
    let weir = setup(speech, kinds).start().await;
    let mut rest = tools(speech);
    rest["stream"] = true.into();
    for cut in 0.. {
        weir.provider.set_behaviour(fault(cut));
        let answer = weir.ask(asked(speech, &rest)).await;
        if answer.header("x-weir-error").is_some() {
            assert_eq!(answer.status, 502);
            continue;
        }
        let stream = answer.text().await;
        if is_whole(&stream) {
            weir.until_nothing_is_held().await;
            return cut;
        }
        let error = assert_failed(speech, &stream);
        assert_eq!(word(&error), "weir_upstream_broke_off", "{stream}");
    }
    unreachable!("there is always a larger number")
}

#[tokio::test]
async fn a_stream_that_is_cut_anywhere_ends_with_an_error_in_the_caller_s_words() {
    let talkative = || Behaviour {
        calls: 2,
        thoughts: true,
        chunks: 2,
        ..behaviour()
    };
    for (speech, kinds) in WAYS {
        let events = cuts(speech, kinds, |cut| Behaviour {
            close_after: Some(cut),
            ..talkative()
        });
        let events = events.await;
        assert!((10..40).contains(&events), "{events}");
        let pieces = cuts(speech, kinds, |cut| Behaviour {
            reset_after: Some(cut * 97 + 5),
            ..talkative()
        });
        assert!(pieces.await > 10);
    }
}

#[tokio::test]
async fn an_answer_in_one_piece_that_breaks_off_has_a_true_status() {
    for (speech, kinds) in WAYS {
        let broken = Behaviour {
            reset_after: Some(60),
            ..behaviour()
        };
        let weir = setup(speech, kinds).behaviour(broken).start().await;
        let answer = weir.ask(asked(speech, &json!({}))).await;
        assert_eq!(
            (answer.status, answer.header("x-weir-error")),
            (502, Some("weir_upstream_broke_off"))
        );
        weir.until_nothing_is_held().await;
        assert_eq!(text(&weir.records(1).await[0], "outcome"), "upstream_cut");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_told_as_that() {
    for (speech, kinds) in WAYS {
        for (kind, body) in [
            (
                "text/event-stream",
                "data: {\"choices\":[]}\n\ndata: nonsense\n\n",
            ),
            ("application/json", "nonsense"),
        ] {
            let recorded = Recorded::start(kind, body).await;
            let weir = setup(speech, kinds).base_url(&recorded.url()).start().await;
            let answer = weir.ask(asked(speech, &json!({"stream": true}))).await;
            let body = match kind {
                "application/json" => {
                    assert_eq!(answer.status, 502);
                    answer.json().await
                }
                _ => {
                    events(&answer.text().await)
                        .pop()
                        .expect("there is an event")
                        .1
                }
            };
            assert_eq!(word(&body["error"]), "weir_upstream_garbled", "{body}");
            weir.until_nothing_is_held().await;
            let outcome = text(&weir.records(1).await[0], "outcome");
            assert_eq!(
                outcome == "upstream_cut",
                kind == "text/event-stream",
                "{outcome}"
            );
        }
    }
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_by_name_before_anybody_is_asked() {
    for (speech, kinds) in WAYS {
        let weir = setup(speech, kinds).start().await;
        let (rest, name) = match speech {
            Speech::Messages => (
                json!({"messages": [{"role": "user", "content": [{"type": "document", "source": {}}]}]}),
                "`messages.0.content.0` is of type `document`",
            ),
            Speech::Responses => (json!({"background": true}), "`background`"),
            Speech::Gemini => (json!({"cachedContent": "x"}), "`cachedContent`"),
            _ => (json!({"n": 2}), "`n`"),
        };
        let answer = weir.ask(asked(speech, &rest)).await;
        assert_eq!(
            (
                answer.status,
                answer.header("x-weir-error"),
                answer.header("x-should-retry")
            ),
            (400, Some("weir_untranslatable"), Some("false"))
        );
        let body = answer.json().await;
        assert!(
            body["error"]["message"].as_str().unwrap().contains(name),
            "{body}"
        );
        assert_eq!(weir.provider.stats().requests.len(), 0);
    }
}

#[tokio::test]
async fn a_model_of_the_other_provider_s_needs_a_name() {
    for (speech, kinds) in WAYS {
        let weir = Weir::setup()
            .kinds(kinds)
            .account_line("translate = true")
            .start()
            .await;
        let answer = weir.ask(asked(speech, &json!({}))).await;
        assert_eq!(
            (answer.status, answer.header("x-weir-error")),
            (404, Some("weir_no_model"))
        );
        let without = Weir::setup().kinds(kinds).start().await;
        let answer = without.ask(asked(speech, &json!({}))).await;
        assert_eq!(answer.header("x-weir-error"), Some("weir_no_account"));
    }
}
