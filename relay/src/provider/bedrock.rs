//! Amazon Bedrock: Anthropic's Messages, said in the two ways that it has. Claude is asked in its own words (`invoke.rs`),
//! any other model through Converse (`converse.rs`); answers come as a binary event stream (`frames.rs`) and go on as
//! Anthropic's. `sign.rs` proves who asks.
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html>

mod converse;
mod frames;
mod invoke;
mod refusal;
mod rewording;
mod sign;

use bytes::Bytes;
use hyper::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::http::response::Parts;

pub(crate) use frames::Garbled;
pub(crate) use refusal::refusal;
pub(crate) use rewording::Rewording;
pub(crate) use sign::Signer;

use super::{Api, Rules, segment};
use crate::{dialect::Dialect, read::Answer, route::Work};

pub(super) const RULES: Rules = Rules {
    name: "Bedrock",
    api: Api::Anthropic,
    serves,
    credential: ("authorization", "Bearer "),
    base_url: None,
    base_path: "",
    goes_up: |_| false,
    tells_account: |_| false,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const AMZN_REQUEST_ID: &str = "x-amzn-requestid";

/// What an account of Bedrock's knows beside its address.
#[derive(Debug)]
pub(crate) struct Bedrock {
    betas: Box<[String]>,
}

/// A request in the words of the Messages API.
pub(crate) struct Wanted<'a> {
    pub(crate) work: Work,
    pub(crate) answer: Answer,
    /// As the caller names the model, and as Bedrock does.
    pub(crate) said: &'a str,
    pub(crate) model: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
}

/// The same in Bedrock's.
pub(crate) struct Asking {
    pub(crate) path: String,
    pub(crate) body: Bytes,
    pub(crate) reading: Reading,
}

/// What is asked for, by which its answer is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    form: Form,
    speech: Speech,
    model: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Message,
    Stream,
    Count,
}

/// In whose words a model is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speech {
    Claude,
    Converse,
}

fn serves(work: Work, _: Dialect) -> bool {
    match work {
        Work::Generate | Work::CountTokens => true,
        Work::Embed | Work::ListModels | Work::ShowModel => false,
        Work::Stored(_) | Work::Usage | Work::Health => false,
    }
}

impl Bedrock {
    pub(crate) fn new(betas: &[String]) -> Self {
        Self {
            betas: betas.into(),
        }
    }

    /// Fails where something cannot be said so; the error names it.
    pub(crate) fn ask(&self, wanted: &Wanted<'_>) -> Result<Asking, String> {
        let reading = Reading {
            form: Form::of(wanted),
            speech: Speech::of(wanted),
            model: wanted.model.into(),
        };
        let body = match reading.speech {
            Speech::Claude => invoke::body(wanted, &self.betas, reading.form)?,
            Speech::Converse => converse::body(wanted, reading.form)?,
        };
        let (model, action) = match (reading.form, reading.speech) {
            (Form::Count, _) => (without_geography(wanted.model), "count-tokens"),
            (Form::Message, Speech::Claude) => (wanted.model, "invoke"),
            (Form::Stream, Speech::Claude) => (wanted.model, "invoke-with-response-stream"),
            (Form::Message, Speech::Converse) => (wanted.model, "converse"),
            (Form::Stream, Speech::Converse) => (wanted.model, "converse-stream"),
        };
        let model = segment(model)?;
        Ok(Asking {
            path: format!("/model/{model}/{action}"),
            body,
            reading,
        })
    }
}

impl Form {
    fn of(wanted: &Wanted<'_>) -> Self {
        match (wanted.work, wanted.answer) {
            (Work::CountTokens, _) => Self::Count,
            (_, Answer::Stream) => Self::Stream,
            (_, Answer::Whole) => Self::Message,
        }
    }
}

