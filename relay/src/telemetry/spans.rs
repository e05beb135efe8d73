//! From a request's record to the spans of its trace, by OpenTelemetry's conventions for generative AI: the request, and in it
//! each wait, turn and upstream, the stream, and the settlement. Never a body, a credential or the text of a key.
//! <https://opentelemetry.io/docs/specs/semconv/gen-ai/>

use std::time::{Duration, SystemTime};

use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags,
    trace::{SpanContext, SpanKind, Status, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use tokio::time::Instant;

use super::trail::{Attempt, Origin, Trail};
use crate::{
    dialect::Dialect,
    provider::Provider,
    route::Work,
    settle::{Outcome, Record},
    time::UnixMillis,
};

/// A moment by both clocks: spans are measured by one and told by the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) wall: UnixMillis,
    pub(super) instant: Instant,
}

impl Now {
    fn time(self, of: Instant) -> SystemTime {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_millis(self.wall.0);
        match of.checked_duration_since(self.instant) {
            Some(later) => wall + later,
            None => wall - self.instant.saturating_duration_since(of),
        }
    }
}

/// The spans of one trace.
struct Drawing<'a> {
    origin: &'a Origin,
    now: Now,
    spans: Vec<SpanData>,
}

/// What a span is besides its time.
struct Named {
    name: &'static str,
    kind: SpanKind,
    id: SpanId,
    parent: Option<SpanId>,
    attributes: Vec<KeyValue>,
    status: Status,
}

/// A request that has ended; its settlement follows.
pub(super) fn of_record(record: &Record, trail: &Trail, now: Now) -> Vec<SpanData> {
    let origin = &*trail.origin;
    let mut drawing = Drawing::new(origin, now);
    drawing.draw(
        Named {
            name: "request",
            kind: SpanKind::Server,
            id: origin.span,
            parent: origin.parent,
            attributes: of_request(record),
            status: match record.outcome {
                Outcome::Done | Outcome::CallerGone => Status::Unset,
                failed => Status::error(failed.word()),
            },
        },
        (origin.came, now.instant),
    );
    for attempt in &trail.attempts {
        drawing.attempt(record, attempt);
    }
    let served = trail.attempts.last().filter(|last| last.failed.is_none());
    if let Some((began, _)) = served.and_then(|last| last.headers) {
        drawing.draw(Named::within(origin, "stream"), (began, now.instant));
    }
    drawing.spans
}

/// Its settlement, from when it ended.
pub(super) fn of_settlement(
    trail: &Trail,
    ended: Now,
    until: Instant,
    is_settled: bool,
) -> SpanData {
    let mut drawing = Drawing::new(&trail.origin, ended);
    let mut settle = Named::within(&trail.origin, "settle");
    settle.attributes = vec![KeyValue::new("weir.settled", is_settled)];
    drawing.draw(settle, (ended.instant, until));
    drawing.spans.swap_remove(0)
}

/// A request that never came to an account.
pub(super) fn of_refusal(
    origin: &Origin,
    dialect: Dialect,
    code: &'static str,
    now: Now,
) -> SpanData {
    let mut drawing = Drawing::new(origin, now);
    let refused = Named {
        kind: SpanKind::Server,
        id: origin.span,
        parent: origin.parent,
        attributes: vec![
            KeyValue::new("weir.dialect", dialect.word()),
            KeyValue::new("error.type", code),
        ],
        status: Status::error(code),
        ..Named::within(origin, "request")
    };
    drawing.draw(refused, (origin.came, now.instant));
    drawing.spans.swap_remove(0)
}

impl Named {
    fn within(origin: &Origin, name: &'static str) -> Self {
        Self {
            name,
            kind: SpanKind::Internal,
            id: super::trail::new_span(),
            parent: Some(origin.span),
            attributes: Vec::new(),
            status: Status::Unset,
        }
    }
}

impl<'a> Drawing<'a> {
    fn new(origin: &'a Origin, now: Now) -> Self {
        let spans = Vec::with_capacity(5);
        Self { origin, now, spans }
    }

