//! `TRIE.DEL`: forget exactly this chain.

use super::chain::Chain;
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
    name: c"trie.del",
    summary: c"Forgets a chain. Replies 1, or 0 when it was not remembered.",
    complexity: c"O(L) with L bytes of chain",
    arity: 3,
    keys: Keys::Change,
    args: &[Arg::key(c"key"), Arg::string(c"chain")],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("trie.del", ctx, argv, del);
}

fn del(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let chain = Chain::parse("chain", args.fixed("chain")?.bytes)?;
    args.end()?;
    let trie = Stored::open(call, key, Access::Write)?;
    let digest = chain.digest(trie.seed());
    let was_live = trie.has(&digest)?;
    trie.discard(&[&digest]);
    if was_live {
        trie.sweep(&digest);
    }
    Ok(Reply::Int(i64::from(was_live)))
}
