//! What operators see of the queues at one moment: who holds what, who waits for it in which order and for how long.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

/// One look at everything.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Snapshot {
    pub(crate) at_ms: u64,
    pub(crate) totals: TotalsShown,
    pub(crate) accounts: Vec<AccountShown>,
    /// Those with something.
    pub(crate) keys: Vec<KeyShown>,
    /// Who had or wanted slots in the last minutes, the largest share first; at most 100.
    pub(crate) callers: Vec<CallerShown>,
    pub(crate) relays: Vec<RelayShown>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct TotalsShown {
    pub(crate) in_flight: u64,
    pub(crate) waiting: u64,
    /// Requests that ended, in all relays, in the mean of the last ten seconds.
    pub(crate) requests_per_s: f64,
    pub(crate) errors_per_s: f64,
    pub(crate) tokens_per_s: f64,
    /// Of the day of UTC.
    pub(crate) spend_today_micro_usd: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct AccountShown {
    #[schema(value_type = String)]
    pub(crate) id: Arc<str>,
    /// None of one that cannot be used.
    #[schema(value_type = Option<String>)]
    pub(crate) kind: Option<&'static str>,
    pub(crate) state: State,
    /// Why it is not used, or not for everything.
    pub(crate) why: Option<Why>,
    pub(crate) in_use: u64,
    /// 0: none.
    pub(crate) limit: u32,
    pub(crate) waiting: u64,
    /// The oldest first; at most 64.
    pub(crate) slots: Vec<SlotShown>,
    pub(crate) slots_more: u64,
    /// In grant order; at most 100.
    pub(crate) line: Vec<WaiterShown>,
    pub(crate) line_more: u64,
    /// Of an account with serial turns.
    pub(crate) turn: Option<TurnShown>,
}

/// How an account stands, the strongest word that is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It cannot be used as it is stored.
    Broken,
    Disabled,
    /// Drained, and some of its requests still run.
    Draining,
    Drained,
    Paused,
    Resting,
    Full,
    Open,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Why {
    pub(crate) cause: String,
    /// Where only that model rests.
    pub(crate) model: Option<String>,
    pub(crate) until_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SlotShown {
    pub(crate) member: Box<str>,
    #[schema(value_type = Option<String>)]
    pub(crate) key: Option<Arc<str>>,
    #[schema(value_type = Option<String>)]
    pub(crate) key_name: Option<Arc<str>>,
    #[schema(value_type = Option<String>)]
    pub(crate) model: Option<Arc<str>>,
    pub(crate) since_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct WaiterShown {
    pub(crate) member: Box<str>,
    #[schema(value_type = Option<String>)]
    pub(crate) key: Option<Arc<str>>,
    #[schema(value_type = Option<String>)]
    pub(crate) key_name: Option<Arc<str>>,
    #[schema(value_type = Option<String>)]
    pub(crate) model: Option<Arc<str>>,
    pub(crate) since_ms: u64,
    /// From 1.
    pub(crate) position: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TurnShown {
    pub(crate) holder: Option<SlotShown>,
    /// When the next one may go, where that is not yet.
    pub(crate) next_at_ms: Option<u64>,
    pub(crate) waiting: u64,
    pub(crate) line: Vec<WaiterShown>,
    pub(crate) line_more: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct KeyShown {
    #[schema(value_type = String)]
    pub(crate) id: Arc<str>,
    #[schema(value_type = Option<String>)]
    pub(crate) name: Option<Arc<str>>,
    pub(crate) in_use: u64,
    /// 0: none.
    pub(crate) limit: u32,
    pub(crate) waiting: u64,
}

/// What a caller got of all, and how long it waited, in the last five minutes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct CallerShown {
    #[schema(value_type = String)]
    pub(crate) key: Arc<str>,
    #[schema(value_type = Option<String>)]
    pub(crate) key_name: Option<Arc<str>>,
    /// Of the time in which slots were held: 0 to 1.
    pub(crate) share: f64,
    /// Of its requests that ended, and of those that wait.
    pub(crate) wait_p50_ms: u64,
    pub(crate) wait_p95_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RelayShown {
    pub(crate) process: Box<str>,
    pub(crate) since_ms: u64,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Disabled => "disabled",
            Self::Draining => "draining",
            Self::Drained => "drained",
            Self::Paused => "paused",
            Self::Resting => "resting",
            Self::Full => "full",
            Self::Open => "open",
        }
    }
}
