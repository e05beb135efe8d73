//! `BUDGET.INFO`: a budget at a glance.

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
    name: c"budget.info",
    summary: c"Shows a budget: what was spent, what is reserved, and by how many members.",
    complexity: c"O(1)",
    arity: 2,
    keys: Keys::Read,
    args: &[Arg::key(c"key")],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("budget.info", ctx, argv, info);
}

fn info(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let ledger = Stored::open(call, key, Access::Read)?.ledger;
    Ok(Reply::Map(vec![
        ("spent", Reply::Int(ledger.spent)),
        ("reserved", Reply::sum(ledger.reserved.amount())),
        ("members", Reply::sum(ledger.reserved.count())),
    ]))
}
