//! `TRIE.INFO`: how large a trie is.

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
    name: c"trie.info",
    summary: c"Shows how many entries a trie has and, by a sample, how many bytes.",
    complexity: c"O(1)",
    arity: 2,
    keys: Keys::Read,
    args: &[Arg::key(c"key")],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("trie.info", ctx, argv, info);
}

fn info(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let trie = Stored::open(call, call.string(args.fixed("key")?), Access::Read)?;
    Ok(Reply::Map(vec![
        ("entries", Reply::count(trie.len())),
        ("bytes", Reply::Int(trie.memory())),
    ]))
}
