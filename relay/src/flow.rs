//! The life of a request, on one screen. Each step is a file; what one step finds out is the next one's argument.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    http::request::Parts,
};
use tokio::time::Instant;

use crate::{
    admit::admit,
    app::App,
    authenticate::authenticate,
    dialect::Dialect,
    error::{Error, Retry, Verdict},
    forward::forward,
    ids::RequestId,
    read::{discard, read},
    route::{self, NoRoute, Route, Work},
    settle::Record,
    stream::{AnswerBody, UsageChunk, respond, stream},
    time::millis,
    turn::take_turn,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-weir-request-id");
const WAIT_MS: HeaderName = HeaderName::from_static("x-weir-wait-ms");
const ERROR: HeaderName = HeaderName::from_static("x-weir-error");
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Answers one request, whatever happens.
pub(crate) async fn serve(
    app: &App,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let id = RequestId::next();
    let (head, mut body) = request.into_parts();
    let dialect = route::dialect(&head);
    let mut response = match relay(app, &head, &mut body, id).await {
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
    app: &App,
    head: &Parts,
    body: &mut Incoming,
    id: RequestId,
) -> Result<Response<AnswerBody>, Error> {
    let route = Route::of(head)?;
    if route.work == Work::Health {
        return Ok(health(app));
    }
    let caller = authenticate(app, head, route.dialect)?;
    let mut asked = read(&app.buffers, route, body, app.max_body_bytes).await?;

    let began = Instant::now();
    let mut admitted = admit(app, id, route.work, &caller).await?;
    let account = &admitted.upstream.account;
    take_turn(app, route.work, &asked.facts, account, &mut admitted.permit).await?;
    let wait = began.elapsed();
    let record = Record::new(&admitted, &caller.key.id, &mut asked.facts, began);
    admitted.permit.open_record(record);

    let usage_chunk = match asked.facts.usage_asked {
        Some(_) => UsageChunk::IsDropped,
        None => UsageChunk::Passes,
    };
    let answer = forward(&admitted.upstream, head, asked, &mut admitted.permit).await?;
    let mut response = stream(answer, admitted, route.dialect, usage_chunk);
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
