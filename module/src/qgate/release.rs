//! `QGATE.RELEASE`: members give their slots back.

use redis_module::RedisString;

use super::stored::Stored;
use crate::args::Args;
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::ffi::string;
use crate::line::name::Family;
use crate::reply::Reply;
use crate::time::UnixMillis;
use crate::{events, stats};

pub(crate) const DOC: Doc = Doc {
    name: c"qgate.release",
    summary: c"Gives slots back. Replies how many of the members were holders.",
    complexity: c"O(M log N) with M members named and N in the gate",
    arity: -3,
    keys: Keys::Change,
    args: &[Arg::key(c"key"), Arg::string(c"member").multiple()],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("qgate.release", ctx, argv, release);
}

fn release(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let mut members = args.ids("member")?;
    members.sort_unstable_by_key(|member| member.bytes);
    members.dedup_by_key(|member| member.bytes);
    let gate = Stored::open(call, key, Access::Write)?;
    let members: Vec<&RedisString> = members
        .into_iter()
        .map(|member| call.string(member))
        .collect();
    Ok(Reply::count(give_back(call, key, &gate, &members)))
}

/// Takes the slots of those of the members, each named once, that hold one: how many.
pub(super) fn give_back(
    call: &Call<'_>,
    key: &RedisString,
    gate: &Stored<'_>,
    members: &[&RedisString],
) -> usize {
    let held = gate.give_back(members);
    if held > 0 {
        events::ours(call.ctx, c"qgate.release", key);
        stats::QGATE_RELEASES.add_many(held);
        call.freed(Family::Gate, key);
    }
    held
}

/// Takes back a grant that never reached its holder. `false`: it is no longer the same grant.
pub(crate) fn take_back(
    call: &Call<'_>,
    key: &RedisString,
    member: &[u8],
    end: UnixMillis,
) -> Result<bool, Error> {
    let gate = Stored::open(call, key, Access::Write)?;
    let member = string(member);
    let same = gate.lease_end(&member) == Some(end);
    Ok(same && give_back(call, key, &gate, &[&member]) > 0)
}
