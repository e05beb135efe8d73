//! Leaves out steps of a run that failed, while it still fails.

use std::time::Duration;

use harness::time;

use crate::op::Op;
use crate::run::{Failure, Plan};

/// Shrinking ends after so long, wherever it stands.
const WITHIN: Duration = Duration::from_secs(120);

pub(crate) fn shrunk(plan: Plan, failure: Failure) -> Failure {
    let begun = time::now();
    let mut best = since_the_last_clearing(plan, failure);
    let mut size = best.steps.len() / 2;
    while size > 0 && begun.elapsed() < WITHIN {
        let mut from = 0;
        let mut is_smaller = false;
        while from < best.steps.len() && begun.elapsed() < WITHIN {
            let to = (from + size).min(best.steps.len());
            let steps = [&best.steps[..from], &best.steps[to..]].concat();
            match plan.replay(&steps) {
                Ok(()) => from = to,
                Err(failure) => {
                    best = failure;
                    is_smaller = true;
                }
            }
        }
        size = if size == 1 && is_smaller { 1 } else { size / 2 };
    }
    best
}

/// Of a long run mostly the end suffices.
fn since_the_last_clearing(plan: Plan, failure: Failure) -> Failure {
    let last = failure.steps.iter().rposition(|op| *op == Op::Clear);
    let end = last.map(|last| plan.replay(&failure.steps[last..]));
    match end {
        Some(Err(shorter)) => shorter,
        Some(Ok(())) | None => failure,
    }
}
