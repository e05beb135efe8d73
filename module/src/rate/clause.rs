//! `BURST b RATE n PER ms [COST c]`: the rate that every command of the family takes, and how much of it.

use super::bucket::{MAX_TOKENS, Rate};
use crate::args::{Args, Word};
use crate::error::Error;
use crate::ffi::docs::Arg;
use crate::time::MAX_SPAN;

#[derive(Debug, Default)]
pub(super) struct Clause {
    burst: Option<i64>,
    tokens: Option<i64>,
    per_ms: Option<i64>,
    cost: Option<i64>,
}

pub(super) const BURST: Arg = Arg::integer(c"burst").after(c"BURST");
pub(super) const RATE: Arg = Arg::integer(c"rate").after(c"RATE");
pub(super) const PER: Arg = Arg::integer(c"per-ms").after(c"PER");
pub(super) const COST: Arg = Arg::integer(c"cost").after(c"COST");

impl Clause {
    /// Takes an option if it is one of the clause. `false`: it is not.
    pub(super) fn take(&mut self, option: Word<'_>, args: &mut Args<'_>) -> Result<bool, Error> {
        if option.is("BURST") {
            option.once(&mut self.burst, args.integer("BURST", 1, MAX_TOKENS)?)?;
        } else if option.is("RATE") {
            option.once(&mut self.tokens, args.integer("RATE", 1, MAX_TOKENS)?)?;
        } else if option.is("PER") {
            option.once(&mut self.per_ms, args.integer("PER", 1, MAX_SPAN.get())?)?;
        } else if option.is("COST") {
            option.once(&mut self.cost, args.integer("COST", 0, MAX_TOKENS)?)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    pub(super) fn rate(&self) -> Result<Rate, Error> {
        Rate::new(
            self.burst.ok_or(Error::Missing { option: "BURST" })?,
            self.tokens.ok_or(Error::Missing { option: "RATE" })?,
            self.per_ms.ok_or(Error::Missing { option: "PER" })?,
        )
    }

    pub(super) fn cost(&self) -> Option<u64> {
        self.cost.map(i64::unsigned_abs)
    }
}
