//! What requests cost on this relay: prices, and how long answers usually are. What an answer did not tell is made up for
//! by estimates here, and said to be one.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::{
    price::{Asked, Estimate, Listed, MicroUsd, Prices},
    route::Work,
    settle::Outcome,
    time::UnixMillis,
    usage::{Tokens, Usage, number},
    usual::Usual,
};

#[derive(Debug)]
pub(crate) struct Books {
    prices: ArcSwap<Prices>,
    usual: Mutex<Usual>,
}

/// An answer, or what came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered<'a> {
    pub(crate) key: &'a str,
    /// As the upstream was asked for it.
    pub(crate) model: &'a str,
    pub(crate) work: Work,
    pub(crate) at: UnixMillis,
    pub(crate) status: Option<u16>,
    pub(crate) outcome: Outcome,
    pub(crate) tells: Tells,
    /// What was expected of it.
    pub(crate) estimate: Estimate,
}

/// When a stream tells what it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tells {
    AsItGoes,
    AtItsEnd,
}

/// A request before its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prospect<'a> {
    pub(crate) key: &'a str,
    /// Under its own name.
    pub(crate) model: &'a str,
    pub(crate) work: Work,
    pub(crate) body_bytes: usize,
    /// The most that it asks for.
    pub(crate) max_output: Option<Tokens>,
}

/// What is thought of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) estimate: Estimate,
    /// None where there is no price.
    pub(crate) cost: Option<MicroUsd>,
    pub(crate) counted_as: Box<str>,
}

/// What a request is booked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bill {
    /// None where a price is missing.
    pub(crate) cost: Option<MicroUsd>,
    /// Of the tokens, those that nobody told.
    pub(crate) estimated: u64,
    /// The name under which its model is counted.
    pub(crate) model: Box<str>,
}

impl Books {
    pub(crate) fn new(prices: Prices) -> Self {
        Self {
            prices: ArcSwap::from_pointee(prices),
            usual: Mutex::default(),
        }
    }

    /// From now on these prices count.
    pub(crate) fn reprice(&self, prices: Prices) {
        self.prices.store(Arc::new(prices));
    }

    /// What reading so many tokens from a cache has saved.
    pub(crate) fn saved(&self, model: &str, tokens: u64, at: UnixMillis) -> MicroUsd {
        self.prices.load().saved(model, tokens, at)
    }

    /// What a request is likely to use and to cost, before anything is known of its answer.
    pub(crate) fn foresee(&self, request: Prospect<'_>, at: UnixMillis) -> Expected {
        let Prospect {
            key, model, work, ..
        } = request;
        let prices = self.prices.load();
        let Listed { price, counted_as } = prices.listed(model);
        let usual = self.usual.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = Asked {
            body_bytes: request.body_bytes,
            max_output: match work == Work::Generate {
                true => request.max_output,
                false => Some(Tokens(0)),
            },
            usual_output: usual.output(key, counted_as),
        };
        drop(usual);
        let estimate = asked.estimate();
        Expected {
            estimate,
            cost: match is_charged(work) {
                true => price.and_then(|price| estimate.cost(price, at)),
                false => Some(MicroUsd(0)),
            },
            counted_as: counted_as.into(),
        }
    }

    /// Completes what was told by what was not, and says what it costs.
    pub(crate) fn bill(&self, answered: Answered<'_>, usage: &mut Usage) -> Bill {
        let prices = self.prices.load();
        let model: Box<str> = prices.listed(answered.model).counted_as.into();
        if !answered.is_charged() {
            return Bill {
                cost: Some(MicroUsd(0)),
                estimated: 0,
                model,
            };
        }
        let estimated = answered.complete(usage);
        if let (0, Some(output)) = (estimated, usage.output) {
            let mut usual = self.usual.lock().unwrap_or_else(PoisonError::into_inner);
            usual.learn(answered.key, &model, Tokens(output));
        }
        Bill {
            cost: prices.cost(answered.model, usage, answered.at),
            estimated,
            model,
        }
    }
}

impl Answered<'_> {
    /// Whether providers charge for it: errors and counted tokens are free.
    fn is_charged(&self) -> bool {
        // The status may be that of an account which was asked before.
        let answered = match self.outcome {
            Outcome::UpstreamRefused | Outcome::UpstreamUnreachable => false,
            Outcome::Done | Outcome::CallerGone => true,
            Outcome::TakenBack | Outcome::Interrupted => true,
            Outcome::UpstreamTimeout | Outcome::UpstreamCut => true,
        };
        let succeeded = self
            .status
            .is_some_and(|status| (200..300).contains(&status));
        answered && succeeded && is_charged(self.work)
    }

    /// How many tokens were not told.
    fn complete(&self, usage: &mut Usage) -> u64 {
        let Estimate { input, output } = self.estimate;
        let nothing_came = usage.output.is_none() && usage.streamed == 0;
        if usage.is_pending && nothing_came {
            // Nobody may ever ask for what it will have used.
            (usage.input, usage.output) = (Some(input.0), Some(output.0));
            return input.0 + output.0;
        }
        if self.outcome == Outcome::Done && usage.input.is_none() && nothing_came {
            // All that it said was an error.
            return 0;
        }
        let mut estimated = 0;
        if usage.input.is_none() {
            usage.input = Some(input.0);
            estimated += input.0;
        }
        let is_whole = self.outcome == Outcome::Done || self.tells == Tells::AsItGoes;
        if self.work == Work::Generate && !(is_whole && usage.output.is_some()) {
            let told = number(usage.output);
            let output = told.max(usage.streamed);
            usage.output = Some(output);
            estimated += output - told;
        }
        estimated
    }
}

