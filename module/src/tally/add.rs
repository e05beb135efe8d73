//! `TALLY.ADD`: adds to counters, unless this id has been counted already.

use super::counters::Sums;
use super::ids::Ids;
use super::increment::Increment;
use crate::args::{Args, Word};
use crate::call::{self, Call};
use crate::error::{Error, Escaped};
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::ffi::positions;
use crate::reply::Reply;
use crate::time::Millis;
use crate::{events, stats};

pub(crate) const DOC: Doc = Doc {
    name: c"tally.add",
    summary: c"Adds to counters, once per id. Replies 1, or 0 when this id was counted already.",
    complexity: c"O(log N + C) with N ids and C increments",
    arity: -9,
    keys: Keys::Parsed,
    args: &[
        Arg::key(c"ids-key"),
        Arg::string(c"id"),
        Arg::EXPIRATION,
        Arg::integer(c"n"),
        Arg::block_of(
            c"counter",
            &[
                Arg::key(c"hash-key"),
                Arg::string(c"field"),
                Arg::integer(c"increment"),
            ],
        )
        .multiple(),
    ],
};

struct Ask<'a> {
    ids: Word<'a>,
    id: Word<'a>,
    keep: Millis,
    increments: Vec<Increment<'a>>,
}

impl<'a> Ask<'a> {
    fn parse(mut args: Args<'a>) -> Result<Self, Error> {
        let ask = Self {
            ids: args.fixed("ids-key")?,
            id: args.id("id")?,
            keep: args.fixed_life()?,
            increments: Increment::read_all(&mut args)?,
        };
        let names_ids = |one: &Increment<'_>| one.hash.bytes == ask.ids.bytes;
        if ask.increments.iter().any(names_ids) {
            return Err(Error::KeyTwice(Escaped::new(ask.ids.bytes)));
        }
        Ok(ask)
    }

    fn keys(&self) -> Vec<(Word<'a>, Access)> {
        let hashes = self.increments.chunk_by(Increment::is_of_hash_of);
        let hashes = hashes.map(|of_hash| of_hash[0].hash);
        let keys = std::iter::once(self.ids).chain(hashes);
        keys.map(|key| (key, Access::Write)).collect()
    }
}

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    if positions::are_asked_for(ctx) {
        return positions::name(ctx, argv.words, |args| {
            Ask::parse(args).map_or(Vec::new(), |ask| ask.keys())
        });
    }
    call::run("tally.add", ctx, argv, add);
}

fn add(call: &Call<'_>, args: Args<'_>) -> Result<Reply, Error> {
    let ask = Ask::parse(args)?;
    let (name, id) = (call.string(ask.ids), call.string(ask.id));
    let ids = Ids::open(call, name)?;
    if ids.knows(id) {
        stats::TALLY_REPEATED.add();
        return Ok(Reply::Int(0));
    }
    let hashes = ask.increments.chunk_by(Increment::is_of_hash_of);
    let sums = hashes.map(|of_hash| Sums::reckon(call, of_hash));
    let sums = sums.collect::<Result<Vec<_>, _>>()?;
    ids.add(id, call.now().plus(ask.keep));
    sums.iter().for_each(Sums::write);
    events::ours(call.ctx, c"tally.add", name);
    stats::TALLY_COUNTED.add();
    Ok(Reply::Int(1))
}
