//! Every way in which a request can fail, and the one map from there to HTTP: whose fault,
//! which status and word, whether and when to try again, and what the caller may read.

mod limits;

use std::time::Duration;

use hyper::StatusCode;

use limits::{limited, owner_busy, rate_spent, unpaid};

use crate::{
    admit::Refused,
    authenticate::Unauthorized,
    cooldown::Cause,
    forward::UpstreamError,
    ids::RequestId,
    limit::Limited,
    own_usage::Untold,
    pin::Unpinned,
    pins::What,
    read::Unreadable,
    route::NoRoute,
    spend::{Opens, Unpaid},
    store::StoreError,
    stream::Cut,
    translate::{Garbled, Unfit},
    turn::NoTurn,
};

/// One per step.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Route(#[from] NoRoute),
    #[error(transparent)]
    Unauthorized(#[from] Unauthorized),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Untold(#[from] Untold),
    #[error(transparent)]
    Limited(#[from] Limited),
    #[error(transparent)]
    Unpaid(#[from] Unpaid),
    #[error(transparent)]
    Unpinned(#[from] Unpinned),
    #[error("this request needs to be translated: {0}")]
    Unfit(#[from] Unfit),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    NoTurn(#[from] NoTurn),
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error(transparent)]
    Cut(#[from] Cut),
    #[error(transparent)]
    Garbled(#[from] Garbled),
}

/// An error as a caller reads it, before any dialect words it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) verdict: Verdict,
    pub(crate) message: String,
    /// The provider's own words for it, where clients know what to do by them.
    pub(crate) known_as: Option<KnownAs>,
    pub(crate) request: RequestId,
}

/// What is wrong, as the provider's API says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownAs {
    pub(crate) kind: Option<&'static str>,
    pub(crate) code: Option<&'static str>,
    pub(crate) param: Option<&'static str>,
}

/// What the caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) status: StatusCode,
    /// Our own word for it, so that nobody blames the provider for the relay, or the relay for the provider.
    pub(crate) code: &'static str,
    pub(crate) retry: Retry,
}

/// Whether the same request may fare better later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    Never,
    After(Duration),
    /// Yes, and nobody knows when.
    Whenever,
}

const STORE_RETRY: Duration = Duration::from_secs(1);
const CLOSED_RETRY: Duration = Duration::from_secs(5);
const BUFFERS_RETRY: Duration = Duration::from_secs(1);

impl Error {
    pub(crate) fn told(&self, request: RequestId) -> Told {
        Told {
            verdict: self.verdict(),
            message: self.message(),
            known_as: self.known_as(),
            request,
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Route(error) => route(error),
            Self::Unauthorized(error) => unauthorized(error),
            Self::Unreadable(error) => unreadable(error),
            Self::Untold(error) => untold(error),
            Self::Limited(error) => limited(error),
            Self::Unpaid(error) => unpaid(error),
            Self::Unpinned(error) => unpinned(error),
            Self::Unfit(_) => verdict(StatusCode::BAD_REQUEST, "weir_untranslatable", Retry::Never),
            Self::Refused(error) => refused(error),
            Self::NoTurn(error) => no_turn(error),
            Self::Upstream(error) => upstream(error),
            Self::Cut(error) => cut(error),
            Self::Garbled(_) => verdict(
                StatusCode::BAD_GATEWAY,
                "weir_upstream_garbled",
                Retry::Whenever,
            ),
        }
    }

    /// Whether an account has had the request: then its record tells what became of it.
    pub(crate) fn is_recorded(&self) -> bool {
        match self {
            Self::Upstream(_) | Self::Cut(_) | Self::Garbled(_) => true,
            Self::Route(_) | Self::Unauthorized(_) | Self::Unreadable(_) | Self::Untold(_) => false,
            Self::Limited(_) | Self::Unpaid(_) | Self::Unpinned(_) | Self::Unfit(_) => false,
            Self::Refused(_) | Self::NoTurn(_) => false,
        }
    }

    fn known_as(&self) -> Option<KnownAs> {
        let named = match self {
            Self::Unpinned(Unpinned::Unknown(named)) => named,
            Self::Unpaid(Unpaid::Spent(short)) if !matches!(short.opens, Opens::Soon(_)) => {
                return Some(KnownAs {
                    kind: Some("insufficient_quota"),
                    code: Some("insufficient_quota"),
                    param: None,
                });
            }
            _ => return None,
        };
        let kind = None;
        let (code, param) = match named.what {
            What::Stored => (None, None),
            What::Response => (
                Some("previous_response_not_found"),
                Some("previous_response_id"),
            ),
            What::Conversation => (None, Some("conversation")),
            What::Item => (None, Some("input")),
        };
        Some(KnownAs { kind, code, param })
    }

    /// What the caller may read. Of the store only that it failed: its own words may tell how the relay is built.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Refused(Refused::Store(_))
            | Self::NoTurn(NoTurn::Store(_))
            | Self::Untold(Untold::Store(_))
            | Self::Unpaid(Unpaid::Store(_))
            | Self::Unpinned(Unpinned::Store(_)) => {
                "the relay cannot reach its store; try again".into()
            }
            other => other.to_string(),
        }
    }
}

