//! What is booked of streams with the numbers that the providers' documents tell of them: all of it at the end, and
//! wherever the stream is cut no more than that.

use bytes::Bytes;

use super::{Tap, UsageChunk};
use crate::{
    books::{Answered, Bill, Books, Tells},
    dialect::Dialect,
    price::{Estimate, Prices},
    route::Work,
    settle::Outcome,
    time::UnixMillis,
    usage::{Tokens, Usage, number},
};

/// Of the request's body, by its length.
const BODY: Tokens = Tokens(15);

/// A stream of whole events, and what it has used and cost in all, in millionths of a dollar.
struct Recorded {
    dialect: Dialect,
    model: &'static str,
    events: &'static [&'static str],
    counted: &'static [(&'static str, u64)],
    cost: u64,
}

/// <https://platform.claude.com/docs/en/build-with-claude/streaming>
const MESSAGE: Recorded = Recorded {
    dialect: Dialect::Anthropic,
    model: "claude-opus-4-6",
    events: &[
        "event: message_start\ndata: {\"type\": \"message_start\", \"message\": {\"id\": \"msg_1\", \"type\": \"message\", \"role\": \"assistant\", \"content\": [], \"model\": \"claude-opus-4-6\", \"stop_reason\": null, \"usage\": {\"input_tokens\": 25, \"output_tokens\": 1}}}\n\n",
        "event: content_block_start\ndata: {\"type\": \"content_block_start\", \"index\": 0, \"content_block\": {\"type\": \"text\", \"text\": \"\"}}\n\n",
        "event: ping\ndata: {\"type\": \"ping\"}\n\n",
        "event: content_block_delta\ndata: {\"type\": \"content_block_delta\", \"index\": 0, \"delta\": {\"type\": \"text_delta\", \"text\": \"Hello\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\": \"content_block_delta\", \"index\": 0, \"delta\": {\"type\": \"text_delta\", \"text\": \"!\"}}\n\n",
        "event: content_block_stop\ndata: {\"type\": \"content_block_stop\", \"index\": 0}\n\n",
        "event: message_delta\ndata: {\"type\": \"message_delta\", \"delta\": {\"stop_reason\": \"end_turn\", \"stop_sequence\":null}, \"usage\": {\"output_tokens\": 15}}\n\n",
        "event: message_stop\ndata: {\"type\": \"message_stop\"}\n\n",
    ],
    counted: &[("input", 25), ("output", 15)],
    cost: 25 * 5 + 15 * 25,
};

/// <https://platform.claude.com/docs/en/build-with-claude/prompt-caching>: written for two times.
const CACHED: Recorded = Recorded {
    dialect: Dialect::Anthropic,
    model: "claude-sonnet-4-6",
    events: &[
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"claude-sonnet-4-6\",\"usage\":{\"input_tokens\":2048,\"cache_read_input_tokens\":1800,\"cache_creation_input_tokens\":248,\"output_tokens\":3,\"cache_creation\":{\"ephemeral_5m_input_tokens\":148,\"ephemeral_1h_input_tokens\":100},\"service_tier\":\"standard\"}}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"It is a truth universally acknowledged\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\", that a single man\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_tokens\":2048,\"cache_read_input_tokens\":1800,\"cache_creation_input_tokens\":248,\"output_tokens\":503}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ],
    counted: &[
        ("input", 2_048),
        ("output", 503),
        ("cache_read", 1_800),
        ("cache_write_5m", 148),
        ("cache_write_1h", 100),
    ],
    cost: 2_048 * 3 + 503 * 15 + 540 + 555 + 600,
};

/// <https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool>: what was found is read too, so that the
/// end tells more input than the beginning.
const SEARCHED: Recorded = Recorded {
    dialect: Dialect::Anthropic,
    model: "claude-opus-4-6",
    events: &[
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"claude-opus-4-6\",\"usage\":{\"input_tokens\":2679,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":3}}}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"server_tool_use\",\"id\":\"srvtoolu_1\",\"name\":\"web_search\",\"input\":{}}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"query\\\": \\\"weather NYC today\\\"}\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"text_delta\",\"text\":\"Here's the current weather\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_tokens\":10682,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":510,\"server_tool_use\":{\"web_search_requests\":1}}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ],
    counted: &[("input", 10_682), ("output", 510), ("web_searches", 1)],
    cost: 10_682 * 5 + 510 * 25 + 10_000,
};

/// <https://developers.openai.com/api/docs/api-reference/chat/streaming>
const CHAT: Recorded = Recorded {
    dialect: Dialect::Chat,
    model: "gpt-5",
    events: &[
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-5-2025-08-07\",\"service_tier\":\"default\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n",
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-5-2025-08-07\",\"service_tier\":\"default\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"},\"finish_reason\":null}],\"usage\":null}\n\n",
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-5-2025-08-07\",\"service_tier\":\"default\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n",
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-5-2025-08-07\",\"service_tier\":\"default\",\"choices\":[],\"usage\":{\"prompt_tokens\":19,\"completion_tokens\":10,\"total_tokens\":29,\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":8,\"audio_tokens\":0}}}\n\n",
        "data: [DONE]\n\n",
    ],
    counted: &[("input", 19), ("output", 10), ("reasoning", 8)],
    // 123.75, to the nearest.
    cost: 124,
};

