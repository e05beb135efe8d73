//! `TRIE.FIND` and `TRIE.FIND_RO`: the value of the longest stored prefix; the former may extend its life.

use redis_module::RedisString;

use super::chain::Chain;
use super::entry::Entry;
use super::stored::{Hit, Stored};
use crate::args::Args;
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::reply::Reply;
use crate::stats;
use crate::time::Millis;

pub(crate) const DOC: Doc = Doc {
    name: c"trie.find",
    summary: c"Replies the value of the longest stored prefix of a chain, and may extend its life.",
    complexity: c"O(L) with L bytes of chain",
    arity: -3,
    keys: Keys::Change,
    args: &[
        Arg::key(c"key"),
        Arg::string(c"chain"),
        Arg::EXPIRATION.optional(),
        Arg::flag(c"withmatch", c"WITHMATCH").optional(),
    ],
};

pub(crate) const DOC_RO: Doc = Doc {
    name: c"trie.find_ro",
    summary: c"Replies the value of the longest stored prefix of a chain.",
    complexity: c"O(L) with L bytes of chain",
    arity: -3,
    keys: Keys::Read,
    args: &[
        Arg::key(c"key"),
        Arg::string(c"chain"),
        Arg::flag(c"withmatch", c"WITHMATCH").optional(),
    ],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("trie.find", ctx, argv, find);
}

pub(crate) fn command_ro(ctx: Ctx, argv: Argv<'_>) {
    call::run("trie.find_ro", ctx, argv, find_ro);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Value,
    WithMatch,
}

fn find(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let chain = Chain::parse("chain", args.fixed("chain")?.bytes)?;
    let (mut life, mut shape) = (None, None);
    while let Some(option) = args.word() {
        if option.is("WITHMATCH") {
            option.once(&mut shape, Shape::WithMatch)?;
        } else {
            args.life(option, &mut life)?;
        }
    }
    let trie = Stored::open(call, key, Access::Write)?;
    let hit = trie.longest(&chain)?;
    if let (Some(hit), Some(life)) = (&hit, life) {
        refresh(call, &trie, hit, life)?;
    }
    answer(&trie, &chain, hit, shape.unwrap_or(Shape::Value))
}

fn find_ro(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let chain = Chain::parse("chain", args.fixed("chain")?.bytes)?;
    let shape = match args.word() {
        None => Shape::Value,
        Some(option) if option.is("WITHMATCH") => Shape::WithMatch,
        Some(option) => return Err(option.unexpected()),
    };
    args.end()?;
    let trie = Stored::open(call, key, Access::Read)?;
    let hit = trie.longest(&chain)?;
    answer(&trie, &chain, hit, shape)
}

/// What a trie holds for a conversation, for a command that only wants to know.
pub(crate) fn value(
    call: &Call<'_>,
    key: &RedisString,
    chain: &Chain<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    let trie = Stored::open(call, key, Access::Read)?;
    let Some(hit) = trie.longest(chain)? else {
        return Ok(None);
    };
    Ok(Some(trie.entry(hit.text.as_slice())?.value.to_vec()))
}

fn refresh(call: &Call<'_>, trie: &Stored<'_>, hit: &Hit, life: Millis) -> Result<(), Error> {
    let entry = trie.entry(hit.text.as_slice())?;
    if let Some(end) = entry.refreshed(life, call.now()) {
        trie.put(hit.digest, Entry { end, ..entry });
        trie.sweep(&hit.digest);
        stats::TRIE_REFRESHES.add();
    }
    Ok(())
}

fn answer(
    trie: &Stored<'_>,
    chain: &Chain<'_>,
    hit: Option<Hit>,
    shape: Shape,
) -> Result<Reply, Error> {
    let counter = if hit.is_some() {
        &stats::TRIE_HITS
    } else {
        &stats::TRIE_MISSES
    };
    counter.add();
    let segments = hit.as_ref().map_or(0, |hit| hit.segments);
    let value = match hit {
        Some(hit) => Reply::Bytes(trie.entry(hit.text.as_slice())?.value.to_vec()),
        None => Reply::Nil,
    };
    Ok(match shape {
        Shape::Value => value,
        Shape::WithMatch => Reply::Array(vec![
            value,
            Reply::count(segments),
            Reply::count(chain.len()),
        ]),
    })
}