    fn attempt(&mut self, record: &Record, attempt: &Attempt) {
        let origin = self.origin;
        let account = || KeyValue::new("weir.account", attempt.account.to_string());
        let mut wait = Named::within(origin, "wait");
        wait.attributes = vec![account()];
        self.draw(wait, (attempt.begun(), attempt.queued_until()));
        if attempt.has_turn {
            let mut turn = Named::within(origin, "turn");
            turn.attributes = vec![account()];
            self.draw(turn, (attempt.queued_until(), attempt.granted));
        }
        let mut attributes = asked(record, attempt.provider);
        attributes.push(account());
        if let Some((_, status)) = attempt.headers {
            attributes.push(KeyValue::new(
                "http.response.status_code",
                i64::from(status),
            ));
        }
        let upstream = Named {
            kind: SpanKind::Client,
            id: attempt.span,
            attributes,
            status: match attempt.failed {
                None => Status::Unset,
                Some((_, cause)) => Status::error(cause.word()),
            },
            ..Named::within(origin, "upstream")
        };
        let ended = attempt.ended().unwrap_or(self.now.instant);
        self.draw(upstream, (attempt.granted, ended));
    }

    fn draw(&mut self, named: Named, (began, ended): (Instant, Instant)) {
        let flags = TraceFlags::SAMPLED;
        let (trace, state) = (self.origin.trace, TraceState::default());
        self.spans.push(SpanData {
            span_context: SpanContext::new(trace, named.id, flags, false, state),
            parent_span_id: named.parent.unwrap_or(SpanId::INVALID),
            parent_span_is_remote: named.id == self.origin.span,
            span_kind: named.kind,
            name: named.name.into(),
            start_time: self.now.time(began),
            end_time: self.now.time(ended),
            attributes: named.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: named.status,
            instrumentation_scope: InstrumentationScope::builder("weir")
                .with_version(env!("CARGO_PKG_VERSION"))
                .build(),
        });
    }
}

/// Of a request and of each upstream that it went to.
fn asked(record: &Record, provider: Provider) -> Vec<KeyValue> {
    let provider = match provider {
        Provider::Anthropic => "anthropic",
        Provider::OpenAi => "openai",
        Provider::Gemini => "gcp.gemini",
        Provider::AzureOpenAi => "azure.ai.openai",
        Provider::Bedrock => "aws.bedrock",
        Provider::DeepSeek => "deepseek",
    };
    let mut asked = vec![
        KeyValue::new("gen_ai.operation.name", operation(record)),
        KeyValue::new("gen_ai.provider.name", provider),
        KeyValue::new("gen_ai.system", provider),
    ];
    if let Some(model) = record.served.as_ref().or(record.model.as_ref()) {
        asked.push(KeyValue::new("gen_ai.request.model", model.clone()));
    }
    asked
}

fn of_request(record: &Record) -> Vec<KeyValue> {
    let trail = record.trail.as_deref();
    let last = trail.and_then(|trail| trail.attempts.last());
    let mut told = last.map_or_else(Vec::new, |last| asked(record, last.provider));
    let word = |name: &'static str, value: &str| KeyValue::new(name, value.to_owned());
    told.extend([
        word("weir.request.id", record.request.as_str()),
        word("weir.key.id", &record.key),
        word("weir.group", &record.group),
        word("weir.account", &record.account),
        word("weir.dialect", record.dialect.word()),
        word("weir.outcome", record.outcome.word()),
        word("weir.reason", record.reason.word()),
    ]);
    if let Some(model) = &record.usage.model {
        told.push(word("gen_ai.response.model", model));
    }
    let usage = &record.usage;
    let cached = |tokens: Option<u64>| tokens.unwrap_or(0);
    let numbers = [
        // There it is all that was sent.
        (
            "gen_ai.usage.input_tokens",
            usage
                .input
                .map(|input| input + cached(usage.cache_read) + cached(usage.cache_write)),
        ),
        ("gen_ai.usage.output_tokens", usage.output),
        ("gen_ai.usage.cache_read.input_tokens", usage.cache_read),
        (
            "gen_ai.usage.cache_creation.input_tokens",
            usage.cache_write,
        ),
        ("http.response.status_code", record.status.map(u64::from)),
        ("weir.cost.micro_usd", record.bill.cost.map(|cost| cost.0)),
    ];
    let number = |(name, value): (&'static str, Option<u64>)| {
        let value = i64::try_from(value?).unwrap_or(i64::MAX);
        Some(KeyValue::new(name, value))
    };
    told.extend(numbers.into_iter().filter_map(number));
    told
}

fn operation(record: &Record) -> &'static str {
    match (record.work, record.dialect) {
        (Work::Generate, Dialect::Gemini | Dialect::GeminiArray) => "generate_content",
        (Work::Generate, Dialect::Anthropic | Dialect::Chat | Dialect::Responses) => "chat",
        (Work::Embed, _) => "embeddings",
        (Work::CountTokens, _) => "count_tokens",
        (Work::ListModels | Work::ShowModel, _) => "models",
        (Work::Stored(_) | Work::Usage | Work::Health, _) => "stored",
    }
}
