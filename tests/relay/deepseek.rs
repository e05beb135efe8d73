//! DeepSeek, which speaks OpenAI's chat completions with words of its own in them. Nothing of it is simulated: the streams
//! are in the form of its API's reference (<https://api-docs.deepseek.com/api/create-chat-completion>), and the usage is
//! that of its example with what its guide to context caching adds (<https://api-docs.deepseek.com/guides/kv_cache>).

use harness::{Recorded, Speech, Weir};
use serde_json::json;

use crate::upstreams::text;

const STREAM: &str = concat!(
    ": keep-alive\n\n",
    "data: {\"id\":\"1f633d8bfc032625086f14113c411638\",\"choices\":[{\"index\":0,\"delta\":{\"content\":null,\"reasoning_content\":\"\",",
    "\"role\":\"assistant\"},\"finish_reason\":null,\"logprobs\":null}],\"created\":1718345013,\"model\":\"deepseek-chat\",",
    "\"system_fingerprint\":\"fp_a49d71b8a1\",\"object\":\"chat.completion.chunk\",\"usage\":null}\n\n",
    "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm\",\"content\":null},\"finish_reason\":null,\"index\":0}],\"usage\":null}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"finish_reason\":null,\"index\":0}],\"usage\":null}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"\",\"role\":null},\"finish_reason\":\"stop\",\"index\":0,\"logprobs\":null}],",
    "\"usage\":{\"completion_tokens\":9,\"prompt_tokens\":17,\"total_tokens\":26,\"prompt_cache_hit_tokens\":12,",
    "\"prompt_cache_miss_tokens\":5,\"completion_tokens_details\":{\"reasoning_tokens\":4}}}\n\n",
    "data: [DONE]\n\n",
);

const WHOLE: &str = r#"{"id":"930c60df-bf64-41c9-a88e-3ec75f81e00e","object":"chat.completion","model":"deepseek-chat",
"choices":[{"finish_reason":"stop","index":0,"message":{"content":"Hello! How can I help you today?","role":"assistant"}}],
"usage":{"completion_tokens":9,"prompt_tokens":17,"prompt_cache_hit_tokens":12,"prompt_cache_miss_tokens":5,"total_tokens":26,
"completion_tokens_details":{"reasoning_tokens":4}}}"#;

async fn assert_counted(weir: &Weir, requests: usize) {
    for record in weir.records(requests).await {
        let fields = ["input", "output", "cache_read", "reasoning", "outcome"];
        assert_eq!(
            fields.map(|field| text(&record, field)),
            ["5", "9", "12", "4", "done"]
        );
    }
    weir.until_nothing_is_held().await;
}

#[tokio::test]
async fn a_stream_passes_and_what_the_cache_had_is_counted() {
    let recorded = Recorded::start("text/event-stream", STREAM).await;
    let setup = Weir::setup().kinds(&["deepseek"]).base_url(&recorded.url());
    let weir = setup.start().await;
    for split in [1, 13, 100_000] {
        let call = Speech::Chat.stream("").query(&format!("split={split}"));
        assert_eq!(weir.ask(call).await.text().await, STREAM, "{split}");
    }
    assert_counted(&weir, 3).await;
}

#[tokio::test]
async fn an_answer_in_one_piece_passes_and_what_the_cache_had_is_counted() {
    let recorded = Recorded::start("application/json", WHOLE).await;
    let setup = Weir::setup().kinds(&["deepseek"]).base_url(&recorded.url());
    let weir = setup.start().await;
    let answer = weir.ask(Speech::Chat.message("", &json!({}))).await;
    assert_eq!(answer.text().await, WHOLE);
    assert_counted(&weir, 1).await;
}

#[tokio::test]
async fn what_it_does_not_have_is_not_asked_of_it() {
    let weir = Weir::setup().kinds(&["deepseek", "openai"]).start().await;
    let answer = weir.ask(Speech::Responses.message("", &json!({}))).await;
    assert_eq!(
        (answer.status, answer.header("x-weir-error")),
        (404, Some("weir_no_model"))
    );
}
