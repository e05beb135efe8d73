//! What somebody may use at once and per minute, and may spend: a key, the user who owns it, the group of its accounts, the
//! account that serves. Each limit is one of its own, and a request needs room under all of them.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    budget::Budget,
    config::{Limits, MOST_TOKENS_PER_MINUTE},
    gate::Gate,
    intent::estimate,
    store::names,
};

/// Whose limit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Key,
    User,
    Group,
    /// Of the one that is to serve a request.
    Account,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    Requests,
    Tokens,
}

/// None of a limit: there is none.
#[derive(Debug)]
pub(crate) struct Allowance {
    pub(crate) owner: Owner,
    pub(crate) gate: Option<Arc<Gate>>,
    pub(crate) budgets: Vec<Arc<Budget>>,
    requests: Option<Arc<Rate>>,
    tokens: Option<Arc<Rate>>,
}

/// So much per minute, all of it at once if need be.
#[derive(Debug)]
pub(crate) struct Rate {
    /// Its key in Redis.
    pub(crate) name: Box<str>,
    pub(crate) per_minute: u64,
    pub(crate) owner: Owner,
    pub(crate) measure: Measure,
}

/// What a request takes of rates, before it is known what it uses.
#[derive(Debug)]
pub(crate) struct Reservation {
    pub(crate) charges: Vec<Charge>,
    outputs: Arc<Outputs>,
    model: Box<str>,
}

#[derive(Debug)]
pub(crate) struct Charge {
    pub(crate) rate: Arc<Rate>,
    pub(crate) cost: u64,
}

/// What was taken of a rate, and what should have been.
#[derive(Debug)]
pub(crate) struct Correction {
    pub(crate) rate: Arc<Rate>,
    pub(crate) taken: u64,
    pub(crate) used: u64,
}

/// What became of a request, as far as rates go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spent {
    /// No account has seen it.
    Nothing,
    /// An account has refused it.
    Request,
    Tokens {
        all: u64,
        output: u64,
    },
    /// It was served, and nobody said what it used.
    Unknown,
}

impl Allowance {
    pub(crate) fn new(owner: Owner, id: &str, limits: Limits) -> Self {
        let rate = |measure: Measure, per_minute: u64| {
            (per_minute > 0).then(|| {
                Arc::new(Rate {
                    name: names::rate(owner.word(), id, measure.word()).into(),
                    // Stored ones may be more.
                    per_minute: per_minute.min(MOST_TOKENS_PER_MINUTE),
                    owner,
                    measure,
                })
            })
        };
        let gate = || {
            Arc::new(Gate::new(
                names::gate_of(owner.word(), id),
                limits.max_concurrent,
            ))
        };
        Self {
            owner,
            // A key's requests are counted even without a limit: they are what people look for.
            gate: (limits.max_concurrent > 0 || owner == Owner::Key).then(gate),
            budgets: Budget::of(owner, id, limits.spend),
            requests: rate(Measure::Requests, limits.requests_per_minute),
            tokens: rate(Measure::Tokens, limits.tokens_per_minute),
        }
    }

    /// At the gate that was there before, whose waiters ask again under its new limit.
    pub(crate) fn after(mut self, before: Option<&Self>) -> Self {
        if let Some(gate) = before.and_then(|before| before.gate.as_ref()) {
            gate.set_limit(self.gate.as_ref().map_or(0, |gate| gate.limit()));
            self.gate = self.gate.map(|_| Arc::clone(gate));
        }
        self
    }

    fn rates(&self) -> impl Iterator<Item = &Arc<Rate>> {
        self.requests.iter().chain(&self.tokens)
    }
}

impl Reservation {
    /// None where nobody limits rates. `tokens` says what the request is likely to use.
    pub(crate) fn of<'a>(
        allowances: impl Iterator<Item = &'a Allowance>,
        outputs: &Arc<Outputs>,
        model: &str,
        tokens: impl Fn() -> u64,
    ) -> Option<Arc<Self>> {
        let charge = |rate: &Arc<Rate>| Charge {
            cost: match rate.measure {
                Measure::Requests => 1,
                // What is estimated above a limit may be below it: it waits for all of it.
                Measure::Tokens => tokens().min(rate.per_minute),
            },
            rate: Arc::clone(rate),
        };
        let charges: Vec<Charge> = allowances.flat_map(Allowance::rates).map(charge).collect();
        (!charges.is_empty()).then(|| {
            Arc::new(Self {
                charges,
                outputs: Arc::clone(outputs),
                model: model.into(),
            })
        })
    }

    pub(crate) fn corrections(&self, spent: Spent) -> Vec<Correction> {
        if let Spent::Tokens { output, .. } = spent {
            self.outputs.learn(&self.model, output);
        }
        let corrections = self.charges.iter().map(|charge| Correction {
            used: match (charge.rate.measure, spent) {
                (_, Spent::Nothing) => 0,
                (Measure::Tokens, Spent::Request) => 0,
                (Measure::Tokens, Spent::Tokens { all, .. }) => all,
                (Measure::Requests, _) | (Measure::Tokens, Spent::Unknown) => charge.cost,
            },
            taken: charge.cost,
            rate: Arc::clone(&charge.rate),
        });
        corrections.filter(|one| one.used != one.taken).collect()
    }
}