impl Speech {
    /// An ARN of a profile need not say whose model it leads to; then the caller's name for it does.
    fn of(wanted: &Wanted<'_>) -> Self {
        let is_claude = |name: &str| name.contains("anthropic.") || name.contains("claude");
        let is_opaque = wanted.model.starts_with("arn:") && !wanted.model.contains("/meta.");
        match is_claude(wanted.model) || is_opaque && is_claude(wanted.said) {
            true => Self::Claude,
            false => Self::Converse,
        }
    }
}

/// Tokens are counted by models, not by the profiles that choose where one runs.
fn without_geography(model: &str) -> &str {
    const VENDORS: [&str; 5] = ["anthropic.", "amazon.", "meta.", "mistral.", "deepseek."];
    match model.split_once('.') {
        Some((_, rest)) if VENDORS.iter().any(|vendor| rest.starts_with(vendor)) => rest,
        _ => model,
    }
}

impl Reading {
    /// What is to come, in the headers of the request.
    pub(crate) fn ask(&self, headers: &mut HeaderMap) {
        let accept = match self.form {
            Form::Stream => "application/vnd.amazon.eventstream",
            Form::Message | Form::Count => "application/json",
        };
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }

    /// How a good answer is said in Anthropic's words; none where it is already.
    pub(crate) fn rewording(&self, head: &mut Parts) -> Option<Rewording> {
        let id = show_request_id(head);
        let rewording = match (self.form, self.speech) {
            (Form::Message, Speech::Claude) => return None,
            (Form::Message, Speech::Converse) => Rewording::message(id, &self.model),
            (Form::Count, _) => Rewording::count(),
            (Form::Stream, Speech::Claude) => Rewording::chunks(id),
            (Form::Stream, Speech::Converse) => Rewording::events(id, &self.model),
        };
        let kind = match self.form {
            Form::Stream => "text/event-stream; charset=utf-8",
            Form::Message | Form::Count => "application/json",
        };
        head.headers.remove(CONTENT_LENGTH);
        head.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Some(rewording)
    }
}

/// Where Anthropic's SDKs look for it.
fn show_request_id(head: &mut Parts) -> String {
    let Some(id) = head.headers.remove(AMZN_REQUEST_ID) else {
        return String::new();
    };
    let text = id.to_str().unwrap_or_default().to_owned();
    head.headers.insert(REQUEST_ID, id);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(said: &str, model: &str, work: Work, answer: Answer) -> Asking {
        let wanted = Wanted {
            work,
            answer,
            said,
            model,
            headers: &HeaderMap::new(),
            body: &Bytes::from_static(br#"{"model":"m","max_tokens":5,"messages":[]}"#),
        };
        Bedrock::new(&[]).ask(&wanted).unwrap()
    }

    #[test]
    fn a_model_is_asked_in_its_own_words_at_a_path_of_its_own() {
        use Answer::{Stream, Whole};
        use Work::{CountTokens, Generate};
        for (said, model, work, answer, path) in [
            (
                "m",
                "us.anthropic.claude-sonnet-4-20250514-v1:0",
                Generate,
                Whole,
                "/model/us.anthropic.claude-sonnet-4-20250514-v1%3A0/invoke",
            ),
            (
                "claude-x",
                "arn:aws:bedrock:us-east-1:1:application-inference-profile/ab",
                Generate,
                Stream,
                "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fab/invoke-with-response-stream",
            ),
            (
                "claude-x",
                "amazon.nova-pro-v1:0",
                Generate,
                Stream,
                "/model/amazon.nova-pro-v1%3A0/converse-stream",
            ),
            (
                "m",
                "us.meta.llama4-maverick-17b-instruct-v1:0",
                Generate,
                Whole,
                "/model/us.meta.llama4-maverick-17b-instruct-v1%3A0/converse",
            ),
            (
                "m",
                "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
                CountTokens,
                Whole,
                "/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/count-tokens",
            ),
            (
                "m",
                "amazon.nova-pro-v1:0",
                CountTokens,
                Whole,
                "/model/amazon.nova-pro-v1%3A0/count-tokens",
            ),
        ] {
            assert_eq!(asking(said, model, work, answer).path, path);
        }
    }
}
