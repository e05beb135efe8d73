//! What may be left out of a translated request, and why nothing is lost by it: the one table of such members. Anything else
//! that the other API has no words for is refused. `docs/translation.md` shows the same table. Pure.

mod values;

use serde_json::Value;

use self::values::{
    is_blank, is_blocking, is_cached, is_direct, is_disabled, is_empty, is_encrypted, is_false,
    is_medium, is_one, is_text, is_text_alone, is_when_idle, is_zero,
};

/// Where in a request a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The top of a Messages request.
    Messages,
    /// One of its messages.
    Message,
    /// A block of content, on either level.
    Block,
    /// A tool that is offered to a Messages model.
    Tool,
    /// How much a Messages model is to think.
    Thinking,
    /// The top of a request for a chat completion.
    Chat,
    /// One of its messages.
    ChatMessage,
    /// A part of a message's content.
    ChatContent,
    /// A call of a tool in its history.
    ChatCall,
    /// The schema of a chat's answer.
    ChatSchema,
    StreamOptions,
    /// The top of a request for a response.
    Response,
    /// An item of its input that is no reasoning.
    ResponseItem,
    /// What was thought.
    ResponseReasoning,
    /// A part of an item's content.
    ResponseContent,
    /// A function that is offered, by itself or in a namespace.
    ResponseFunction,
    /// A set of them.
    Namespace,
    /// A tool that the provider has, by its type.
    ResponseTool,
    /// How much the model is to think.
    Reasoning,
    /// How the answer is to be written.
    ResponseText,
    /// The top of a request to Gemini.
    Gemini,
    /// A part of a content.
    GeminiContent,
    InlineData,
    /// The result of a function.
    FunctionResponse,
    /// A function that is offered to Gemini.
    Declaration,
    /// Gemini's settings.
    Generation,
    ThinkingConfig,
    /// Where there are no hints.
    Strict,
}

/// A member that may be left out where it has one of the values that `harmless` knows.
pub(super) struct Hint {
    pub(super) of: Part,
    pub(super) name: &'static str,
    harmless: fn(&Value) -> bool,
    #[cfg_attr(
        not(test),
        expect(
            dead_code,
            reason = "it is for whoever reads the table, or the document"
        )
    )]
    pub(super) why: &'static str,
}

const fn hint(of: Part, name: &'static str, why: &'static str) -> Hint {
    Hint {
        of,
        name,
        harmless: |_| true,
        why,
    }
}

/// Only its plain value means the same as its absence.
const fn plain(
    of: Part,
    name: &'static str,
    harmless: fn(&Value) -> bool,
    why: &'static str,
) -> Hint {
    Hint {
        of,
        name,
        harmless,
        why,
    }
}

const ASIDE: &str = "marks a prefix for the prompt cache; OpenAI's caches by itself";
const SPEED: &str = "asks for speed, not for another answer";
const STORED: &str = "describes what is stored, and nothing is";
const DEFAULT: &str = "only with the value that means the same as its absence";
const KNOWN: &str = "the relay itself sends a conversation where its cache is";
const RETAINED: &str = "how long the prompt cache is kept";
const LOOK: &str = "how closely to look at an image; Claude looks closely";
const NAMED: &str = "a name for what is stored, and nothing is";
const GIVES: &str = "describes what a function gives, which models see when it has given it";
const UNSIGNED: &str = "thoughts go back to Anthropic signed or not at all";

