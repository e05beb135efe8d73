//! `UMQ.RELEASE`: the holder gives the turn back.

use redis_module::RedisString;

use super::stored::Stored;
use super::turn::Stamp;
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
    name: c"umq.release",
    summary: c"Gives the turn back. Replies 1, or 0 when the id is not the holder.",
    complexity: c"O(1)",
    arity: -3,
    keys: Keys::Change,
    args: &[
        Arg::key(c"key"),
        Arg::string(c"request-id"),
        Arg::flag(c"nostamp", c"NOSTAMP").optional(),
    ],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("umq.release", ctx, argv, release);
}

fn release(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let id = args.id("request-id")?;
    let stamp = match args.word() {
        None => Stamp::Now,
        Some(option) if option.is("NOSTAMP") => Stamp::Keep,
        Some(option) => return Err(option.unexpected()),
    };
    args.end()?;
    let stored = Stored::open(call, key, Access::Write)?;
    let Some(turn) = stored.turn()?.release(id.bytes, stamp, call.now()) else {
        return Ok(Reply::Int(0));
    };
    stored.save(&turn);
    events::ours(call.ctx, c"umq.release", key);
    stats::UMQ_RELEASES.add();
    call.freed(Family::Turn, key);
    Ok(Reply::Int(1))
}

/// Takes back a grant that never reached its holder, as if it had not been. `false`: it is no longer the same grant.
pub(crate) fn take_back(
    call: &Call<'_>,
    key: &RedisString,
    id: &[u8],
    token: i64,
) -> Result<bool, Error> {
    let stored = Stored::open(call, key, Access::Write)?;
    let turn = stored.turn()?;
    let same = turn.token() == token;
    let Some(turn) = turn.release(id, Stamp::Keep, call.now()).filter(|_| same) else {
        return Ok(false);
    };
    stored.save(&turn);
    events::ours(call.ctx, c"umq.release", key);
    Ok(true)
}
