//! `QGATE.INFO`: a gate at a glance.

use super::memory::Memory;
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
    name: c"qgate.info",
    summary:
        c"Shows a gate: slots in use, limit last named, closure, next lease end, and who waits.",
    complexity: c"O(log N) with N members",
    arity: 2,
    keys: Keys::Read,
    args: &[Arg::key(c"key")],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("qgate.info", ctx, argv, info);
}

fn info(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let now = call.now();
    let gate = Stored::open(call, key, Access::Read)?;
    let found = gate.look()?;
    let crowd = wake::crowd(call, Family::Gate, key);
    let limit = Memory::of(call, key.as_slice())
        .last_named()
        .filter(|_| !gate.is_missing());
    let next = gate.next_end();
    Ok(Reply::Map(vec![
        ("in-use", Reply::count(found.in_use)),
        ("waiting", Reply::count(crowd.waiting)),
        ("limit", Reply::or_nil(limit, Reply::count)),
        ("closed-ms", Reply::Int(found.closed_until.since(now).get())),
        ("flows", Reply::count(crowd.flows)),
        ("oldest-wait-ms", Reply::Int(crowd.oldest.get())),
        (
            "next-expiry-ms",
            Reply::or_nil(next, |end| Reply::Int(end.since(now).get())),
        ),
    ]))
}
