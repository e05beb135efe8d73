//! What a request will use, before anything is known of its answer: for the budgets that reserve it, and for the requests
//! of relays that were killed. Pure.

use super::{MicroUsd, Price};
use crate::{
    intent,
    time::UnixMillis,
    usage::{Tokens, Usage},
};

/// The output of a model that has not answered this caller lately.
const UNKNOWN_OUTPUT: Tokens = Tokens(4_096);

/// What is known of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) body_bytes: usize,
    /// The most that it asks for.
    pub(crate) max_output: Option<Tokens>,
    /// What nine of ten of the caller's last answers by this model had at most.
    pub(crate) usual_output: Option<Tokens>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Estimate {
    pub(crate) input: Tokens,
    pub(crate) output: Tokens,
}

impl Asked {
    pub(crate) fn estimate(self) -> Estimate {
        let likely = self.usual_output.unwrap_or(UNKNOWN_OUTPUT);
        Estimate {
            input: Tokens(intent::estimate(self.body_bytes)),
            output: self.max_output.map_or(likely, |most| most.min(likely)),
        }
    }
}

impl Estimate {
    pub(crate) fn cost(self, price: &Price, at: UnixMillis) -> Option<MicroUsd> {
        let usage = Usage {
            input: Some(self.input.0),
            output: Some(self.output.0),
            ..Usage::default()
        };
        price.cost(&usage, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_200_000_000);

    fn estimate(body_bytes: usize, max: Option<u64>, usual: Option<u64>) -> Estimate {
        let asked = Asked {
            body_bytes,
            max_output: max.map(Tokens),
            usual_output: usual.map(Tokens),
        };
        asked.estimate()
    }

    #[test]
    fn the_output_is_what_is_usual_and_at_most_what_is_asked_for() {
        for (max, usual, expected) in [
            (None, None, 4_096),
            (Some(100), None, 100),
            (Some(32_000), None, 4_096),
            (None, Some(700), 700),
            (Some(500), Some(700), 500),
            (Some(9_000), Some(7_000), 7_000),
        ] {
            assert_eq!(estimate(0, max, usual).output, Tokens(expected));
        }
    }

    #[test]
    fn it_costs_what_the_answer_would() {
        let price: Price = toml::from_str(
            "input = 4\noutput = 20\nlong = { above = 200000, input = 2, output = 1.5 }",
        )
        .unwrap();
        let short = estimate(7_000, Some(1_000), None);
        assert_eq!(short.input, Tokens(2_000));
        assert_eq!(
            short.cost(&price, NOW),
            Some(MicroUsd(2_000 * 4 + 1_000 * 20))
        );
        let long = estimate(1_400_000, Some(1_000), None);
        assert_eq!(
            long.cost(&price, NOW),
            Some(MicroUsd(400_000 * 8 + 1_000 * 30))
        );
        let embedding: Price = toml::from_str("input = 1").unwrap();
        assert_eq!(
            estimate(7_000, Some(0), None).cost(&embedding, NOW),
            Some(MicroUsd(2_000))
        );
    }
}
