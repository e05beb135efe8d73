//! `RATE.GIVE`: gives back tokens that were taken and not used.

use super::clause::{self, Clause};
use super::stored::Stored;
use crate::args::Args;
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::reply::Reply;
use crate::stats;

pub(crate) const DOC: Doc = Doc {
    name: c"rate.give",
    summary: c"Gives back tokens of a rate that were not used. Replies how many there are now.",
    complexity: c"O(1)",
    arity: 10,
    keys: Keys::Change,
    args: &[
        Arg::key(c"key"),
        clause::BURST,
        clause::RATE,
        clause::PER,
        clause::COST,
    ],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("rate.give", ctx, argv, give);
}

fn give(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let mut clause = Clause::default();
    while let Some(option) = args.word() {
        if !clause.take(option, &mut args)? {
            return Err(option.unexpected());
        }
    }
    let rate = clause.rate()?;
    let cost = clause.cost().ok_or(Error::Missing { option: "COST" })?;
    let mut bucket = Stored::open(call, key, rate, Access::Write)?;
    if bucket.give(cost) {
        stats::RATE_GIVEN.add();
    }
    Ok(Reply::Int(bucket.remaining() as i64))
}
