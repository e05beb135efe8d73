//! `QGATE.OPEN`: a closed gate grants again.

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
    name: c"qgate.open",
    summary: c"Opens a closed gate. Replies 1, or 0 when it was not closed.",
    complexity: c"O(log N) with N members",
    arity: 2,
    keys: Keys::Change,
    args: &[Arg::key(c"key")],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("qgate.open", ctx, argv, open);
}

fn open(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let gate = Stored::open(call, key, Access::Write)?;
    let was_closed = gate.look()?.closed_until > call.now();
    if was_closed {
        gate.open_again();
        events::ours(call.ctx, c"qgate.open", key);
        call.freed(Family::Gate, key);
    }
    Ok(Reply::Int(i64::from(was_closed)))
}
