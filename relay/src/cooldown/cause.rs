//! Why an upstream did not serve: whose fault it is, whether another account may fare better, and how long to leave this
//! one alone where nobody says. Pure.

use std::time::Duration;

use super::Told;

/// Why there is no good answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The account's key is not taken.
    Credential,
    /// The account has no money left, or no quota that returns soon.
    Billing,
    Forbidden,
    /// The account does not have the model.
    Model,
    Rate,
    /// The provider has too much to do: not this account's fault.
    Overloaded,
    /// The provider failed.
    Fault,
    Unreachable,
    Late,
    /// The request itself is at fault: no account would take it.
    Caller,
}

/// What rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Account,
    /// One model of an account.
    Model,
    Nothing,
}

/// How long without a word of the upstream: first, and after many times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) first: Duration,
    pub(super) longest: Duration,
}

const ALL: [Cause; 10] = [
    Cause::Credential,
    Cause::Billing,
    Cause::Forbidden,
    Cause::Model,
    Cause::Rate,
    Cause::Overloaded,
    Cause::Fault,
    Cause::Unreachable,
    Cause::Late,
    Cause::Caller,
];

impl Cause {
    /// Of an answer that is no success.
    pub(crate) fn of_answer(status: u16, told: &Told) -> Self {
        match status {
            400 if told.says(&["credit balance"]) => Self::Billing,
            400 if told.says(&["organization", "disabled"]) => Self::Credential,
            400 if told.says(&["api key not valid"]) => Self::Credential,
            401 => Self::Credential,
            402 => Self::Billing,
            403 => Self::Forbidden,
            // A response or an item of one.
            404 if told.says(&["with id '", "not found"]) => Self::Caller,
            404 => Self::Model,
            429 if told.has(&["insufficient_quota", "billing_error"]) => Self::Billing,
            429 => Self::Rate,
            529 => Self::Overloaded,
            500.. if matches!(Self::of_words(told), Self::Overloaded) => Self::Overloaded,
            408 | 500.. | 300..=399 => Self::Fault,
            _ => Self::Caller,
        }
    }

    /// Of an error event: a stream has no status to tell.
    pub(crate) fn of_words(told: &Told) -> Self {
        let rows: [(Self, &[&str]); 7] = [
            (
                Self::Overloaded,
                &[
                    "overloaded_error",
                    "UNAVAILABLE",
                    "server_is_overloaded",
                    "slow_down",
                ],
            ),
            (Self::Billing, &["billing_error", "insufficient_quota"]),
            (
                Self::Rate,
                &[
                    "rate_limit_error",
                    "rate_limit_exceeded",
                    "RESOURCE_EXHAUSTED",
                ],
            ),
            (
                Self::Credential,
                &["authentication_error", "invalid_api_key", "UNAUTHENTICATED"],
            ),
            (Self::Forbidden, &["permission_error", "PERMISSION_DENIED"]),
            (
                Self::Model,
                &["not_found_error", "model_not_found", "NOT_FOUND"],
            ),
            (
                Self::Fault,
                &[
                    "api_error",
                    "server_error",
                    "timeout_error",
                    "INTERNAL",
                    "DEADLINE_EXCEEDED",
                ],
            ),
        ];
        let row = rows.iter().find(|(_, words)| told.has(words));
        row.map_or(Self::Caller, |(cause, _)| *cause)
    }

    /// Limits of rate are each model's own, with every provider.
    pub(crate) fn scope(self) -> Scope {
        match self {
            Self::Credential | Self::Billing | Self::Forbidden => Scope::Account,
            Self::Fault | Self::Unreachable | Self::Late => Scope::Account,
            Self::Model | Self::Rate => Scope::Model,
            Self::Overloaded | Self::Caller => Scope::Nothing,
        }
    }

