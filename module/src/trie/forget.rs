//! `TRIE.FORGET`: removes the entries that hold a value, a part of the trie per call, like SCAN.

use super::save::MAX_VALUE;
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
    name: c"trie.forget",
    summary: c"Removes entries that hold a value, some per call. Replies [next-cursor, removed].",
    complexity: c"O(C) with a count of C; O(N) for all calls over N entries",
    arity: -4,
    keys: Keys::Change,
    args: &[
        Arg::key(c"key"),
        Arg::integer(c"cursor"),
        Arg::string(c"value"),
        Arg::integer(c"count").after(c"COUNT").optional(),
    ],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("trie.forget", ctx, argv, forget);
}

fn forget(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let cursor = args.cursor()?;
    let value = args.text("value", MAX_VALUE)?.bytes;
    let count = args.count()?;
    let trie = Stored::open(call, key, Access::Write)?;
    let (next, removed) = trie.forget(cursor, value, count)?;
    Ok(Reply::Array(vec![
        Reply::Bytes(next.to_string().into_bytes()),
        Reply::count(removed),
    ]))
}