/// The caller's fault.
fn route(error: &NoRoute) -> Verdict {
    match error {
        NoRoute::Path => verdict(StatusCode::NOT_FOUND, "weir_no_route", Retry::Never),
        NoRoute::Method { .. } => verdict(
            StatusCode::METHOD_NOT_ALLOWED,
            "weir_wrong_method",
            Retry::Never,
        ),
        NoRoute::TooLong => verdict(StatusCode::URI_TOO_LONG, "weir_uri_too_long", Retry::Never),
    }
}

/// The caller's fault, or the operator's.
fn unauthorized(error: &Unauthorized) -> Verdict {
    match error {
        Unauthorized::NoKey | Unauthorized::UnknownKey => {
            verdict(StatusCode::UNAUTHORIZED, "weir_invalid_key", Retry::Never)
        }
        Unauthorized::NoGroup => verdict(StatusCode::FORBIDDEN, "weir_no_group", Retry::Never),
        Unauthorized::NoAccount { .. } => {
            verdict(StatusCode::FORBIDDEN, "weir_no_account", Retry::Never)
        }
    }
}

/// The caller's fault, except for the buffers.
fn unreadable(error: &Unreadable) -> Verdict {
    match error {
        Unreadable::TooLarge { .. } => verdict(
            StatusCode::PAYLOAD_TOO_LARGE,
            "weir_body_too_large",
            Retry::Never,
        ),
        Unreadable::BuffersFull => verdict(
            StatusCode::SERVICE_UNAVAILABLE,
            "weir_buffers_full",
            Retry::After(BUFFERS_RETRY),
        ),
        Unreadable::Invalid { .. } => {
            verdict(StatusCode::BAD_REQUEST, "weir_invalid_body", Retry::Never)
        }
        Unreadable::Slow => verdict(
            StatusCode::REQUEST_TIMEOUT,
            "weir_body_timeout",
            Retry::Whenever,
        ),
        Unreadable::BrokeOff => verdict(
            StatusCode::BAD_REQUEST,
            "weir_body_broke_off",
            Retry::Whenever,
        ),
    }
}

/// The caller's fault, or that of the store.
fn untold(error: &Untold) -> Verdict {
    match error {
        Untold::Query => verdict(StatusCode::BAD_REQUEST, "weir_invalid_query", Retry::Never),
        Untold::Store(error) => store(error),
    }
}

/// The caller's fault, or nobody's, or that of the store.
fn unpinned(error: &Unpinned) -> Verdict {
    let bad = |code| verdict(StatusCode::BAD_REQUEST, code, Retry::Never);
    match error {
        Unpinned::Unknown(_) => verdict(StatusCode::NOT_FOUND, "weir_unknown_id", Retry::Never),
        Unpinned::Gone => verdict(StatusCode::GONE, "weir_account_gone", Retry::Never),
        Unpinned::Divided => bad("weir_accounts_differ"),
        Unpinned::TooMany => bad("weir_too_many_ids"),
        Unpinned::Store(error) => store(error),
    }
}