impl Owner {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::User => "user",
            Self::Group => "group",
            Self::Account => "account",
        }
    }
}

impl Measure {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
        }
    }
}

/// As callers know it.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "this key",
            Self::User => "the user of this key",
            Self::Group => "the group of this key",
            Self::Account => "each account that could serve this",
        })
    }
}

/// How long the answers of late were, by model: what the next one is likely to be.
#[derive(Debug, Default)]
pub(crate) struct Outputs(Mutex<HashMap<Box<str>, Vec<u64>>>);

const SAMPLES: usize = 64;
/// Names of models are callers' words.
const MOST_MODELS: usize = 256;
/// Of a model of which nothing is known.
const UNKNOWN_OUTPUT: u64 = 4_096;

impl Outputs {
    /// Of a body of so many bytes, and the answer to it, which may have so many tokens if that is said.
    pub(crate) fn likely(&self, model: &str, body: usize, max: Option<u64>) -> u64 {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let output = known.get(model).map_or(UNKNOWN_OUTPUT, |of| p90(of));
        estimate(body).saturating_add(output.min(max.unwrap_or(u64::MAX)))
    }

    fn learn(&self, model: &str, output: u64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_MODELS && !known.contains_key(model) {
            known.clear();
        }
        let of = known.entry(model.into()).or_default();
        if of.len() == SAMPLES {
            of.remove(0);
        }
        of.push(output);
    }
}

fn p90(samples: &[u64]) -> u64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * 9).div_ceil(10).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(UNKNOWN_OUTPUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_estimated_by_those_of_late_and_by_what_was_asked_for() {
        let outputs = Outputs::default();
        assert_eq!(outputs.likely("m", 350, None), 100 + UNKNOWN_OUTPUT);
        assert_eq!(outputs.likely("m", 350, Some(50)), 150);
        (1..=10).for_each(|output| outputs.learn("m", output * 10));
        assert_eq!(outputs.likely("m", 0, None), 90);
        assert_eq!(outputs.likely("other", 0, None), UNKNOWN_OUTPUT);
        (0..SAMPLES).for_each(|_| outputs.learn("m", 7));
        assert_eq!(outputs.likely("m", 0, Some(1_000)), 7);
        (0..3 * MOST_MODELS).for_each(|model| outputs.learn(&model.to_string(), 1));
        assert!(outputs.0.lock().unwrap().len() <= MOST_MODELS);
    }

    #[test]
    fn what_was_reserved_is_corrected_by_what_was_used() {
        let limits = Limits {
            max_concurrent: 0,
            requests_per_minute: 10,
            tokens_per_minute: 1_000,
            ..Limits::default()
        };
        let allowance = Allowance::new(Owner::Key, "k", limits);
        let outputs = Arc::new(Outputs::default());
        let reserved = |tokens: u64| {
            let all = [&allowance].into_iter();
            Reservation::of(all, &outputs, "m", || tokens).expect("there are rates")
        };
        let corrected = |tokens: u64, spent: Spent| -> Vec<(Measure, u64, u64)> {
            let corrections = reserved(tokens).corrections(spent).into_iter();
            corrections
                .map(|one| (one.rate.measure, one.taken, one.used))
                .collect()
        };
        let (requests, tokens) = (Measure::Requests, Measure::Tokens);
        let used = |all| Spent::Tokens { all, output: 1 };
        assert_eq!(corrected(200, used(200)), []);
        assert_eq!(corrected(200, used(300)), [(tokens, 200, 300)]);
        assert_eq!(corrected(5_000, used(300)), [(tokens, 1_000, 300)]);
        assert_eq!(corrected(200, Spent::Unknown), []);
        assert_eq!(corrected(200, Spent::Request), [(tokens, 200, 0)]);
        assert_eq!(
            corrected(200, Spent::Nothing),
            [(requests, 1, 0), (tokens, 200, 0)]
        );
        let unlimited = Allowance::new(Owner::User, "u", Limits::default());
        let none = Reservation::of([&unlimited].into_iter(), &outputs, "m", || 1);
        assert!(none.is_none() && unlimited.gate.is_none());
    }
}
