//! `RATE.TAKE`: takes tokens when there are enough, or says when there will be.

use super::bucket::Room;
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
    name: c"rate.take",
    summary: c"Takes tokens of a rate, or says when there will be enough. \
               Replies [allowed, remaining, retry-after-ms, reset-ms].",
    complexity: c"O(1)",
    arity: -8,
    keys: Keys::Change,
    args: &[
        Arg::key(c"key"),
        clause::BURST,
        clause::RATE,
        clause::PER,
        clause::COST.optional(),
        Arg::flag(c"force", c"FORCE").optional(),
    ],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("rate.take", ctx, argv, take);
}

/// `retry-after-ms` of a cost that the bucket never holds.
const NEVER: i64 = -1;

fn take(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let (mut clause, mut force) = (Clause::default(), None);
    while let Some(option) = args.word() {
        if option.is("FORCE") {
            option.once(&mut force, ())?;
        } else if !clause.take(option, &mut args)? {
            return Err(option.unexpected());
        }
    }
    let (rate, cost) = (clause.rate()?, clause.cost().unwrap_or(1));
    let mut bucket = Stored::open(call, key, rate, Access::Write)?;
    let room = match force {
        Some(()) => Room::Now,
        None => bucket.room(cost),
    };
    let (allowed, retry_after) = match room {
        Room::Now => {
            if bucket.charge(cost) {
                stats::RATE_TAKEN.add();
            }
            (1, 0)
        }
        Room::In(wait) => (0, wait.get()),
        Room::Never => (0, NEVER),
    };
    if allowed == 0 {
        stats::RATE_REFUSED.add();
    }
    let remaining = bucket.remaining() as i64;
    Ok(Reply::ints([
        allowed,
        remaining,
        retry_after,
        bucket.reset().get(),
    ]))
}
