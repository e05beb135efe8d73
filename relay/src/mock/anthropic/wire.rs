//! The forms of the Anthropic API as they stand on the wire, fields in its order.

use serde::Serialize;
use serde_json::Value;

use super::super::answer::{Answer, Call, Usage};

/// An event of a stream.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    MessageStart {
        message: Message<'a>,
    },
    ContentBlockStart {
        index: usize,
        content_block: Block<'a>,
    },
    Ping {},
    ContentBlockDelta {
        index: usize,
        delta: Delta<'a>,
    },
    ContentBlockStop {
        index: usize,
    },
    MessageDelta {
        delta: StopDelta,
        usage: UsageTotal,
    },
    MessageStop {},
    Error {
        error: ErrorForm<'a>,
    },
}

impl Event<'_> {
    /// The event as a block of the stream.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(b"event: ");
        bytes.extend(self.name().as_bytes());
        bytes.extend(b"\ndata: ");
        serde_json::to_writer(&mut *bytes, self).expect("writing into memory cannot fail");
        bytes.extend(b"\n\n");
    }

    fn name(&self) -> &'static str {
        match self {
            Self::MessageStart { .. } => "message_start",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::Ping {} => "ping",
            Self::ContentBlockDelta { .. } => "content_block_delta",
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop {} => "message_stop",
            Self::Error { .. } => "error",
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Message<'a> {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) role: &'static str,
    pub(super) model: &'a str,
    pub(super) content: Vec<Block<'a>>,
    pub(super) stop_reason: Option<&'static str>,
    pub(super) stop_sequence: Option<&'static str>,
    pub(super) usage: UsageForm,
}

impl<'a> Message<'a> {
    /// The message before its content.
    pub(super) fn opening(answer: &'a Answer, output_tokens: u64) -> Self {
        Self {
            id: format!("msg_mock_{:016x}", answer.serial),
            kind: "message",
            role: "assistant",
            model: &answer.model,
            content: Vec::new(),
            stop_reason: None,
            stop_sequence: None,
            usage: UsageForm::new(answer.usage, output_tokens),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    Text {
        text: &'a str,
    },
    ToolUse {
        id: String,
        name: &'a str,
        input: Value,
    },
}

impl<'a> Block<'a> {
    pub(super) fn tool_use(serial: u64, call: &'a Call, input: Value) -> Self {
        Self::ToolUse {
            id: format!("toolu_mock_{serial:016x}{}", call.suffix()),
            name: &call.name,
            input,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "they are the API's own names")]
pub(super) enum Delta<'a> {
    ThinkingDelta { thinking: &'a str },
    SignatureDelta { signature: &'a str },
    TextDelta { text: &'a str },
    InputJsonDelta { partial_json: &'a str },
}

#[derive(Debug, Serialize)]
pub(super) struct StopDelta {
    pub(super) stop_reason: &'static str,
    pub(super) stop_sequence: Option<&'static str>,
}

/// The usage of a message: the only place that tells the two lifetimes of cache writes apart.
#[derive(Debug, Serialize)]
pub(super) struct UsageForm {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation: CacheCreation,
    output_tokens: u64,
    service_tier: &'static str,
    inference_geo: &'static str,
}

#[derive(Debug, Serialize)]
struct CacheCreation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

impl UsageForm {
    fn new(usage: Usage, output_tokens: u64) -> Self {
        Self {
            input_tokens: usage.input,
            cache_creation_input_tokens: usage.cache_write_5m + usage.cache_write_1h,
            cache_read_input_tokens: usage.cache_read,
            cache_creation: CacheCreation {
                ephemeral_5m_input_tokens: usage.cache_write_5m,
                ephemeral_1h_input_tokens: usage.cache_write_1h,
            },
            output_tokens,
            service_tier: "standard",
            inference_geo: "global",
        }
    }
}

/// The usage at the end of a stream: totals so far.
#[derive(Debug, Serialize)]
pub(super) struct UsageTotal {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    output_tokens: u64,
}

impl From<Usage> for UsageTotal {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input,
            cache_creation_input_tokens: usage.cache_write_5m + usage.cache_write_1h,
            cache_read_input_tokens: usage.cache_read,
            output_tokens: usage.output,
        }
    }
}

/// The body of a failure.
#[derive(Debug, Serialize)]
pub(super) struct FailureForm<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) error: ErrorForm<'a>,
    pub(super) request_id: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ErrorForm<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) message: &'a str,
}
