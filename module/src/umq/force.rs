//! `UMQ.FORCE`: an operator takes the turn from whoever holds it.

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
use crate::{events, stats};

pub(crate) const DOC: Doc = Doc {
    name: c"umq.force",
    summary: c"Takes the turn from its holder, without a stamp. Replies 1, or 0 when it was free.",
    complexity: c"O(1)",
    arity: 2,
    keys: Keys::Change,
    args: &[Arg::key(c"key")],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("umq.force", ctx, argv, force);
}

fn force(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let stored = Stored::open(call, key, Access::Write)?;
    let Some(turn) = stored.turn()?.force() else {
        return Ok(Reply::Int(0));
    };
    stored.save(&turn);
    events::ours(call.ctx, c"umq.release", key);
    stats::UMQ_FORCED.add();
    call.freed(Family::Turn, key);
    Ok(Reply::Int(1))
}
