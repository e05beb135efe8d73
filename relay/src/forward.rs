//! The fifth step: the request goes up as it came, with the account's credential in place of the caller's.
//! `upstream.rs` keeps the connections, `dial.rs` makes them, to where `place.rs` lets them.

mod dial;
mod going;
mod heard;
mod place;
mod resolve;
mod source;
mod upstream;

use std::time::Duration;

use hyper::Response;
use hyper_util::client::legacy::Error as ClientError;
use tokio::time::timeout;

pub(crate) use dial::Tls;
pub(crate) use heard::{Fault, Heard};
pub(crate) use place::{Place, Reach, address_of, is_this_machine};
pub(crate) use source::Source;
pub(crate) use upstream::Upstream;

use dial::Connect;
use going::Going;
use heard::hear;

use crate::{
    call::Call,
    cooldown::{Cause, Told},
    dialect::Dialect,
    permit::Permit,
    read::{Answer, Asked},
    settle::Outcome,
    time::UnixMillis,
};

/// Why there is no answer from upstream. The upstream's fault; another try may succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("the provider could not be reached")]
    Unreachable(ClientError),
    #[error("the connection to the provider broke before it answered")]
    BrokeOff(Option<ClientError>),
    #[error("the provider did not begin to answer within {} s", .0.as_secs_f32())]
    Late(Duration),
    #[error("the provider answered with a redirect, which is never followed")]
    Redirect,
    /// The caller's fault: what was asked for cannot be said in the provider's words.
    #[error("{0}")]
    Unsayable(String),
}

/// What came of sending a request to one account.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) came: Result<Heard, UpstreamError>,
    /// What speaks against the account; none where the answer is one, or the caller at fault.
    pub(crate) fault: Option<Fault>,
}

/// Sends the request and waits for the beginning of its answer.
pub(crate) async fn forward(
    upstream: &Upstream,
    call: &Call,
    asked: &Asked,
    permit: &mut Permit,
) -> Sent {
    let sent = match headers(upstream, call, asked, permit).await {
        Err(error) => Sent {
            fault: error.fault(),
            came: Err(error),
        },
        Ok(answer) => {
            let idle = upstream.account.timeouts.idle;
            let (heard, fault) = hear(answer, call.dialect, idle).await;
            let came = match (call.dialect, fault.map(|fault| fault.cause)) {
                // Inside the first element of an array no error could be told any more.
                (Dialect::GeminiArray, Some(Cause::Unreachable)) => {
                    Err(UpstreamError::BrokeOff(None))
                }
                (Dialect::GeminiArray, Some(Cause::Late)) => Err(UpstreamError::Late(idle)),
                _ => Ok(heard),
            };
            if let Err(error) = &came {
                permit.note(|record| record.outcome = error.outcome());
            }
            Sent { came, fault }
        }
    };
    if let Some(word) = sent.went_wrong() {
        permit.note(|record| record.went_wrong(&word));
    }
    sent
}

impl Sent {
    /// In the upstream's own word, where it has told one.
    fn went_wrong(&self) -> Option<String> {
        let refusal = self.came.as_ref().ok();
        let refusal = refusal.filter(|heard| !heard.is_success());
        let told = refusal.map(|heard| Told::read(&heard.beginning).words);
        let told = told.and_then(|words| words.into_iter().next());
        told.or_else(|| self.fault.map(|fault| fault.cause.word().to_owned()))
    }
}

/// What an account answers to a request that nobody waits for, and how long it may take for that.
pub(crate) async fn probe(
    upstream: &Upstream,
    call: &Call,
    asked: &Asked,
    within: Duration,
) -> Result<Heard, UpstreamError> {
    let going = Going::of(&upstream.account, call, asked).await?;
    let sending = upstream.send(|| going.request(None, UnixMillis::now()));
    let answer = match timeout(within, sending).await {
        Err(_) => return Err(UpstreamError::Late(within)),
        Ok(Err(error)) if error.is_connect() => return Err(UpstreamError::Unreachable(error)),
        Ok(Err(error)) => return Err(UpstreamError::BrokeOff(Some(error))),
        Ok(Ok(answer)) if answer.status().is_redirection() => return Err(UpstreamError::Redirect),
        Ok(Ok(answer)) => going.come(answer).await,
    };
    let (heard, _) = hear(answer, call.dialect, within).await;
    Ok(heard)
}

async fn headers(
    upstream: &Upstream,
    call: &Call,
    asked: &Asked,
    permit: &mut Permit,
) -> Result<Response<Source>, UpstreamError> {
    let account = &upstream.account;
    let within = match asked.facts.answer {
        Answer::Stream => account.timeouts.first_byte_stream,
        Answer::Whole => account.timeouts.first_byte,
    };
    let going = Going::of(account, call, asked)
        .await
        .inspect_err(|error| permit.note(|record| record.outcome = error.outcome()))?;
    permit.goes_upstream();
    let mut traceparent = None;
    permit.note(|record| traceparent = record.told_upstream());
    let sending = upstream.send(|| going.request(traceparent.as_ref(), UnixMillis::now()));
    let answer = match timeout(within, sending).await {
        Err(_) => Err(UpstreamError::Late(within)),
        Ok(Err(error)) if error.is_connect() => {
            permit.did_not_go_upstream();
            Err(UpstreamError::Unreachable(error))
        }
        Ok(Err(error)) => Err(UpstreamError::BrokeOff(Some(error))),
        Ok(Ok(answer)) if answer.status().is_redirection() => Err(UpstreamError::Redirect),
        Ok(Ok(answer)) => Ok(going.come(answer).await),
    };
    match &answer {
        Ok(answer) => {
            let connect = answer.extensions().get().map(|Connect(span)| *span);
            permit.note(|record| record.headers_came(answer.status().as_u16(), connect));
        }
        Err(error) => {
            tracing::warn!(account = &*account.id, request = %permit.id(), error = ?error, "no answer from upstream");
            permit.note(|record| record.outcome = error.outcome());
        }
    }
    permit.release_turn();
    answer
}

impl UpstreamError {
    fn fault(&self) -> Option<Fault> {
        let cause = match self {
            Self::Unreachable(_) | Self::BrokeOff(_) => Cause::Unreachable,
            Self::Late(_) => Cause::Late,
            Self::Redirect => Cause::Fault,
            Self::Unsayable(_) => return None,
        };
        Some(Fault {
            cause,
            stated: None,
        })
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Unreachable(_) | Self::BrokeOff(_) => Outcome::UpstreamUnreachable,
            Self::Late(_) => Outcome::UpstreamTimeout,
            Self::Redirect | Self::Unsayable(_) => Outcome::UpstreamRefused,
        }
    }
}
