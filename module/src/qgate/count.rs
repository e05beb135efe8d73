//! `QGATE.COUNT`: how many slots of each gate are in use, and how many wait.

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
    name: c"qgate.count",
    summary: c"Replies [in-use, waiting] per gate.",
    complexity: c"O(K) with K gates",
    arity: -2,
    keys: Keys::ReadAll,
    args: &[Arg::key(c"key").multiple()],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("qgate.count", ctx, argv, count);
}

fn count(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let mut counts = Vec::new();
    while let Some(key) = args.word() {
        let key = call.string(key);
        let gate = Stored::open(call, key, Access::Read)?;
        let waiting = wake::crowd(call, Family::Gate, key).waiting;
        counts.push(Reply::ints([gate.look()?.in_use as i64, waiting as i64]));
    }
    Ok(Reply::Array(counts))
}
