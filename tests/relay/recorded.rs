//! Streams as endpoints really send them: line ends of every kind, comments, events that nobody has heard of, chunks over
//! several lines. They pass byte for byte wherever they are cut, and are understood all the same.

use harness::http::Call;
use harness::{Recorded, Speech, Weir};
use serde_json::json;

const EVENTS: &str = "text/event-stream";
const SPLITS: [usize; 10] = [1, 2, 3, 5, 7, 11, 13, 64, 333, 100_000];

const MESSAGES: &str = concat!(
    ": welcome\r\n\r\n",
    "event: message_start\r\n",
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\r\n\r\n",
    "event: content_block_delta\r\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"new_delta\"}}\r\n\r\n",
    "event: tomorrows_event\r\nid: 7\r\nretry: 10\r\ndata: {\"type\":\"tomorrows_event\",\r\ndata: \"x\":\"\u{1F30A}\"}\r\n\r\n",
    "event: message_delta\r\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":9}}\r\n\r\n",
    "event: message_stop\r\ndata: {\"type\":\"message_stop\"}\r\n\r\n",
);

const CHAT: [&str; 3] = [
    concat!(
        ": OPENROUTER PROCESSING\n\n",
        "data: {\"id\":\"c\",\"choices\":[],\"prompt_filter_results\":[{}]}\n\n",
        ": OPENROUTER PROCESSING\n\n",
        "data:{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\\"usage\\\":{ \u{1F30A}\"}}],\"usage\":null}\n\n",
        "event: tomorrows_event\ndata: {\"x\":\ndata: 1}\n\n",
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n",
    ),
    "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":9}}\r\n\r\n",
    "data: [DONE]\n\n",
];

const RESPONSES: &str = concat!(
    "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"usage\":null}}\n\n",
    ": still here\n\n",
    "event: response.tomorrows_event.delta\ndata: {\"type\":\"response.tomorrows_event.delta\",\"sequence_number\":1}\n\n",
    "data: {\"type\":\"response.output_text.delta\",\"sequence_number\":2,\"delta\":\"response.completed\"}\n\n",
    "event: response.incomplete\n",
    "data: {\"type\":\"response.incomplete\",\"sequence_number\":3,\n",
    "data:  \"response\":{\"usage\":{\"input_tokens\":5,\"output_tokens\":9}}}\n\n",
);

const GEMINI: &str = concat!(
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}],\"usageMetadata\":{\"promptTokenCount\":5}}\r\n\r\n",
    "data: {\"candidates\":[{\"content\":{},\"finishReason\":\"STOP\"}],\"tomorrows\":[{}]}\r\n\r\n",
    "data: {\"usageMetadata\":{\"promptTokenCount\":5,\"candidatesTokenCount\":7,\"thoughtsTokenCount\":2}}\r\n\r\n",
);

const GEMINI_ARRAY: &str = concat!(
    "[{\n  \"candidates\": [\n    {\n      \"content\": {\"parts\": [{\"text\": \"]}\\\"\u{1F30A}\"}]}\n    }\n  ]\n}\n,\r\n",
    "{\n  \"candidates\": [{\"finishReason\": \"STOP\"}],\n  \"usageMetadata\": {\n    \"promptTokenCount\": 5,\n",
    "    \"candidatesTokenCount\": 9\n  }\n}\n]\n",
);

fn split_at(speech: Speech, split: usize) -> Call {
    speech.stream("").query(&format!("split={split}"))
}

async fn upstream(
    speech: Speech,
    content_type: &'static str,
    body: &'static str,
) -> (Recorded, Weir) {
    let recorded = Recorded::start(content_type, body).await;
    let setup = Weir::setup().every_kind().base_url(&recorded.url());
    let weir = setup.start().await;
    assert!(body.len() > 100, "{speech:?}");
    (recorded, weir)
}

async fn assert_understood(weir: &Weir) {
    for record in weir.records(SPLITS.len()).await {
        let of = |field: &str| record.field(field).text();
        let seen = (of("input"), of("output"), of("outcome"));
        let expected = ("5".to_owned(), "9".to_owned(), "done".to_owned());
        assert_eq!(seen, expected, "{record:?}");
    }
    weir.until_nothing_is_held().await;
}

async fn assert_passes(speech: Speech, content_type: &'static str, body: &'static str) {
    let (_recorded, weir) = upstream(speech, content_type, body).await;
    for split in SPLITS {
        let relayed = weir.ask(split_at(speech, split)).await.text().await;
        assert_eq!(relayed, body, "split at every {split} bytes");
    }
    assert_understood(&weir).await;
}

#[tokio::test]
async fn messages_pass() {
    assert_passes(Speech::Messages, EVENTS, MESSAGES).await;
}

#[tokio::test]
async fn chunks_of_chat_completions_pass() {
    assert_passes(Speech::Chat, EVENTS, Box::leak(CHAT.concat().into())).await;
}

#[tokio::test]
async fn responses_pass() {
    assert_passes(Speech::Responses, EVENTS, RESPONSES).await;
}

#[tokio::test]
async fn gemini_s_events_pass() {
    assert_passes(Speech::Gemini, EVENTS, GEMINI).await;
}

#[tokio::test]
async fn gemini_s_arrays_pass() {
    assert_passes(
        Speech::GeminiArray,
        "application/json; charset=UTF-8",
        GEMINI_ARRAY,
    )
    .await;
}

#[tokio::test]
async fn the_usage_that_only_the_relay_asked_for_is_taken_out_wherever_the_stream_is_cut() {
    let [before, usage, end] = CHAT;
    let body = [before, usage, end].concat();
    let (_recorded, weir) = upstream(Speech::Chat, EVENTS, Box::leak(body.into())).await;
    for split in SPLITS {
        let call =
            split_at(Speech::Chat, split).body(r#"{"model":"gpt-5","messages":[],"stream":true}"#);
        let relayed = weir.ask(call).await.text().await;
        assert_eq!(
            relayed,
            [before, end].concat(),
            "split at every {split} bytes"
        );
    }
    assert_understood(&weir).await;
}

#[tokio::test]
async fn a_stream_of_chat_completions_is_asked_for_its_usage_once() {
    let weir = Weir::setup().every_kind().start().await;
    let body = r#"{"model":"gpt-5","messages":[{"role":"user","content":"hi"}],"stream":true}"#;
    let call = Speech::Chat.message("chunks=2", &json!({})).body(body);
    let plain = weir.ask(call.clone()).await.text().await;
    let last = weir.provider.stats().last.unwrap();
    let added = r#","stream_options":{"include_usage":true}"#;
    assert_eq!(last.body_bytes, body.len() + added.len());
    assert!(!plain.contains("prompt_tokens"), "{plain}");
    assert!(plain.ends_with("data: [DONE]\n\n"));

    let asked = Speech::Chat.stream("chunks=2");
    let asked = weir.ask(asked).await.text().await;
    assert_eq!(asked.matches("prompt_tokens\"").count(), 1, "{asked}");
    for record in weir.records(2).await {
        assert_eq!(*record.field("output"), "2");
    }
}
