//! `QGATE.RELEASE`: members give their slots back.

use redis_module::{Context, RedisResult, RedisString};

use super::stored::Stored;
use crate::args::Args;
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::reply::Reply;
use crate::{events, stats};

pub(crate) const DOC: Doc = Doc {
    name: c"qgate.release",
    summary: c"Gives slots back. Replies how many of the members were holders.",
    complexity: c"O(M log N) with M members named and N in the gate",
    arity: -3,
    keys: Keys::Change,
    args: &[Arg::key(c"key"), Arg::string(c"member").multiple()],
};

pub(crate) fn command(context: &Context, argv: Vec<RedisString>) -> RedisResult {
    call::run("qgate.release", context, &argv, release)
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

/// Removes those of the members, each named once, that are there. Replies how many were holders.
pub(super) fn give_back(
    call: &Call<'_>,
    key: &RedisString,
    gate: &Stored<'_>,
    members: &[&RedisString],
) -> usize {
    let holders: Vec<&RedisString> = members
        .iter()
        .copied()
        .filter(|member| gate.holds(member))
        .collect();
    if holders.is_empty() {
        return 0;
    }
    gate.remove(&holders);
    gate.sweep(&gate.ended(), None);
    events::ours(call.ctx, c"qgate.release", key);
    stats::QGATE_RELEASES.add_many(holders.len());
    holders.len()
}
