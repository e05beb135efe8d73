//! A user's message in each dialect that callers speak. What a test needs of a dialect is a row here.

use serde_json::{Value, json};

use crate::http::Call;

/// A way to ask for a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    Messages,
    Chat,
    Responses,
    /// Streams are events.
    Gemini,
    /// Streams are one array.
    GeminiArray,
}

impl Speech {
    pub const ALL: [Self; 5] = [
        Self::Messages,
        Self::Chat,
        Self::Responses,
        Self::Gemini,
        Self::GeminiArray,
    ];

    /// The kind of accounts that serve it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Messages => "anthropic",
            Self::Chat | Self::Responses => "openai",
            Self::Gemini | Self::GeminiArray => "gemini",
        }
    }

    pub fn model(self) -> &'static str {
        match self {
            Self::Messages => "claude-mock-1",
            Self::Chat | Self::Responses => "gpt-mock-1",
            Self::Gemini | Self::GeminiArray => "gemini-mock-1",
        }
    }

    /// A message of a user's own; `mock` are the options of the simulated upstream, joined by `;`.
    ///
    /// # Panics
    /// When `rest`, which is laid over the body, is not an object.
    pub fn message(self, mock: &str, rest: &Value) -> Call {
        let path = match self {
            Self::Gemini | Self::GeminiArray => "/v1beta/models/gemini-mock-1:generateContent",
            other => other.path_of_stream(),
        };
        let mut body = self.body();
        let fields = body.as_object_mut().expect("it is one");
        fields.extend(rest.as_object().expect("the rest is an object").clone());
        self.call(path, mock, &body)
    }

    /// The same, asked for as a stream.
    pub fn stream(self, mock: &str) -> Call {
        let mut body = self.body();
        match self {
            Self::Messages | Self::Responses => body["stream"] = true.into(),
            // What the relay would ask for otherwise, so that bytes can be compared.
            Self::Chat => {
                body["stream"] = true.into();
                body["stream_options"] = json!({"include_usage": true});
            }
            Self::Gemini | Self::GeminiArray => {}
        }
        self.call(self.path_of_stream(), mock, &body)
    }

    /// The same with `rest` laid over the body.
    ///
    /// # Panics
    /// When `rest` is not an object.
    pub fn streamed(self, mock: &str, rest: &Value) -> Call {
        let mut body = self.body();
        let fields = body.as_object_mut().expect("it is one");
        fields.extend(rest.as_object().expect("the rest is an object").clone());
        self.call(self.path_of_stream(), mock, &body)
    }

    /// The call with a credential of the provider's own, to be sent to it.
    pub fn directly(self, call: Call) -> Call {
        match self.kind() {
            "openai" => call.header("authorization", "Bearer sk-direct"),
            "gemini" => call.header("x-goog-api-key", "sk-direct"),
            _ => call.header("x-api-key", "sk-direct"),
        }
    }

    pub fn path_of_stream(self) -> &'static str {
        match self {
            Self::Messages => "/v1/messages",
            Self::Chat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
            Self::Gemini => "/v1beta/models/gemini-mock-1:streamGenerateContent?alt=sse",
            Self::GeminiArray => "/v1beta/models/gemini-mock-1:streamGenerateContent",
        }
    }

    fn body(self) -> Value {
        let messages = json!([{"role": "user", "content": "hi"}]);
        match self {
            Self::Messages => {
                json!({"model": self.model(), "max_tokens": 64, "messages": messages})
            }
            Self::Chat => json!({"model": self.model(), "messages": messages}),
            Self::Responses => json!({"model": self.model(), "input": messages}),
            Self::Gemini | Self::GeminiArray => {
                json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
            }
        }
    }

    fn call(self, path: &str, mock: &str, body: &Value) -> Call {
        let call = Call::post(path, body.to_string()).header("content-type", "application/json");
        let call = match mock {
            "" => call,
            mock => call.query(&format!("mock={mock}")),
        };
        match self {
            Self::Messages => call.header("anthropic-version", "2023-06-01"),
            _ => call,
        }
    }
}
