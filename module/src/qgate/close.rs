//! `QGATE.CLOSE`: nobody new is granted for a while; holders stay.

use super::stored::Stored;
use crate::args::Args;
use crate::call::{self, Call};
use crate::error::Error;
use crate::events;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::line::name::Family;
use crate::reply::Reply;

pub(crate) const DOC: Doc = Doc {
    name: c"qgate.close",
    summary: c"Lets nobody in for a while; holders stay.",
    complexity: c"O(log N) with N members",
    arity: 4,
    keys: Keys::Change,
    args: &[Arg::key(c"key"), Arg::EXPIRATION],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("qgate.close", ctx, argv, close);
}

fn close(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let until = call.now().plus(args.fixed_life()?);
    args.end()?;
    let gate = Stored::open(call, key, Access::Write)?;
    gate.close(until);
    events::ours(call.ctx, c"qgate.close", key);
    call.freed(Family::Gate, key);
    Ok(Reply::Ok)
}
