//! `QGATE.LEAVE`: one member gives back its slots in several gates, in one transaction.

use super::release::give_back;
use super::stored::Stored;
use crate::args::Args;
use crate::call::{self, Call};
use crate::error::{Error, Escaped};
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::reply::Reply;

pub(crate) const DOC: Doc = Doc {
    name: c"qgate.leave",
    summary: c"Gives back a member's slots in several gates. Replies how many it held.",
    complexity: c"O(K log N) with K gates of N members",
    arity: -4,
    // Not by their number: 7.0 in Cluster knows keys by a range alone, and these end the line.
    keys: Keys::ChangeFrom { first: 3 },
    args: &[
        Arg::string(c"member"),
        Arg::integer(c"numkeys"),
        Arg::key(c"key").multiple(),
    ],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("qgate.leave", ctx, argv, leave);
}

fn leave(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let member = call.string(args.id("member")?);
    let mut keys = args.numbered_keys()?;
    keys.sort_by_key(|key| key.bytes);
    if let Some(twice) = keys.windows(2).find(|pair| pair[0].bytes == pair[1].bytes) {
        return Err(Error::KeyTwice(Escaped::new(twice[0].bytes)));
    }
    // All gates are opened, and so checked, before the first one is written.
    let gates = keys
        .into_iter()
        .map(|key| {
            let key = call.string(key);
            Ok((key, Stored::open(call, key, Access::Write)?))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let held = gates
        .iter()
        .map(|(key, gate)| give_back(call, key, gate, &[member]))
        .sum();
    Ok(Reply::count(held))
}
