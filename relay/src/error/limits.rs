//! What is told of limits that an operator has set: of each its own word.

use hyper::StatusCode;

use super::{Retry, Verdict, store, verdict};
use crate::{
    allowance::{Measure, Owner, Rate},
    limit::Limited,
    spend::{Opens, Unpaid},
};

/// The operator's will.
pub(super) fn limited(error: &Limited) -> Verdict {
    let forbidden = |code| verdict(StatusCode::FORBIDDEN, code, Retry::Never);
    match error {
        Limited::Expired { .. } => {
            verdict(StatusCode::UNAUTHORIZED, "weir_key_expired", Retry::Never)
        }
        Limited::Address { .. } => forbidden("weir_address_not_allowed"),
        Limited::Route { .. } => forbidden("weir_route_not_allowed"),
        Limited::Model { .. } => forbidden("weir_model_not_allowed"),
    }
}

pub(super) fn owner_busy(owner: Owner) -> &'static str {
    match owner {
        Owner::Key => "weir_key_busy",
        Owner::User => "weir_user_busy",
        Owner::Group => "weir_group_busy",
        Owner::Account => "weir_accounts_busy",
    }
}

pub(super) fn rate_spent(rate: &Rate) -> &'static str {
    match (rate.owner, rate.measure) {
        (Owner::Key, Measure::Requests) => "weir_key_requests",
        (Owner::Key, Measure::Tokens) => "weir_key_tokens",
        (Owner::User, Measure::Requests) => "weir_user_requests",
        (Owner::User, Measure::Tokens) => "weir_user_tokens",
        (Owner::Group, Measure::Requests) => "weir_group_requests",
        (Owner::Group, Measure::Tokens) => "weir_group_tokens",
        (Owner::Account, Measure::Requests) => "weir_account_requests",
        (Owner::Account, Measure::Tokens) => "weir_account_tokens",
    }
}

/// The operator's will, or the store's fault.
pub(super) fn unpaid(error: &Unpaid) -> Verdict {
    let short = match error {
        Unpaid::Spent(short) => short,
        Unpaid::Unpriced { .. } => {
            return verdict(StatusCode::FORBIDDEN, "weir_model_unpriced", Retry::Never);
        }
        Unpaid::Store(error) => return store(error),
    };
    let code = match short.budget.owner {
        Owner::Key => "weir_key_spend",
        Owner::User => "weir_user_spend",
        Owner::Group | Owner::Account => "weir_group_spend",
    };
    let retry = match short.opens {
        Opens::Soon(retry) | Opens::At(retry, _) => Retry::After(retry),
        Opens::Never => Retry::Never,
    };
    verdict(StatusCode::TOO_MANY_REQUESTS, code, retry)
}
