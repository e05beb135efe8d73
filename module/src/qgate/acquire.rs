//! `QGATE.ACQUIRE`: take a slot of a gate if it has one free.

use redis_module::{Context, RedisResult, RedisString};

use super::gate::{Answer, Ask, Room};
use super::limits;
use super::stored::{Found, Stored};
use crate::args::Args;
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::reply::Reply;
use crate::{events, stats};

pub(crate) const DOC: Doc = Doc {
    name: c"qgate.acquire",
    summary: c"Takes a slot of a gate, or says that it is full. Replies [status, in-use, ahead].",
    complexity: c"O(log N) with N members",
    arity: -7,
    keys: Keys::Change,
    args: &[
        Arg::key(c"key"),
        Arg::string(c"member"),
        Arg::integer(c"limit").after(c"LIMIT"),
        Arg::EXPIRATION,
    ],
};

const MAX_LIMIT: i64 = 1_000_000;

pub(crate) fn command(context: &Context, argv: Vec<RedisString>) -> RedisResult {
    call::run("qgate.acquire", context, &argv, acquire)
}

fn acquire(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let member = call.string(args.id("member")?);
    let ask = parse(&mut args)?;
    let gate = Stored::open(call, key, Access::Write)?;
    let found = gate.look()?;
    limits::remember(call, key.as_slice(), ask.limit);
    let (status, in_use) = match decide(call, &gate, &found, member, ask) {
        Answer::Granted => {
            gate.sweep(found.ended(), Some(member));
            events::ours(call.ctx, c"qgate.grant", key);
            stats::QGATE_GRANTS.add();
            (1, found.in_use + 1)
        }
        Answer::Extended => {
            stats::QGATE_EXTENSIONS.add();
            (1, found.in_use)
        }
        Answer::Full => {
            stats::QGATE_REFUSED_FULL.add();
            (0, found.in_use)
        }
        Answer::Closed => {
            stats::QGATE_REFUSED_CLOSED.add();
            (0, found.in_use)
        }
    };
    Ok(Reply::ints([status, in_use as i64, 0]))
}

/// Decides and, when the answer is a slot, writes its lease. The common grant, of a free slot to a member that has none,
/// is tried first: it finds out by the write itself whether the member is there.
fn decide(
    call: &Call<'_>,
    gate: &Stored<'_>,
    found: &Found,
    member: &RedisString,
    ask: Ask,
) -> Answer {
    let now = call.now();
    let room = found.room(ask.limit, now);
    let end = now.plus(ask.lease);
    if room == Room::Free && gate.enter(member, end) {
        return Answer::Granted;
    }
    let held_until = gate.lease_end(member);
    let (answer, end) = room.answer(held_until, end, now);
    if let Some(end) = end.filter(|end| held_until != Some(*end)) {
        gate.lease(end, &[member]);
    }
    answer
}

fn parse(args: &mut Args<'_>) -> Result<Ask, Error> {
    let (mut limit, mut lease) = (None, None);
    while let Some(option) = args.word() {
        if option.is("LIMIT") {
            option.once(&mut limit, args.integer("LIMIT", 0, MAX_LIMIT)?)?;
        } else {
            args.lease(option, &mut lease)?;
        }
    }
    let limit = limit.ok_or(Error::Missing { option: "LIMIT" })?;
    Ok(Ask {
        limit: usize::try_from(limit).unwrap_or(0),
        lease: lease.ok_or(Error::Missing { option: "PX" })?,
    })
}
