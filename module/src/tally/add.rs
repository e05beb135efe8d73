//! `TALLY.ADD`: adds to counters, and writes of what it counts, unless this id has been counted already.

use super::counters::Sums;
use super::ids::Ids;
use super::increment::Increment;
use super::record::Record;
use crate::args::{Args, Word};
use crate::call::{self, Call};
use crate::error::{Error, Escaped};
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::ffi::positions;
use crate::ffi::stream_key::StreamKey;
use crate::reply::Reply;
use crate::time::Millis;
use crate::{events, stats};

pub(crate) const DOC: Doc = Doc {
    name: c"tally.add",
    summary: c"Adds to counters and writes a record, once per id. Replies 1, or 0 when this id was counted already.",
    complexity: c"O(log N + C + F) with N ids, C increments and F fields of the record",
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
        .optional()
        .multiple(),
        Arg::block(
            c"record",
            c"RECORD",
            &[
                Arg::key(c"stream-key"),
                Arg::integer(c"max").after(c"MAXLEN"),
                Arg::block_of(
                    c"pair",
                    &[Arg::string(c"field"), Arg::string(c"value")],
                )
                .multiple(),
            ],
        )
        .optional(),
    ],
};

struct Ask<'a> {
    ids: Word<'a>,
    id: Word<'a>,
    keep: Millis,
    increments: Vec<Increment<'a>>,
    record: Option<Record<'a>>,
}

impl<'a> Ask<'a> {
    fn parse(mut args: Args<'a>) -> Result<Self, Error> {
        let ask = Self {
            ids: args.fixed("ids-key")?,
            id: args.id("id")?,
            keep: args.fixed_life()?,
            increments: Increment::read_all(&mut args)?,
            record: Record::read(&mut args)?,
        };
        match ask.named_twice() {
            Some(key) => Err(Error::KeyTwice(Escaped::new(key))),
            None => Ok(ask),
        }
    }

    /// Several increments may be of one hash.
    fn named_twice(&self) -> Option<&'a [u8]> {
        let ids = self.ids.bytes;
        let stream = self.record.as_ref().map(|record| record.stream.bytes);
        let mut hashes = self.increments.iter().map(|one| one.hash.bytes);
        let hash = hashes.find(|hash| *hash == ids || Some(*hash) == stream);
        hash.or(stream.filter(|stream| *stream == ids))
    }

    /// Each once.
    fn keys(&self) -> impl Iterator<Item = Word<'a>> {
        let hashes = self.increments.chunk_by(Increment::is_of_hash_of);
        let hashes = hashes.map(|of_hash| of_hash[0].hash);
        let stream = self.record.iter().map(|record| record.stream);
        std::iter::once(self.ids).chain(hashes).chain(stream)
    }
}

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    if positions::are_asked_for(ctx) {
        return positions::name(ctx, argv.words, |args| {
            let ask = Ask::parse(args);
            let keys = ask.iter().flat_map(Ask::keys);
            keys.map(|key| (key, Access::Write)).collect()
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
    // First of all writes: it alone can still be refused.
    ask.record
        .iter()
        .try_for_each(|record| write(call, record))?;
    ids.add(id, call.now().plus(ask.keep));
    sums.iter().for_each(Sums::write);
    events::ours(call.ctx, c"tally.add", name);
    stats::TALLY_COUNTED.add();
    Ok(Reply::Int(1))
}

fn write(call: &Call<'_>, record: &Record<'_>) -> Result<(), Error> {
    let stream = StreamKey::open(call.ctx, call.string(record.stream), Access::Write)?;
    stream.append(record.words.iter().map(|word| call.string(*word)))?;
    stream.trim(record.most);
    Ok(())
}