pub(super) const HINTS: &[Hint] = &[
    hint(Part::Messages, "cache_control", ASIDE),
    hint(
        Part::Messages,
        "context_management",
        "clears what grows too long; nothing is cleared",
    ),
    hint(
        Part::Messages,
        "diagnostics",
        "asks for a report on the prompt cache",
    ),
    hint(Part::Messages, "service_tier", SPEED),
    hint(Part::Messages, "speed", SPEED),
    hint(
        Part::Message,
        "output_config",
        "effort of one turn; that of the request holds",
    ),
    hint(Part::Block, "cache_control", ASIDE),
    hint(
        Part::Block,
        "caller",
        "says that the model called the tool itself",
    ),
    plain(Part::Block, "citations", is_empty, DEFAULT),
    hint(Part::Tool, "cache_control", ASIDE),
    hint(
        Part::Tool,
        "defer_loading",
        "keeps a tool from the model for now; it is offered at once",
    ),
    hint(Part::Tool, "eager_input_streaming", SPEED),
    plain(Part::Tool, "allowed_callers", is_direct, DEFAULT),
    hint(
        Part::Thinking,
        "display",
        "how thoughts are shown; they are as the upstream shows them",
    ),
    plain(Part::Chat, "audio", is_empty, DEFAULT),
    plain(Part::Chat, "frequency_penalty", is_zero, DEFAULT),
    plain(Part::Chat, "functions", is_empty, DEFAULT),
    plain(Part::Chat, "logit_bias", is_empty, DEFAULT),
    plain(Part::Chat, "logprobs", is_false, DEFAULT),
    hint(Part::Chat, "metadata", STORED),
    plain(Part::Chat, "modalities", is_text, DEFAULT),
    plain(Part::Chat, "n", is_one, DEFAULT),
    hint(Part::Chat, "prediction", SPEED),
    plain(Part::Chat, "presence_penalty", is_zero, DEFAULT),
    hint(Part::Chat, "prompt_cache_key", KNOWN),
    hint(Part::Chat, "prompt_cache_retention", RETAINED),
    hint(
        Part::Chat,
        "seed",
        "is a wish that not even OpenAI promises to fulfil",
    ),
    hint(Part::Chat, "service_tier", SPEED),
    plain(Part::Chat, "store", is_false, DEFAULT),
    plain(Part::Chat, "top_logprobs", is_zero, DEFAULT),
    plain(Part::Chat, "verbosity", is_medium, DEFAULT),
    hint(Part::ChatMessage, "annotations", "describes what was said"),
    hint(Part::ChatMessage, "reasoning", UNSIGNED),
    hint(Part::ChatMessage, "reasoning_content", UNSIGNED),
    hint(Part::ChatMessage, "reasoning_details", UNSIGNED),
    hint(Part::ChatContent, "detail", LOOK),
    hint(
        Part::ChatCall,
        "index",
        "the place of a call among others, which its list tells",
    ),
    hint(
        Part::ChatSchema,
        "description",
        "Anthropic's schemas describe themselves",
    ),
    hint(Part::ChatSchema, "name", "Anthropic's schemas have no name"),
    hint(
        Part::ChatSchema,
        "strict",
        "Anthropic's schemas are always strict",
    ),
    hint(Part::StreamOptions, "include_obfuscation", "pads a stream"),
    plain(Part::Response, "background", is_false, DEFAULT),
    hint(
        Part::Response,
        "client_metadata",
        "tells OpenAI about the client",
    ),
    plain(
        Part::Response,
        "include",
        is_encrypted,
        "asks for thoughts that only their maker can read; others' are as the upstream shows them",
    ),
    hint(Part::Response, "metadata", STORED),
    hint(Part::Response, "prompt_cache_key", KNOWN),
    hint(Part::Response, "prompt_cache_retention", RETAINED),
    hint(Part::Response, "service_tier", SPEED),
    plain(Part::Response, "store", is_false, DEFAULT),
    plain(Part::Response, "top_logprobs", is_zero, DEFAULT),
    plain(Part::Response, "truncation", is_disabled, DEFAULT),
    hint(Part::ResponseItem, "id", NAMED),
    hint(
        Part::ResponseItem,
        "internal_chat_message_metadata_passthrough",
        NAMED,
    ),
    hint(Part::ResponseItem, "phase", "describes what was said"),
    hint(Part::ResponseItem, "status", "describes what was said"),
    plain(
        Part::ResponseReasoning,
        "encrypted_content",
        is_blank,
        DEFAULT,
    ),
    hint(Part::ResponseReasoning, "id", NAMED),
    hint(Part::ResponseReasoning, "status", "describes what was said"),
    hint(
        Part::ResponseContent,
        "annotations",
        "describes what was said",
    ),
    hint(Part::ResponseContent, "detail", LOOK),
    hint(Part::ResponseContent, "logprobs", "describes what was said"),
    plain(Part::ResponseFunction, "defer_loading", is_false, DEFAULT),
    hint(
        Part::Namespace,
        "description",
        "each tool of a namespace describes itself",
    ),
    plain(
        Part::ResponseTool,
        "web_search",
        is_cached,
        "with `external_web_access = false` it looks into what OpenAI has stored; who has no tool answers without",
    ),
    hint(
        Part::Reasoning,
        "summary",
        "how thoughts are shown; they are as the upstream shows them",
    ),
    hint(
        Part::Reasoning,
        "generate_summary",
        "how thoughts are shown; they are as the upstream shows them",
    ),
    plain(Part::ResponseText, "verbosity", is_medium, DEFAULT),
    hint(
        Part::Gemini,
        "labels",
        "describes the request for Google's bill",
    ),
    hint(
        Part::Gemini,
        "safetySettings",
        "thresholds of filters that only Gemini has",
    ),
    hint(Part::Gemini, "serviceTier", SPEED),
    plain(Part::GeminiContent, "thought", is_false, DEFAULT),
    hint(
        Part::GeminiContent,
        "thoughtSignature",
        "only its maker can read it",
    ),
    hint(Part::InlineData, "displayName", "a name for people"),
    plain(Part::FunctionResponse, "willContinue", is_false, DEFAULT),
    plain(Part::FunctionResponse, "scheduling", is_when_idle, DEFAULT),
    plain(Part::Declaration, "behavior", is_blocking, DEFAULT),
    hint(Part::Declaration, "response", GIVES),
    hint(Part::Declaration, "responseJsonSchema", GIVES),
    plain(Part::Generation, "candidateCount", is_one, DEFAULT),
    hint(Part::Generation, "mediaResolution", LOOK),
    plain(Part::Generation, "responseLogprobs", is_false, DEFAULT),
    plain(
        Part::Generation,
        "responseModalities",
        is_text_alone,
        DEFAULT,
    ),
    hint(
        Part::Generation,
        "topK",
        "from how many words is chosen; chats have no word for it, and Claude chooses by itself",
    ),
    hint(
        Part::Generation,
        "topP",
        "beside a `temperature`: most models take one of both",
    ),
    hint(
        Part::ThinkingConfig,
        "includeThoughts",
        "how thoughts are shown; they are as the upstream shows them",
    ),
];

