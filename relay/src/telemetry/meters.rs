//! All that is counted as it happens. Labels are looked up once for each of their combinations, by `counting.rs`, or where
//! something went wrong; what remains of a request is a few atomic additions.

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{
    catalogue as all,
    catalogue::register,
    labels::{
        OfAccount, OfAnswer, OfCause, OfChoice, OfGroup, OfRefusal, OfRequest, OfSpending, OfTokens,
    },
    spread::Spread,
};
use crate::{cooldown::Cause, dialect::Dialect};

/// A relay's own: several run in one process in tests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meters {
    pub(super) requests: Family<OfRequest, Counter>,
    pub(super) duration: Family<OfAnswer, Spread>,
    pub(super) first_byte: Family<OfAnswer, Spread>,
    pub(super) wait: Family<OfGroup, Spread>,
    pub(super) turn_wait: Family<OfAccount, Spread>,
    pub(super) choices: Family<OfChoice, Counter>,
    pub(super) tokens: Family<OfTokens, Counter>,
    pub(super) tokens_estimated: Family<OfSpending, Counter>,
    pub(super) cost: Family<OfSpending, Counter>,
    pub(super) unpriced: Family<OfSpending, Counter>,
    pub(super) upstream_errors: Family<OfCause, Counter>,
    pub(super) failovers: Family<OfCause, Counter>,
    cooldowns: Family<OfCause, Counter>,
    refusals: Family<OfRefusal, Counter>,
    /// What Redis has not taken yet.
    pub(crate) unsettled: Gauge,
    /// What it never took.
    pub(crate) settlements_lost: Counter,
    pub(super) traces_lost: Counter,
}

impl Meters {
    /// The relay itself has refused a request.
    pub(crate) fn refused(&self, dialect: Dialect, code: &'static str) {
        let dialect = dialect.word();
        let labels = OfRefusal { dialect, code };
        self.refusals.get_or_create(&labels).inc();
    }

    /// An account came to rest.
    pub(crate) fn rests(&self, account: &str, cause: Cause) {
        let labels = OfCause {
            account: account.into(),
            cause: cause.word(),
        };
        self.cooldowns.get_or_create(&labels).inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        register(registry, &all::REQUESTS, self.requests.clone());
        register(registry, &all::DURATION, self.duration.clone());
        register(registry, &all::FIRST_BYTE, self.first_byte.clone());
        register(registry, &all::WAIT, self.wait.clone());
        register(registry, &all::TURN_WAIT, self.turn_wait.clone());
        register(registry, &all::CHOICES, self.choices.clone());
        register(registry, &all::TOKENS, self.tokens.clone());
        register(
            registry,
            &all::TOKENS_ESTIMATED,
            self.tokens_estimated.clone(),
        );
        register(registry, &all::COST, self.cost.clone());
        register(registry, &all::UNPRICED, self.unpriced.clone());
        register(
            registry,
            &all::UPSTREAM_ERRORS,
            self.upstream_errors.clone(),
        );
        register(registry, &all::FAILOVERS, self.failovers.clone());
        register(registry, &all::COOLDOWNS, self.cooldowns.clone());
        register(registry, &all::REFUSALS, self.refusals.clone());
        register(registry, &all::UNSETTLED, self.unsettled.clone());
        register(
            registry,
            &all::SETTLEMENTS_LOST,
            self.settlements_lost.clone(),
        );
        register(registry, &all::TRACES_LOST, self.traces_lost.clone());
    }
}
