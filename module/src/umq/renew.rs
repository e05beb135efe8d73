//! `UMQ.RENEW`: the holder's lease ends a stated time from now.

use super::stored::Stored;
use crate::args::Args;
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::line::name::Family;
use crate::reply::Reply;
use crate::{stats, wake};

pub(crate) const DOC: Doc = Doc {
    name: c"umq.renew",
    summary: c"Sets the end of the holder's lease. Replies 1, or 0 when the id is not the holder.",
    complexity: c"O(1)",
    arity: 5,
    keys: Keys::Change,
    args: &[
        Arg::key(c"key"),
        Arg::string(c"request-id"),
        Arg::EXPIRATION,
    ],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("umq.renew", ctx, argv, renew);
}

fn renew(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let id = args.id("request-id")?;
    let lease = args.fixed_lease()?;
    args.end()?;
    let stored = Stored::open(call, key, Access::Write)?;
    let Some(turn) = stored.turn()?.renew(id.bytes, lease, call.now()) else {
        return Ok(Reply::Int(0));
    };
    stored.save(&turn);
    wake::confirm(call, Family::Turn, key, id.bytes);
    stats::UMQ_RENEWALS.add();
    call.freed(Family::Turn, key);
    Ok(Reply::Int(1))
}