/// Whether a member may be left out.
pub(super) fn is_harmless(of: Part, name: &str, value: &Value) -> bool {
    let known = HINTS.iter().find(|hint| hint.of == of && hint.name == name);
    known.is_some_and(|hint| (hint.harmless)(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hint_is_harmless_with_a_harmless_value() {
        for (of, name, value, harmless) in [
            (Part::Chat, "n", json!(1), true),
            (Part::Chat, "n", json!(2), false),
            (Part::Chat, "store", json!(false), true),
            (Part::Chat, "store", json!(true), false),
            (Part::Chat, "modalities", json!(["text"]), true),
            (Part::Chat, "modalities", json!(["text", "audio"]), false),
            (Part::Chat, "logprobs", json!(true), false),
            (Part::Block, "citations", json!({"enabled": false}), true),
            (Part::Block, "citations", json!({"enabled": true}), false),
            (Part::Message, "cache_control", json!({}), false),
            (Part::Strict, "cache_control", json!({}), false),
        ] {
            assert_eq!(is_harmless(of, name, &value), harmless, "{name}: {value}");
        }
    }

    #[test]
    fn the_documents_show_the_table() {
        let shown = include_str!("../../../docs/translation.md");
        for hint in HINTS {
            let row = format!("`{}`", hint.name);
            let is_shown = |line: &str| line.contains(&row) && line.contains(hint.why);
            assert!(shown.lines().any(is_shown), "{row}: {}", hint.why);
        }
    }
}