/// <https://developers.openai.com/api/docs/api-reference/responses-streaming>, of a flexible tier and with a search.
const RESPONSE: Recorded = Recorded {
    dialect: Dialect::Responses,
    model: "gpt-5",
    events: &[
        "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"model\":\"gpt-5-2025-08-07\",\"output\":[],\"usage\":null}}\n\n",
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"delta\":\"Hi\"}\n\n",
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"delta\":\" there! How can I assist\"}\n\n",
        "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"model\":\"gpt-5-2025-08-07\",\"service_tier\":\"flex\",\"output\":[{\"id\":\"ws_1\",\"type\":\"web_search_call\"},{\"id\":\"msg_1\",\"type\":\"message\"}],\"usage\":{\"input_tokens\":3700,\"input_tokens_details\":{\"cached_tokens\":1500},\"output_tokens\":1100,\"output_tokens_details\":{\"reasoning_tokens\":800},\"total_tokens\":4800}}}\n\n",
    ],
    counted: &[
        ("input", 2_200),
        ("output", 1_100),
        ("cache_read", 1_500),
        ("reasoning", 800),
        ("web_searches", 1),
    ],
    // Half of 2,750, 187.5 and 11,000, and the search.
    cost: 6_969 + 10_000,
};

/// <https://ai.google.dev/api/generate-content#UsageMetadata>: each chunk tells what was used so far; a prompt above 200,000
/// tokens makes all of it dearer.
const GENERATED: Recorded = Recorded {
    dialect: Dialect::Gemini,
    model: "gemini-2.5-pro",
    events: &[
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}],\"usageMetadata\":{\"promptTokenCount\":250000,\"cachedContentTokenCount\":200000,\"candidatesTokenCount\":7,\"thoughtsTokenCount\":100,\"totalTokenCount\":250107},\"modelVersion\":\"gemini-2.5-pro\"}\r\n\r\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\" long text that is streamed\"}]}}],\"usageMetadata\":{\"promptTokenCount\":250000,\"cachedContentTokenCount\":200000,\"candidatesTokenCount\":20,\"thoughtsTokenCount\":100,\"totalTokenCount\":250120},\"modelVersion\":\"gemini-2.5-pro\"}\r\n\r\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\".\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":250000,\"cachedContentTokenCount\":200000,\"candidatesTokenCount\":300,\"thoughtsTokenCount\":100,\"toolUsePromptTokenCount\":40,\"totalTokenCount\":250440},\"modelVersion\":\"gemini-2.5-pro\"}\r\n\r\n",
    ],
    counted: &[
        ("input", 50_040),
        ("output", 400),
        ("cache_read", 200_000),
        ("reasoning", 100),
    ],
    cost: 125_100 + 50_000 + 6_000,
};

const ALL: [Recorded; 6] = [MESSAGE, CACHED, SEARCHED, CHAT, RESPONSE, GENERATED];

impl Recorded {
    /// What is booked where so many of its events have come.
    fn booked(&self, events: usize, outcome: Outcome) -> (Usage, Bill) {
        let mut tap = Tap::events(self.dialect, UsageChunk::Passes);
        for event in &self.events[..events] {
            tap.pass(Bytes::from_static(event.as_bytes()));
        }
        let (mut usage, _) = tap.end();
        let answered = Answered {
            key: "k",
            model: self.model,
            work: Work::Generate,
            at: UnixMillis(1_795_200_000_000),
            status: Some(200),
            outcome,
            tells: match self.dialect.tells_as_it_goes() {
                true => Tells::AsItGoes,
                false => Tells::AtItsEnd,
            },
            estimate: Estimate {
                input: BODY,
                output: Tokens(0),
            },
        };
        let bill = Books::new(Prices::new([], [])).bill(answered, &mut usage);
        (usage, bill)
    }
}

#[test]
fn a_whole_stream_is_booked_exactly() {
    for recorded in ALL {
        let (usage, bill) = recorded.booked(recorded.events.len(), Outcome::Done);
        assert_eq!(usage.counted().collect::<Vec<_>>(), recorded.counted);
        let cost = bill.cost.map(|cost| cost.0);
        assert_eq!(cost, Some(recorded.cost), "{}", recorded.model);
        assert_eq!(bill.estimated, 0);
    }
}

#[test]
fn a_stream_that_is_cut_is_booked_for_no_more_than_the_whole_and_says_what_is_an_estimate() {
    for recorded in ALL {
        let (whole, of_whole) = recorded.booked(recorded.events.len(), Outcome::Done);
        let mut before = 0;
        for events in 0..recorded.events.len() {
            let (usage, bill) = recorded.booked(events, Outcome::CallerGone);
            let told: u64 = usage.counted().map(|(_, tokens)| tokens).sum();
            let [input, output] = [&usage, &whole].map(|of| [number(of.input), number(of.output)]);
            let place = format!("{:?} after {events}: {usage:?}", recorded.dialect);
            assert!(input[0] <= output[0] && input[1] <= output[1], "{place}");
            assert!(bill.cost <= of_whole.cost, "{place}");
            assert!(told >= before, "{place}");
            before = told;
        }
    }
}

#[test]
fn before_anything_was_told_the_prompt_is_estimated() {
    for recorded in ALL {
        let (usage, bill) = recorded.booked(0, Outcome::CallerGone);
        assert_eq!((usage.input, usage.output), (Some(BODY.0), Some(0)));
        assert_eq!(bill.estimated, BODY.0);
    }
    let (usage, bill) = MESSAGE.booked(5, Outcome::CallerGone);
    assert_eq!((usage.input, usage.output), (Some(25), Some(2)));
    assert_eq!(
        bill.estimated, 1,
        "two pieces have come, of which one was told"
    );
    let (usage, bill) = CACHED.booked(3, Outcome::UpstreamCut);
    assert_eq!(usage.output, Some(5));
    assert_eq!(bill.estimated, 2);
    let (usage, bill) = GENERATED.booked(2, Outcome::CallerGone);
    assert_eq!((usage.output, bill.estimated), (Some(120), 0));
}
