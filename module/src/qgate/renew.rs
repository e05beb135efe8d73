//! `QGATE.RENEW`: the leases of these holders end a stated time from now.

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
    name: c"qgate.renew",
    summary:
        c"Sets the end of holders' leases. Replies 1 per member, or 0 for one that is no holder.",
    complexity: c"O(M log N) with M members named and N in the gate",
    arity: -5,
    keys: Keys::Change,
    args: &[
        Arg::key(c"key"),
        Arg::EXPIRATION,
        Arg::string(c"member").multiple(),
    ],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("qgate.renew", ctx, argv, renew);
}

fn renew(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let end = call.now().plus(args.fixed_lease()?);
    let members = args.ids("member")?;
    let gate = Stored::open(call, key, Access::Write)?;
    let mut holders = Vec::with_capacity(members.len());
    let mut replies = Vec::with_capacity(members.len());
    for member in members {
        let member = call.string(member);
        let holds = gate.holds(member);
        if holds {
            wake::confirm(call, Family::Gate, key, member.as_slice());
            holders.push(member);
        }
        replies.push(Reply::Int(i64::from(holds)));
    }
    if !holders.is_empty() {
        let found = gate.look()?;
        gate.lease(end, &holders);
        gate.sweep(found.ended(), None);
        stats::QGATE_RENEWALS.add_many(holders.len());
        call.freed(Family::Gate, key);
    }
    Ok(Reply::Array(replies))
}
