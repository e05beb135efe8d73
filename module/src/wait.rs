//! The waiting clause that every acquisition takes: `[BLOCK ms] [QUEUE max] [FLOW flow [WEIGHT w]] [WAITED ms]`.

use std::sync::Arc;

use crate::args::{Args, Word};
use crate::call::Call;
use crate::error::Error;
use crate::ffi::docs::Arg;
use crate::line::hall::{Join, LineName, Request};
use crate::reply::Reply;
use crate::time::{MAX_SPAN, Millis};
use crate::wake::Wish;

const MAX_QUEUE: i64 = 1_000_000;
const MAX_WEIGHT: i64 = 100;
const MAX_WAITED: i64 = 300_000;

#[derive(Debug, Default)]
pub(crate) struct Clause<'a> {
    /// Zero waits without end.
    block: Option<Millis>,
    queue: Option<usize>,
    flow: Option<&'a [u8]>,
    weight: Option<(Word<'a>, u32)>,
    waited: Option<Millis>,
}

/// What `COMMAND DOCS` says of the clause.
pub(crate) const BLOCK: Arg = Arg::integer(c"block-ms").after(c"BLOCK").optional();
pub(crate) const QUEUE: Arg = Arg::integer(c"max-waiters").after(c"QUEUE").optional();
pub(crate) const FLOW: Arg = Arg::string(c"flow").after(c"FLOW").optional();
pub(crate) const WEIGHT: Arg = Arg::integer(c"weight").after(c"WEIGHT").optional();
pub(crate) const WAITED: Arg = Arg::integer(c"waited-ms").after(c"WAITED").optional();

impl<'a> Clause<'a> {
    /// Takes an option if it is one of the clause. `false`: it is not.
    pub(crate) fn take(&mut self, option: Word<'a>, args: &mut Args<'a>) -> Result<bool, Error> {
        if option.is("BLOCK") {
            let ms = args.integer("BLOCK", 0, MAX_SPAN.get())?;
            option.once(&mut self.block, Millis::new(ms))?;
        } else if option.is("QUEUE") {
            let max = args.integer("QUEUE", 0, MAX_QUEUE)?;
            option.once(&mut self.queue, usize::try_from(max).unwrap_or(0))?;
        } else if option.is("FLOW") {
            let flow = args.value("FLOW")?;
            option.once(&mut self.flow, flow.checked_id("flow")?.bytes)?;
        } else if option.is("WEIGHT") {
            let weight = args.integer("WEIGHT", 1, MAX_WEIGHT)?;
            option.once(
                &mut self.weight,
                (option, u32::try_from(weight).unwrap_or(1)),
            )?;
        } else if option.is("WAITED") {
            let ms = args.integer("WAITED", 0, MAX_WAITED)?;
            option.once(&mut self.waited, Millis::new(ms))?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// A weight is that of a flow.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match (&self.flow, &self.weight) {
            (None, Some((option, _))) => Err(option.unexpected()),
            _ => Ok(()),
        }
    }

    /// Lets the caller join the line, if it wants to wait; whether it does. `too_many` is its answer if it may not.
    pub(crate) fn wish(
        &self,
        call: &Call<'_>,
        line: impl FnOnce() -> LineName,
        request: impl FnOnce() -> Request,
        too_many: Reply,
    ) -> bool {
        let Some(block) = self.block else {
            return false;
        };
        let now = call.now();
        let join = Join {
            line: line(),
            request: request(),
            flow: Arc::from(self.flow.unwrap_or_default()),
            weight: self.weight.map(|(_, weight)| weight),
            since: now.minus(self.waited.unwrap_or(Millis::ZERO)),
            deadline: (block > Millis::ZERO).then(|| now.plus(block)),
            queue: self.queue,
        };
        call.wish(Wish { join, too_many });
        true
    }
}
