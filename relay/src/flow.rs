//! The life of a request, on one screen. Each step is a file; what one step finds out is the next one's argument.

use std::{convert::Infallible, net::IpAddr, pin::pin as pinned, sync::Arc, time::Duration};

use crate::{
    address,
    admit::Admitted,
    answer::{AnswerBody, respond},
    app::App,
    authenticate::{Caller, authenticate},
    call::Call,
    dialect::Dialect,
    early::keep_alive,
    enter::enter,
    error::{Error, Retry, Verdict},
    failover::{Failover, Next},
    fallback::fall_back,
    forward::{Heard, forward},
    ids::RequestId,
    interpret::interpret,
    keeper::Keeper,
    limit::{limit, may_enter},
    own::Own,
    permit::Permit,
    pin::pin,
    read::{Answer, Asked, discard, read},
    route::{self, NoRoute, Route, Work},
    settle::Outcome,
    spend::{paid, spend},
    stream::{Cut, Cuts, Manner, stream},
    telemetry::{Origin, tell_refused},
    time::{UnixMillis, millis},
    translated::{Manner as InWords, translated},
};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    http::request::Parts,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-weir-request-id");
const WAIT_MS: HeaderName = HeaderName::from_static("x-weir-wait-ms");
const ERROR: HeaderName = HeaderName::from_static("x-weir-error");
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// A client that waits longer for its next try keeps its user in the dark.
const SOON: Duration = Duration::from_secs(60);