/// A limit of the relay, or its store.
fn refused(error: &Refused) -> Verdict {
    let busy = |code, retry| verdict(StatusCode::TOO_MANY_REQUESTS, code, Retry::After(retry));
    match error {
        Refused::OwnerBusy { owner, retry, .. } => busy(owner_busy(*owner), *retry),
        Refused::RateSpent { rate, retry } => busy(rate_spent(rate), *retry),
        Refused::NoModel => verdict(StatusCode::NOT_FOUND, "weir_no_model", Retry::Never),
        Refused::AccountsRest { cause, retry, .. } => {
            let status = match cause {
                Cause::Rate | Cause::Billing => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            verdict(status, "weir_accounts_rest", Retry::After(*retry))
        }
        Refused::AccountsClosed { .. } => verdict(
            StatusCode::SERVICE_UNAVAILABLE,
            "weir_accounts_closed",
            Retry::After(CLOSED_RETRY),
        ),
        Refused::AccountsBusy { retry, .. } => busy("weir_accounts_busy", *retry),
        Refused::LineFull { retry } => busy("weir_queue_full", *retry),
        Refused::Cancelled => cancelled(),
        Refused::Store(error) => store(error),
    }
}

/// A limit of the relay, or its store.
fn no_turn(error: &NoTurn) -> Verdict {
    let busy = |code, retry| verdict(StatusCode::TOO_MANY_REQUESTS, code, Retry::After(retry));
    match error {
        NoTurn::Early { retry } => busy("weir_turn_early", *retry),
        NoTurn::Busy { retry } => busy("weir_turn_busy", *retry),
        NoTurn::LineFull { retry } => busy("weir_queue_full", *retry),
        NoTurn::Cancelled => cancelled(),
        NoTurn::Store(error) => store(error),
    }
}

/// An operator's decision.
fn cancelled() -> Verdict {
    verdict(
        StatusCode::SERVICE_UNAVAILABLE,
        "weir_cancelled",
        Retry::Never,
    )
}

/// The upstream's fault, except for what cannot be said to it.
fn upstream(error: &UpstreamError) -> Verdict {
    match error {
        UpstreamError::Unreachable(_) => verdict(
            StatusCode::BAD_GATEWAY,
            "weir_upstream_unreachable",
            Retry::Whenever,
        ),
        UpstreamError::BrokeOff(_) => verdict(
            StatusCode::BAD_GATEWAY,
            "weir_upstream_broke_off",
            Retry::Whenever,
        ),
        UpstreamError::Late(_) => verdict(
            StatusCode::GATEWAY_TIMEOUT,
            "weir_upstream_timeout",
            Retry::Whenever,
        ),
        UpstreamError::Redirect => verdict(
            StatusCode::BAD_GATEWAY,
            "weir_upstream_redirect",
            Retry::Never,
        ),
        UpstreamError::Unsayable(_) => {
            verdict(StatusCode::BAD_REQUEST, "weir_untranslatable", Retry::Never)
        }
    }
}

/// The upstream's fault when its answer had begun, or an operator's decision.
fn cut(error: &Cut) -> Verdict {
    match error {
        Cut::BrokeOff => verdict(
            StatusCode::BAD_GATEWAY,
            "weir_upstream_broke_off",
            Retry::Whenever,
        ),
        Cut::Late => verdict(
            StatusCode::GATEWAY_TIMEOUT,
            "weir_upstream_timeout",
            Retry::Whenever,
        ),
        Cut::TakenBack => verdict(
            StatusCode::SERVICE_UNAVAILABLE,
            "weir_taken_back",
            Retry::Never,
        ),
    }
}

/// Ours or the operator's: the caller can only come back.
fn store(error: &StoreError) -> Verdict {
    let code = match error {
        StoreError::Down | StoreError::Unanswered(_) => "weir_store_unreachable",
        StoreError::Refused { .. } | StoreError::Form { .. } => "weir_store_error",
        StoreError::NoModule | StoreError::Denied(_) => "weir_store_error",
    };
    verdict(
        StatusCode::SERVICE_UNAVAILABLE,
        code,
        Retry::After(STORE_RETRY),
    )
}

fn verdict(status: StatusCode, code: &'static str, retry: Retry) -> Verdict {
    Verdict {
        status,
        code,
        retry,
    }
}
