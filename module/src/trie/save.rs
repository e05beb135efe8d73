//! `TRIE.SAVE`: remember a value for a chain.

use super::chain::Chain;
use super::entry::Entry;
use super::stored::Stored;
use crate::args::Args;
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::reply::Reply;
use crate::time::Millis;
use crate::{events, stats};

pub(crate) const DOC: Doc = Doc {
    name: c"trie.save",
    summary: c"Remembers a value for a chain, instead of for a prefix of it if so asked.",
    complexity: c"O(L) with L bytes of chain",
    arity: -6,
    keys: Keys::Change,
    args: &[
        Arg::key(c"key"),
        Arg::string(c"chain"),
        Arg::string(c"value"),
        Arg::EXPIRATION,
        Arg::string(c"old-chain").after(c"REPLACE").optional(),
    ],
};

pub(super) const MAX_VALUE: usize = 4_096;

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("trie.save", ctx, argv, save);
}

struct Request<'a> {
    chain: Chain<'a>,
    value: &'a [u8],
    life: Millis,
    replaced: Option<Chain<'a>>,
}

fn save(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let request = parse(&mut args)?;
    let trie = Stored::open(call, key, Access::Write)?;
    let digest = request.chain.digest(trie.seed());
    let entry = Entry {
        end: call.now().plus(request.life),
        value: request.value,
    };
    trie.put(digest, entry);
    if let Some(replaced) = request.replaced {
        trie.discard(&[&replaced.digest(trie.seed())]);
    }
    trie.sweep(&digest);
    events::ours(call.ctx, c"trie.save", key);
    stats::TRIE_SAVES.add();
    Ok(Reply::Ok)
}

fn parse<'a>(args: &mut Args<'a>) -> Result<Request<'a>, Error> {
    let chain = Chain::parse_some("chain", args.fixed("chain")?.bytes)?;
    let value = args.text("value", MAX_VALUE)?.bytes;
    let (mut life, mut replaced) = (None, None);
    while let Some(option) = args.word() {
        if option.is("REPLACE") {
            let old = args.value("REPLACE")?;
            option.once(&mut replaced, Chain::parse_some("old-chain", old.bytes)?)?;
        } else {
            args.life(option, &mut life)?;
        }
    }
    if replaced
        .as_ref()
        .is_some_and(|replaced| !replaced.is_proper_prefix_of(&chain))
    {
        return Err(Error::NotAPrefix);
    }
    Ok(Request {
        chain,
        value,
        life: life.ok_or(Error::Missing { option: "PX" })?,
        replaced,
    })
}
