//! `QGATE.ACQUIRE`: take a slot of a gate when it has one free, now or after a wait.

use redis_module::{Context, RedisResult, RedisString};

use super::gate::{Answer, Ask, Room};
use super::limits;
use super::stored::{Found, Stored};
use crate::args::{Args, Word};
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::ffi::string;
use crate::line::hall::{Family, Request};
use crate::reply::Reply;
use crate::time::{Millis, UnixMillis};
use crate::wait::{self, Clause, Replies};
use crate::wake::{self, Attempt, Grant, Mark, Next};
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
        wait::PATIENCE,
        wait::QUEUE,
        wait::FLOW,
        wait::WEIGHT,
        wait::WAITED,
    ],
};

const MAX_LIMIT: i64 = 1_000_000;

pub(crate) fn command(context: &Context, argv: Vec<RedisString>) -> RedisResult {
    call::run_or_name_channel("qgate.acquire", context, &argv, acquire, channel)
}

fn acquire(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let (id, ask, clause) = parse(&mut args)?;
    let member = call.string(id);
    clause.check(call, key)?;
    let gate = Stored::open(call, key, Access::Write)?;
    let found = gate.look()?;
    limits::remember(call, key.as_slice(), ask.limit);
    let line = call.line_in_use(Family::Gate, key);
    if ask.limit > 0
        && let Some(line) = &line
        && wake::name_limit(line, ask.limit)
    {
        call.freed(Family::Gate, key);
        call.again();
        return Ok(Reply::Nil);
    }
    // Nobody overtakes those in line but who holds a slot, or names no limit.
    let room = match line {
        Some(_) if ask.limit > 0 => found.room(ask.limit, call.now()).taken(),
        _ => found.room(ask.limit, call.now()),
    };
    let (answer, _) = decide(call, &gate, room, member, ask.lease);
    if let Some(in_use) = keep(call, key, &gate, &found, member, answer) {
        return Ok(Reply::ints([1, in_use as i64, 0]));
    }
    let ahead = line.map_or(0, |line| wake::ahead(&line, id.bytes)) as i64;
    let in_use = found.in_use as i64;
    let request = || Request {
        id: id.bytes.into(),
        lease: ask.lease,
        delay: Millis::ZERO,
        limit: ask.limit,
    };
    let replies = Replies {
        queued: Reply::ints([2, in_use, ahead]),
        too_many: Reply::ints([-1, in_use, ahead]),
    };
    let waits = clause.wish(call, || call.line(Family::Gate, key), request, replies);
    if !waits {
        count_refusal(answer);
    }
    Ok(Reply::ints([0, in_use, ahead]))
}

/// Grants a slot to a waiter, if there is one now and it `hears` of it.
pub(crate) fn attempt(
    call: &Call<'_>,
    key: &RedisString,
    request: &Request,
    limit: usize,
    hears: impl Fn() -> bool,
) -> Result<Attempt, Error> {
    let gate = Stored::open(call, key, Access::Write)?;
    let found = gate.look()?;
    let member = string(&request.id);
    let room = found.room(limit, call.now());
    if room == Room::Free && !hears() {
        return Ok(Attempt::Unheard);
    }
    let (answer, end) = decide(call, &gate, room, &member, request.lease);
    Ok(match keep(call, key, &gate, &found, &member, answer) {
        Some(in_use) => Attempt::Granted(Grant {
            reply: Reply::ints([1, in_use as i64, 0]),
            number: in_use as i64,
            mark: (answer == Answer::Granted).then_some(Mark::LeaseEnd(end)),
            next: if limit == 0 || in_use < limit {
                Next::AtOnce
            } else {
                Next::NotBefore(gate.next_end())
            },
        }),
        None if found.closed_until > call.now() => Attempt::NotYet(Some(found.closed_until)),
        None => Attempt::NotYet(gate.next_end()),
    })
}

/// What a waiter is answered whose wait has ended without a grant.
pub(crate) fn refusal(call: &Call<'_>, key: &RedisString) -> Result<Reply, Error> {
    let gate = Stored::open(call, key, Access::Read)?;
    Ok(Reply::ints([0, gate.look()?.in_use as i64, 0]))
}

/// Decides and, when the answer is a slot, writes its lease, which is replied with it. The common grant, of a free slot
/// to a member that has none, is tried first: it finds out by the write itself whether the member is there.
fn decide(
    call: &Call<'_>,
    gate: &Stored<'_>,
    room: Room,
    member: &RedisString,
    lease: Millis,
) -> (Answer, UnixMillis) {
    let now = call.now();
    let end = now.plus(lease);
    if room == Room::Free && gate.enter(member, end) {
        return (Answer::Granted, end);
    }
    let held_until = gate.lease_end(member);
    let (answer, end) = room.answer(held_until, end, now);
    if let Some(end) = end.filter(|end| held_until != Some(*end)) {
        gate.lease(end, &[member]);
    }
    (answer, end.unwrap_or(UnixMillis::ZERO))
}

/// Sweeps after a grant, announces and counts it. With a slot, how many are in use.
fn keep(
    call: &Call<'_>,
    key: &RedisString,
    gate: &Stored<'_>,
    found: &Found,
    member: &RedisString,
    answer: Answer,
) -> Option<usize> {
    match answer {
        Answer::Granted => {
            gate.sweep(found.ended(), Some(member));
            events::ours(call.ctx, c"qgate.grant", key);
            stats::QGATE_GRANTS.add();
            Some(found.in_use + 1)
        }
        Answer::Extended => {
            wake::confirm(call, Family::Gate, key, member.as_slice());
            stats::QGATE_EXTENSIONS.add();
            Some(found.in_use)
        }
        Answer::Full | Answer::Closed => None,
    }
}

fn count_refusal(answer: Answer) {
    match answer {
        Answer::Full => stats::QGATE_REFUSED_FULL.add(),
        Answer::Closed => stats::QGATE_REFUSED_CLOSED.add(),
        Answer::Granted | Answer::Extended => {}
    }
}

fn channel(mut args: Args<'_>) -> Option<Word<'_>> {
    args.fixed("key").ok()?;
    let (_, _, clause) = parse(&mut args).ok()?;
    clause.channel()
}

fn parse<'a>(args: &mut Args<'a>) -> Result<(Word<'a>, Ask, Clause<'a>), Error> {
    let id = args.id("member")?;
    let (mut limit, mut lease, mut clause) = (None, None, Clause::default());
    while let Some(option) = args.word() {
        if option.is("LIMIT") {
            option.once(&mut limit, args.integer("LIMIT", 0, MAX_LIMIT)?)?;
        } else if !clause.take(option, args)? {
            args.lease(option, &mut lease)?;
        }
    }
    let limit = limit.ok_or(Error::Missing { option: "LIMIT" })?;
    let ask = Ask {
        limit: usize::try_from(limit).unwrap_or(0),
        lease: lease.ok_or(Error::Missing { option: "PX" })?,
    };
    Ok((id, ask, clause))
}
