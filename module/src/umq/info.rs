//! `UMQ.INFO`: who holds the turn, until when, and when it was last given back.

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
use crate::wake;

pub(crate) const DOC: Doc = Doc {
    name: c"umq.info",
    summary: c"Shows a turn: its holder, token, lease and last stamp, and who waits.",
    complexity: c"O(1)",
    arity: 2,
    keys: Keys::Read,
    args: &[Arg::key(c"key")],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("umq.info", ctx, argv, info);
}

fn info(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let stored = Stored::open(call, key, Access::Read)?;
    let crowd = wake::crowd(call, Family::Turn, key);
    let turn = stored.turn()?;
    let now = call.now();
    let stamp = turn.since_stamp(now);
    Ok(Reply::Map(vec![
        (
            "holder",
            Reply::or_nil(turn.holder(), |holder| Reply::Bytes(holder.to_vec())),
        ),
        ("token", Reply::Int(turn.token())),
        ("lease-ms", Reply::Int(turn.lease_left(now).get())),
        (
            "since-stamp-ms",
            Reply::or_nil(stamp, |stamp| Reply::Int(stamp.get())),
        ),
        ("waiting", Reply::count(crowd.waiting)),
        ("flows", Reply::count(crowd.flows)),
        ("oldest-wait-ms", Reply::Int(crowd.oldest.get())),
    ]))
}
