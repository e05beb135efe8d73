//! Whether a history is one that the contract allows. Pure: a function of what was written down.
//! It accuses only where no allowed course of events at the server fits, whatever the delays on the way.
//! A new invariant is a file in `check/` and a row in `INVARIANTS`.

mod closed;
mod data;
mod ended;
mod fairness;
mod hold;
mod idle;
mod limit;
#[cfg(test)]
mod made;
mod order;
mod parts;
mod rest;
mod scene;
mod server_clock;
mod spacing;
mod turn;
mod visit;

use std::fmt::{self, Display};

use crate::record::History;
use scene::Scene;

/// Something that cannot have happened, and the entries that show it.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) invariant: &'static str,
    pub(crate) what: String,
    pub(crate) shown_by: Vec<String>,
}

/// What a look at a whole history found.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) violations: Vec<Violation>,
    /// Grants above a limit that only grants explain which a killed primary took with it unconfirmed.
    pub(crate) overshoots: usize,
}

/// What an invariant found: what is wrong, and the entries that show it.
type Found = Vec<(String, Vec<String>)>;

/// What there is to find in a history.
type Find = fn(&Scene<'_>) -> Found;

/// Each invariant by the sentence that it keeps true.
const INVARIANTS: [(&str, Find); 14] = [
    (
        "a gate never has more holders than its limit",
        limit::of_holders,
    ),
    ("a turn has one holder", turn::one_holder),
    ("the tokens of a turn grow", turn::tokens_grow),
    ("grants of a turn are spaced", spacing::kept),
    (
        "first come, first served within a flow",
        order::within_flows,
    ),
    ("nobody passes those who wait", order::nobody_barges),
    ("flows share by their weights", fairness::between_flows),
    (
        "every wait ends, and neither early nor late",
        ended::in_time,
    ),
    (
        "every command is answered as it should be",
        ended::as_it_should,
    ),
    ("nothing is idle while somebody waits", idle::never_for_long),
    ("nobody is let into a closed gate", closed::nobody_enters),
    (
        "who was granted holds it, until it ends",
        data::holders_hold,
    ),
    (
        "who has gone holds nothing and waits for nothing",
        data::gone_are_gone,
    ),
    (
        "in the end nothing is held and nobody waits",
        rest::is_clean,
    ),
];

pub(crate) fn check(history: &History) -> Verdict {
    let history = parts::told_apart(history);
    let scene = Scene::of(&history);
    let mut violations = Vec::new();
    for (invariant, find) in INVARIANTS {
        let found = find(&scene).into_iter();
        violations.extend(found.map(|(what, shown_by)| Violation {
            invariant,
            what,
            shown_by,
        }));
    }
    Verdict {
        violations,
        overshoots: limit::overshoots(&scene),
    }
}

impl Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "VIOLATED: {}: {}", self.invariant, self.what)?;
        for line in &self.shown_by {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}