/// Whether providers charge for such work at all.
pub(crate) fn is_charged(work: Work) -> bool {
    match work {
        Work::Generate | Work::Embed => true,
        Work::CountTokens | Work::ListModels | Work::ShowModel => false,
        // What was stored was charged when it was made.
        Work::Stored(_) | Work::Usage | Work::Health => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERED: Answered<'_> = Answered {
        key: "k",
        model: "gpt-5",
        work: Work::Generate,
        at: UnixMillis(1_795_200_000_000),
        status: Some(200),
        outcome: Outcome::Done,
        tells: Tells::AtItsEnd,
        estimate: Estimate {
            input: Tokens(300),
            output: Tokens(700),
        },
    };

    fn books() -> Books {
        Books::new(Prices::new([], []))
    }

    fn usage(input: Option<u64>, output: Option<u64>, streamed: u64) -> Usage {
        Usage {
            input,
            output,
            streamed,
            ..Usage::default()
        }
    }

    /// Input and output as booked, estimates among them, cost.
    fn billed(answered: Answered<'_>, mut usage: Usage) -> (u64, u64, u64, Option<u64>) {
        let bill = books().bill(answered, &mut usage);
        let cost = bill.cost.map(|cost| cost.0);
        (
            number(usage.input),
            number(usage.output),
            bill.estimated,
            cost,
        )
    }

    #[test]
    fn what_was_told_is_booked_as_it_is() {
        let told = usage(Some(1_000), Some(200), 900);
        assert_eq!(billed(ANSWERED, told), (1_000, 200, 0, Some(1_250 + 2_000)));
        let nothing = usage(Some(0), Some(0), 5);
        assert_eq!(billed(ANSWERED, nothing), (0, 0, 0, Some(0)));
    }

    #[test]
    fn what_was_not_told_is_estimated_and_flagged() {
        let cut = Answered {
            outcome: Outcome::CallerGone,
            ..ANSWERED
        };
        assert_eq!(
            billed(cut, usage(None, None, 40)),
            (300, 40, 340, Some(775))
        );
        assert_eq!(
            billed(cut, usage(Some(8), Some(1), 40)),
            (8, 40, 39, Some(410))
        );
        assert_eq!(
            billed(cut, usage(Some(8), Some(50), 40)),
            (8, 50, 0, Some(510))
        );
        assert_eq!(
            billed(ANSWERED, usage(None, None, 40)),
            (300, 40, 340, Some(775))
        );
        let as_it_goes = Answered {
            tells: Tells::AsItGoes,
            ..cut
        };
        assert_eq!(billed(as_it_goes, usage(Some(8), Some(1), 40)).2, 0);
    }

    #[test]
    fn a_stream_that_only_tells_an_error_costs_nothing() {
        assert_eq!(billed(ANSWERED, usage(None, None, 0)), (0, 0, 0, Some(0)));
        let unreachable = Answered {
            outcome: Outcome::UpstreamUnreachable,
            ..ANSWERED
        };
        assert_eq!(
            billed(unreachable, usage(None, None, 0)),
            (0, 0, 0, Some(0))
        );
    }

    #[test]
    fn what_is_made_in_the_background_is_booked_as_it_was_expected() {
        let pending = Usage {
            is_pending: true,
            ..Usage::default()
        };
        let cost = Some(375 + 7_000);
        assert_eq!(billed(ANSWERED, pending), (300, 700, 1_000, cost));
    }

    #[test]
    fn an_embedding_has_no_output_to_be_estimated() {
        let embedding = Answered {
            model: "text-embedding-3-small",
            work: Work::Embed,
            ..ANSWERED
        };
        assert_eq!(
            billed(embedding, usage(Some(1_000), None, 90)),
            (1_000, 0, 0, Some(20))
        );
    }

    #[test]
    fn errors_and_counted_tokens_cost_nothing() {
        for (work, status) in [
            (Work::Generate, Some(529)),
            (Work::Generate, None),
            (Work::CountTokens, Some(200)),
        ] {
            let free = Answered {
                work,
                status,
                ..ANSWERED
            };
            assert_eq!(billed(free, usage(None, None, 40)), (0, 0, 0, Some(0)));
        }
    }

    #[test]
    fn an_unknown_model_has_no_cost() {
        let unknown = Answered {
            model: "somebody's own",
            ..ANSWERED
        };
        assert_eq!(billed(unknown, usage(Some(5), Some(6), 0)).3, None);
    }

    #[test]
    fn estimates_follow_the_last_answers() {
        let books = books();
        let prospect = |work, max: Option<u64>| Prospect {
            key: "k",
            model: "gpt-5",
            work,
            body_bytes: 3_500,
            max_output: max.map(Tokens),
        };
        let expected = |work| books.foresee(prospect(work, None), ANSWERED.at);
        let first = expected(Work::Generate);
        assert_eq!(first.estimate.input, Tokens(1_000));
        assert_eq!(first.estimate.output, Tokens(4_096));
        assert_eq!(first.cost, Some(MicroUsd(1_250 + 40_960)));
        assert_eq!(&*first.counted_as, "gpt-5");
        books.bill(ANSWERED, &mut usage(Some(5), Some(100), 0));
        assert_eq!(expected(Work::Generate).estimate.output, Tokens(128));
        let bounded = books.foresee(prospect(Work::Generate, Some(9)), ANSWERED.at);
        assert_eq!(bounded.estimate.output, Tokens(9));
        assert_eq!(expected(Work::Embed).estimate.output, Tokens(0));
        assert_eq!(expected(Work::CountTokens).cost, Some(MicroUsd(0)));
    }
}