    /// Whether the upstream's word on when to come back is about this.
    pub(super) fn has_reset(self) -> bool {
        match self {
            Self::Rate | Self::Billing | Self::Fault => true,
            Self::Credential | Self::Forbidden | Self::Model | Self::Overloaded => false,
            Self::Unreachable | Self::Late | Self::Caller => false,
        }
    }

    pub(super) fn guess(self) -> Guess {
        let (first, longest) = match self {
            Self::Credential => (60, 1_800),
            Self::Billing => (300, 3_600),
            Self::Forbidden => (30, 1_800),
            Self::Model => (300, 3_600),
            Self::Rate => (5, 300),
            Self::Fault | Self::Unreachable | Self::Late => (1, 60),
            Self::Overloaded | Self::Caller => (0, 0),
        };
        Guess {
            first: Duration::from_secs(first),
            longest: Duration::from_secs(longest),
        }
    }

    /// Its name in records, metrics and Redis.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Billing => "billing",
            Self::Forbidden => "forbidden",
            Self::Model => "model",
            Self::Rate => "rate",
            Self::Overloaded => "overloaded",
            Self::Fault => "fault",
            Self::Unreachable => "unreachable",
            Self::Late => "late",
            Self::Caller => "caller",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        ALL.into_iter().find(|cause| cause.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Cause {
        Cause::of_answer(status, &Told::read(body.as_bytes()))
    }

    #[test]
    fn an_answer_tells_whose_fault_it_is() {
        for (status, body, cause) in [
            (
                400,
                r#"{"error":{"type":"invalid_request_error","message":"Your credit balance is too low to access"}}"#,
                Cause::Billing,
            ),
            (
                400,
                r#"{"error":{"message":"This organization has been disabled."}}"#,
                Cause::Credential,
            ),
            (
                400,
                r#"{"error":{"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}"#,
                Cause::Credential,
            ),
            (
                400,
                r#"{"error":{"message":"messages: must not be empty"}}"#,
                Cause::Caller,
            ),
            (401, "", Cause::Credential),
            (402, "", Cause::Billing),
            (403, "<html>", Cause::Forbidden),
            (
                404,
                r#"{"error":{"type":"not_found_error","message":"model: x"}}"#,
                Cause::Model,
            ),
            (
                404,
                r#"{"error":{"message":"Item with id 'rs_1' not found.","type":"invalid_request_error","param":"input","code":null}}"#,
                Cause::Caller,
            ),
            (408, "", Cause::Fault),
            (409, "", Cause::Caller),
            (413, "", Cause::Caller),
            (422, "", Cause::Caller),
            (429, "", Cause::Rate),
            (
                429,
                r#"{"error":{"code":"insufficient_quota","message":"m"}}"#,
                Cause::Billing,
            ),
            (500, "", Cause::Fault),
            (
                503,
                r#"{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#,
                Cause::Overloaded,
            ),
            (
                503,
                r#"{"error":{"message":"m","type":"server_error"}}"#,
                Cause::Fault,
            ),
            (529, "", Cause::Overloaded),
        ] {
            assert_eq!(of(status, body), cause, "{status} {body}");
        }
    }

    #[test]
    fn an_error_event_tells_by_its_words() {
        for (event, cause) in [
            (
                r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#,
                Cause::Overloaded,
            ),
            (
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"m"}}"#,
                Cause::Caller,
            ),
            (
                r#"{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"m"}}}"#,
                Cause::Rate,
            ),
            (
                r#"{"error":{"code":500,"message":"m","status":"INTERNAL"}}"#,
                Cause::Fault,
            ),
        ] {
            assert_eq!(
                Cause::of_words(&Told::read(event.as_bytes())),
                cause,
                "{event}"
            );
        }
    }

    #[test]
    fn every_cause_is_known_by_its_word() {
        for cause in ALL {
            assert_eq!(Cause::of_word(cause.word()), Some(cause));
        }
        assert_eq!(Cause::of_word("x"), None);
    }
}
