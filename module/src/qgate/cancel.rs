//! `QGATE.CANCEL`: a waiter leaves the line.

use crate::args::Args;
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::line::name::Family;
use crate::reply::Reply;
use crate::wake;

pub(crate) const DOC: Doc = Doc {
    name: c"qgate.cancel",
    summary: c"Takes a waiter out of the line. Replies 1, or 0 when it was not in it.",
    complexity: c"O(log N) with N waiters",
    arity: 3,
    keys: Keys::Change,
    args: &[Arg::key(c"key"), Arg::string(c"member")],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("qgate.cancel", ctx, argv, cancel);
}

fn cancel(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let id = args.id("member")?;
    args.end()?;
    let key = call.awaited(Family::Gate, key);
    let left = key.is_some_and(|key| wake::cancel(call, &key, id.bytes));
    Ok(Reply::Int(i64::from(left)))
}