/// Answers one request, whatever happens.
pub(crate) async fn serve(
    app: Arc<App>,
    connected: IpAddr,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, Infallible> {
    let id = RequestId::next();
    let (head, mut body) = request.into_parts();
    let dialect = route::dialect(&head);
    let from = address::of_caller(connected, &head.headers, &app.settings().trusted_proxies);
    let origin = follow(&app, &head.headers);
    let come = (head, from, origin.clone());
    let relayed = relay(&app, come, &mut body, id).await;
    let relayed = relayed.unwrap_or_else(|error| {
        see_refused(&app, &error, (dialect, id), origin.as_deref());
        Err(error)
    });
    let mut response = match relayed {
        Ok(response) => response,
        Err(error) => {
            let most = app.settings().max_body_bytes;
            discard(&mut body, most.saturating_mul(2)).await;
            failure(&error, dialect, id)
        }
    };
    let shown = HeaderValue::from_str(id.as_str()).expect("made of ASCII letters and digits");
    response.headers_mut().insert(REQUEST_ID, shown);
    Ok(response)
}

/// None where the request is not followed.
fn follow(app: &App, headers: &HeaderMap) -> Option<Arc<Origin>> {
    app.traces.as_ref()?.follow(headers)
}

/// The inner error is one that has been seen from outside already.
async fn relay(
    app: &Arc<App>,
    (head, from, origin): (Parts, IpAddr, Option<Arc<Origin>>),
    body: &mut Incoming,
    id: RequestId,
) -> Result<Result<Response<AnswerBody>, Error>, Error> {
    let route = Route::of(&head)?;
    if route.work == Work::Health {
        return Ok(Ok(health(app)));
    }
    let now = UnixMillis::now();
    let key = authenticate(app, &head, route.dialect, now)?;
    may_enter(&key, route, head.uri.path(), from, now)?;
    let asked = Own { key: &key, route };
    if let Some(own) = asked.answer(app, &head, body).await? {
        return Ok(Ok(own));
    }
    let spoken = (route.work, route.dialect);
    let mut caller = Caller::of(&app.roster, key, spoken)?;
    let most = app.settings().max_body_bytes;
    let mut asked = read(&app.buffers, route, &head.headers, body, most).await?;
    fall_back(app, &mut caller, spoken, &asked.facts, UnixMillis::now());
    let answer_form = asked.facts.answer;
    let waits = app.settings().waits;
    let patience = waits.patience(caller.key.waits, answer_form);
    let mut call = Call::new(id, spoken, head, caller, &mut asked.facts, patience);
    limit(&mut call, &asked)?;
    call.origin = origin;
    let work = seen(Arc::clone(app), Box::new(call), Box::new(asked));
    Ok(match answer_form {
        Answer::Whole => work.await,
        Answer::Stream => keep_alive(Box::pin(work), spoken.1, id, waits).await,
    })
}

/// A refusal is seen from outside also where its caller gets it in an open stream.
async fn seen(
    app: Arc<App>,
    call: Box<Call>,
    asked: Box<Asked>,
) -> Result<Response<AnswerBody>, Error> {
    let (whose, origin) = ((call.dialect, call.id), call.origin.clone());
    let answered = answer(Arc::clone(&app), call, asked).await;
    answered.inspect_err(|error| see_refused(&app, error, whose, origin.as_deref()))
}

fn see_refused(
    app: &App,
    error: &Error,
    (dialect, id): (Dialect, RequestId),
    origin: Option<&Origin>,
) {
    let verdict = error.verdict();
    let code = verdict.code;
    app.meters.refused(dialect, code);
    if app.settings().log_requests && !error.is_recorded() {
        tell_refused(id, dialect, &verdict);
    }
    if let Some((traces, origin)) = app.traces.as_ref().zip(origin) {
        traces.refused(origin, dialect, code);
    }
}

/// From the caller to an account and back.
async fn answer(
    app: Arc<App>,
    mut call: Box<Call>,
    asked: Box<Asked>,
) -> Result<Response<AnswerBody>, Error> {
    pin(&app, &mut call).await?;
    interpret(&app, &mut call, &asked).await?;
    let mut permit = Permit::new(call.id, &app.ledger);
    let mut take_back = app.ledger.leases.begin(call.id);
    let found = tokio::select! {
        found = find(&app, &mut call, &asked, &mut permit) => found,
        () = take_back.said() => {
            permit.note(|record| record.outcome = Outcome::TakenBack);
            Err(Cut::TakenBack.into())
        }
    };
    let (admitted, heard) = found?;
    let (wait, waits) = (permit.waited(), app.settings().waits);
    let upstream = &admitted.upstream;
    let translation = call.translation(&upstream.account);
    let manner = Manner {
        dialect: call.dialect.translated(translation),
        usage_chunk: asked.usage_chunk_of(&upstream.account, translation),
        cuts: match translation {
            None => Cuts::AreTold,
            Some(_) => Cuts::AreLeft,
        },
        waits,
        take_back,
        keeper: Keeper::of(&app, &call, upstream),
    };
    let in_words = translation.map(|translation| InWords {
        translation,
        dialect: call.dialect,
        telling: call.telling(&asked, UnixMillis::now()),
        silence: waits.silence,
    });
    drop((asked, call.words.take()));
    let response = stream(heard, upstream, permit, manner);
    let mut response = match in_words {
        None => response.map(|relayed| AnswerBody::Relayed(Box::new(relayed))),
        Some(in_words) => Box::pin(translated(response, in_words)).await?,
    };
    response
        .headers_mut()
        .insert(WAIT_MS, HeaderValue::from(millis(wait)));
    Ok(response)
}

/// From account to account, until one has begun to answer.
async fn find(
    app: &App,
    call: &mut Call,
    asked: &Asked,
    permit: &mut Permit,
) -> Result<(Admitted, Heard), Error> {
    let books = &app.ledger.books;
    let expected = books.foresee(call.prospect(asked), UnixMillis::now());
    let mut paying = spend(app, call, &expected, permit).await?;
    let mut failover = Failover::new(app);
    loop {
        let entered = {
            let entering = pinned!(enter(
                app,
                call,
                (asked, &expected),
                &failover.attempts,
                permit
            ));
            paid(paying.take(), entering).await
        };
        let admitted = match entered {
            Ok(admitted) => admitted,
            Err(error) => {
                if let Error::Unpaid(_) = error {
                    permit.forget_record();
                }
                return failover.last_answer(error);
            }
        };
        let sent = forward(&admitted.upstream, call, asked, permit).await;
        match failover.weigh(app, call, admitted, sent, permit) {
            Next::Answer(admitted, heard) => return Ok((admitted, heard)),
            Next::Fail(error) => return Err(error.into()),
            Next::TryAnother => {}
        }
    }
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
    if let Error::Route(NoRoute::Method { allowed }) = error {
        headers.insert(ALLOW, HeaderValue::from_static(allowed));
    }
    match retry {
        Retry::Never => {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        Retry::Whenever => {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("true"));
        }
        Retry::After(pause) => {
            let soon = if pause <= SOON { "true" } else { "false" };
            headers.insert(SHOULD_RETRY, HeaderValue::from_static(soon));
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
