//! The life of a request, on one screen. Each step is a file; what one step finds out is the next one's argument.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    http::request::Parts,
};

use crate::{
    admit::{Refused, admit},
    answer::{AnswerBody, respond},
    app::App,
    authenticate::{Caller, authenticate},
    dialect::Dialect,
    early::keep_alive,
    error::{Error, Retry, Verdict},
    forward::forward,
    ids::RequestId,
    intend,
    line::Patience,
    read::{Answer, Asked, discard, read},
    route::{self, NoRoute, Route, Work},
    settle::Record,
    stream::{UsageChunk, stream},
    time::millis,
    turn::take_turn,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-weir-request-id");
const WAIT_MS: HeaderName = HeaderName::from_static("x-weir-wait-ms");
const ERROR: HeaderName = HeaderName::from_static("x-weir-error");
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// A request of a caller, as the steps see it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: RequestId,
    pub(crate) work: Work,
    pub(crate) dialect: Dialect,
    pub(crate) head: Parts,
    pub(crate) caller: Caller,
    pub(crate) patience: Patience,
}

/// Answers one request, whatever happens.
pub(crate) async fn serve(
    app: Arc<App>,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let id = RequestId::next();
    let (head, mut body) = request.into_parts();
    let dialect = route::dialect(&head);
    let mut response = match relay(&app, head, &mut body, id).await {
        Ok(response) => response,
        Err(error) => {
            discard(&mut body, app.max_body_bytes.saturating_mul(2)).await;
            failure(&error, dialect, id)
        }
    };
    let shown = HeaderValue::from_str(id.as_str()).expect("made of ASCII letters and digits");
    response.headers_mut().insert(REQUEST_ID, shown);
    Ok(response)
}

async fn relay(
    app: &Arc<App>,
    head: Parts,
    body: &mut Incoming,
    id: RequestId,
) -> Result<Response<AnswerBody>, Error> {
    let route = Route::of(&head)?;
    if route.work == Work::Health {
        return Ok(health(app));
    }
    let caller = authenticate(app, &head, route.dialect)?;
    let asked = read(&app.buffers, route, body, app.max_body_bytes).await?;
    let answer_form = asked.facts.answer;
    let call = Call {
        id,
        work: route.work,
        dialect: route.dialect,
        head,
        patience: app.waits.patience(caller.key.waits, answer_form),
        caller,
    };
    match answer_form {
        Answer::Whole => answer(Arc::clone(app), call, asked).await,
        Answer::Stream => {
            let dialect = call.dialect;
            let work = Box::pin(answer(Arc::clone(app), call, asked));
            keep_alive(work, dialect, id, app.waits).await
        }
    }
}

async fn answer(
    app: Arc<App>,
    call: Call,
    mut asked: Asked,
) -> Result<Response<AnswerBody>, Error> {
    let mut saying = intend::saying(&call, &asked);
    let mut admitted = admit(&app, &call, intend::with_admission(&call, &asked, &saying)).await?;
    saying.intent.account = Some(admitted.upstream.account.id.clone());
    take_turn(&app, &call, &asked.facts, &mut admitted, &saying).await?;
    app.store.say(&saying).await.map_err(Refused::Store)?;
    let record = Record::new(&admitted, &call, &mut asked.facts);
    let wait = record.wait;
    admitted.permit.open_record(record);

    let usage_chunk = match asked.facts.usage_asked {
        Some(_) => UsageChunk::IsDropped,
        None => UsageChunk::Passes,
    };
    let answer = forward(&admitted.upstream, &call.head, asked, &mut admitted.permit).await?;
    let mut response = stream(answer, admitted, call.dialect, usage_chunk, app.waits);
    response
        .headers_mut()
        .insert(WAIT_MS, HeaderValue::from(millis(wait)));
    Ok(response)
}

fn health(app: &App) -> Response<AnswerBody> {
    let (status, text) = match app.is_open() {
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    respond(
        status,
        HeaderMap::new(),
        AnswerBody::Own(Full::new(Bytes::from_static(text.as_bytes()))),
    )
}

fn failure(error: &Error, dialect: Dialect, id: RequestId) -> Response<AnswerBody> {
    let told = error.told(id);
    let Verdict {
        status,
        code,
        retry,
    } = told.verdict;
    tracing::debug!(request = %id, status = status.as_u16(), code, error = ?error, "a request was not served");
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ERROR, HeaderValue::from_static(code));
    if let Error::Route(NoRoute::Method(allowed)) = error {
        let allowed = HeaderValue::from_str(allowed.as_str()).expect("a method is a token");
        headers.insert(ALLOW, allowed);
    }
    match retry {
        Retry::Never => {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        Retry::Whenever => {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("true"));
        }
        Retry::After(pause) => {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("true"));
            headers.insert(RETRY_AFTER_MS, HeaderValue::from(millis(pause)));
            headers.insert(
                RETRY_AFTER,
                HeaderValue::from(millis(pause).div_ceil(1000).max(1)),
            );
        }
    }
    let body = dialect.error_body(&told);
    respond(status, headers, AnswerBody::Own(Full::new(body)))
}
