//! `QGATE.WAITERS`: who stands in line, in the order in which they are served.

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
    name: c"qgate.waiters",
    summary: c"Replies [member, flow, waited-ms] per waiter, in grant order.",
    complexity: c"O(F + C log F) with F flows and a count of C",
    arity: -2,
    keys: Keys::Read,
    args: &[
        Arg::key(c"key"),
        Arg::integer(c"count").after(c"COUNT").optional(),
    ],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("qgate.waiters", ctx, argv, waiters);
}

fn waiters(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let most = args.count()?;
    Ok(wake::waiters(call, Family::Gate, key, most))
}
