//! The life of one simulated answer: credential, body, latency, failure or answer. The same in every dialect.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response};

use super::answer::{Answer, Ask, estimate};
use super::behaviour::Behaviour;
use super::dialect::{Dialect, Failure};
use super::ledger::Flight;
use super::playback::{Framing, Playback, ResetFlag};
use super::route::Upstream;
use super::script::Script;

const MAX_BODY_BYTES: usize = 32 << 20;

/// One request to a provider's route, until its answer begins.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    pub(super) upstream: &'a Upstream,
    pub(super) dialect: Dialect,
    pub(super) serial: u64,
    pub(super) reset: ResetFlag,
}

impl Exchange<'_> {
    /// Answers a generation; it counts as one from its head to its last byte.
    pub(super) async fn generate(self, request: Request<Incoming>) -> Response<Playback> {
        let answered = self.try_generate(request).await;
        self.finish(answered)
    }

    /// Answers how many input tokens a request would have.
    pub(super) async fn count_tokens(self, request: Request<Incoming>) -> Response<Playback> {
        let answered = self.try_count(request).await;
        self.finish(answered)
    }

    /// Puts an answer, or the failure instead, into the form of the dialect.
    pub(super) fn finish(
        self,
        answered: Result<Response<Playback>, Failure>,
    ) -> Response<Playback> {
        let mut response =
            answered.unwrap_or_else(|failure| self.dialect.failed(&failure, self.serial));
        self.dialect.sign(response.headers_mut(), self.serial);
        response
    }

    async fn try_generate(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Playback>, Failure> {
        let key = self.dialect.credential(request.headers())?;
        let flight = self.upstream.ledger.take_off(key);
        match self.listen(request).await {
            Ok((ask, behaviour)) => Ok(self.play(ask, &behaviour, flight)),
            Err(failure) => {
                flight.land();
                Err(failure)
            }
        }
    }

    async fn listen(&self, request: Request<Incoming>) -> Result<(Ask, Behaviour), Failure> {
        let (head, body, behaviour) = self.read(request).await?;
        let ask = self.dialect.read_generation(&head, &body);
        self.upstream.ledger.keep(head, body);
        let ask = ask?;
        respond_as_asked(&behaviour).await?;
        Ok((ask, behaviour))
    }

    async fn try_count(&self, request: Request<Incoming>) -> Result<Response<Playback>, Failure> {
        self.dialect.credential(request.headers())?;
        let (head, body, behaviour) = self.read(request).await?;
        let checked = self.dialect.check_count(&head, &body);
        let tokens = behaviour
            .input_tokens
            .unwrap_or_else(|| estimate(body.len()));
        self.upstream.ledger.keep(head, body);
        checked?;
        respond_as_asked(&behaviour).await?;
        Ok(self.dialect.token_count(tokens))
    }

    async fn read(&self, request: Request<Incoming>) -> Result<(Parts, Bytes, Behaviour), Failure> {
        let behaviour = self
            .behaviour(&request)
            .map_err(|refusal| Failure::new(400, refusal))?;
        let (head, body) = request.into_parts();
        let body = Limited::new(body, MAX_BODY_BYTES).collect().await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => Failure::new(413, "Request exceeds the maximum size"),
            false => Failure::new(
                400,
                format!("The request's body could not be read: {error}"),
            ),
        })?;
        Ok((head, body.to_bytes(), behaviour))
    }

    fn behaviour(&self, request: &Request<Incoming>) -> Result<Behaviour, String> {
        let mut behaviour = self.upstream.behaviour();
        if let Some(pairs) = request.headers().get("x-mock") {
            behaviour = behaviour.with_pairs(&String::from_utf8_lossy(pairs.as_bytes()))?;
        }
        if let Some(query) = request.uri().query() {
            behaviour = behaviour.with_query(query)?;
        }
        Ok(behaviour)
    }

    fn play(&self, ask: Ask, behaviour: &Behaviour, flight: Flight) -> Response<Playback> {
        let stream = ask.stream;
        let answer = Answer::compose(ask, behaviour, self.serial);
        if stream {
            self.upstream.ledger.count_stream();
            let plan = self.stream(&answer, behaviour).plan(behaviour);
            let body = Playback::new(
                plan,
                Framing::Chunked,
                Some(flight),
                ResetFlag::clone(&self.reset),
            );
            return with_type(body, "text/event-stream; charset=utf-8");
        }
        let plan = self.dialect.whole(&answer).plan(behaviour);
        let body = Playback::new(
            plan,
            Framing::Length,
            Some(flight),
            ResetFlag::clone(&self.reset),
        );
        with_type(body, "application/json")
    }

    fn stream(&self, answer: &Answer, behaviour: &Behaviour) -> Script {
        let script = self.dialect.stream(answer);
        let Some(events) = behaviour.error_after else {
            return script;
        };
        let mut script = script.truncated(events);
        self.dialect
            .append_failure(&mut script, &Failure::new(529, "Overloaded"));
        script
    }
}

fn with_type(body: Playback, content_type: &'static str) -> Response<Playback> {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

async fn respond_as_asked(behaviour: &Behaviour) -> Result<(), Failure> {
    if behaviour.latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(behaviour.latency_ms)).await;
    }
    match behaviour.status {
        None => Ok(()),
        Some(status) => Err(Failure {
            status,
            message: format!("Failed with status {status} as asked"),
            retry_after: behaviour.retry_after,
        }),
    }
}
