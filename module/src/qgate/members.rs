//! `QGATE.MEMBERS`: who holds a slot, and for how long still.

use super::stored::Stored;
use crate::args::Args;
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::reply::Reply;

pub(crate) const DOC: Doc = Doc {
    name: c"qgate.members",
    summary: c"Replies [member, lease-ms] per holder, soonest end first.",
    complexity: c"O(log N + C) with N members and a count of C",
    arity: -2,
    keys: Keys::Read,
    args: &[
        Arg::key(c"key"),
        Arg::integer(c"count").after(c"COUNT").optional(),
    ],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("qgate.members", ctx, argv, members);
}

fn members(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let most = args.count()?;
    let now = call.now();
    let holders = Stored::open(call, key, Access::Read)?.holders(most);
    let rows = holders.into_iter().map(|(member, end)| {
        Reply::Array(vec![
            Reply::Bytes(member.as_slice().to_vec()),
            Reply::Int(end.since(now).get()),
        ])
    });
    Ok(Reply::Array(rows.collect()))
}
