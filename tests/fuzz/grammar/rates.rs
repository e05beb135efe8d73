//! `RATE.*`

use super::words::{MAX_SPAN, Refusal, Words, is, once, out_of_range, required, unexpected};

pub(crate) const MAX_TOKENS: i64 = 1_000_000_000_000;
/// 10 years, in ns.
pub(crate) const MAX_DEBT: i128 = MAX_SPAN as i128 * 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) burst: i128,
    pub(crate) tokens: i128,
    pub(crate) per_ns: i128,
}

#[derive(Clone, Debug)]
pub(crate) enum RateAct {
    Take { cost: i128, force: Force },
    Give { cost: i128 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Force {
    No,
    Yes,
}

#[derive(Default)]
struct Parts {
    burst: Option<i64>,
    tokens: Option<i64>,
    per_ms: Option<i64>,
    cost: Option<i64>,
    force: Option<Force>,
}

impl Rate {
    /// At most one token in a nanosecond, and a burst that flows in within 10 years.
    pub(crate) fn new(burst: i64, tokens: i64, per_ms: i64) -> Result<Self, Refusal> {
        let per_ns = i128::from(per_ms) * 1_000_000;
        let most = i64::try_from(per_ns).unwrap_or(MAX_TOKENS).min(MAX_TOKENS);
        if tokens > most {
            return Err(out_of_range("RATE", 1, most));
        }
        let most = MAX_DEBT * i128::from(tokens) / per_ns;
        let most = i64::try_from(most).unwrap_or(MAX_TOKENS).min(MAX_TOKENS);
        if burst > most {
            return Err(out_of_range("BURST", 1, most));
        }
        Ok(Self {
            burst: burst.into(),
            tokens: tokens.into(),
            per_ns,
        })
    }
}

/// What stands behind `RATE.<verb> key`; `None`: no such command.
pub(super) fn read(verb: &str, words: &mut Words<'_>) -> Result<Option<(Rate, RateAct)>, Refusal> {
    let takes = match verb {
        "take" => true,
        "give" => false,
        _ => return Ok(None),
    };
    let mut parts = Parts::default();
    while let Some(option) = words.word() {
        if takes && is(option, "FORCE") {
            once(option, &mut parts.force, Force::Yes)?;
        } else {
            parts.take(option, words)?;
        }
    }
    let rate = Rate::new(
        required(parts.burst, "BURST")?,
        required(parts.tokens, "RATE")?,
        required(parts.per_ms, "PER")?,
    )?;
    let act = if takes {
        RateAct::Take {
            cost: parts.cost.unwrap_or(1).into(),
            force: parts.force.unwrap_or(Force::No),
        }
    } else {
        let cost = required(parts.cost, "COST")?.into();
        RateAct::Give { cost }
    };
    Ok(Some((rate, act)))
}

impl Parts {
    fn take(&mut self, option: &[u8], words: &mut Words<'_>) -> Result<(), Refusal> {
        let (name, slot, min, max) = match option.to_ascii_uppercase().as_slice() {
            b"BURST" => ("BURST", &mut self.burst, 1, MAX_TOKENS),
            b"RATE" => ("RATE", &mut self.tokens, 1, MAX_TOKENS),
            b"PER" => ("PER", &mut self.per_ms, 1, MAX_SPAN),
            b"COST" => ("COST", &mut self.cost, 0, MAX_TOKENS),
            _ => return Err(unexpected(option)),
        };
        once(option, slot, words.integer(name, min, max)?)
    }
}
