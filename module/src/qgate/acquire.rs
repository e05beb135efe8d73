//! `QGATE.ACQUIRE`: take a slot of a gate when it has one free, now or after a wait.

use redis_module::RedisString;

use super::gate::{Answer, Ask};
use super::memory::Memory;
use super::stored::Stored;
use super::take;
use crate::args::{Args, Word};
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::line::hall::{Asked, Request, Span};
use crate::line::name::Family;
use crate::line::plan::Wants;
use crate::reply::Reply;
use crate::time::Millis;
use crate::wait::{self, Clause, Replies};
use crate::wake;

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

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("qgate.acquire", ctx, argv, acquire);
}

fn acquire(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let (id, ask, clause) = parse(&mut args)?;
    let member = call.string(id);
    clause.check(call, key)?;
    let gate = Stored::open(call, key, Access::Write)?;
    let found = gate.look()?;
    let memory = Memory::of(call, key.as_slice());
    memory.name(ask.limit);
    let awaited = call.awaited(Family::Gate, key);
    if ask.limit > 0
        && let Some(name) = &awaited
        && wake::is_other_limit(name, ask.limit)
    {
        wake::name_limit(name, ask.limit);
        call.freed(Family::Gate, key);
        call.again();
        return Ok(Reply::Nil);
    }
    // Nobody overtakes those in line but who holds a slot, or names no limit.
    let room = found.room(ask.limit, call.now());
    let room = match &awaited {
        Some(name) if ask.limit > 0 && wake::is_wanted(name) => room.taken(),
        _ => room,
    };
    let (answer, end) = take::decide(call, &gate, room, member, ask.lease);
    if answer == Answer::Granted {
        memory.grant(call);
        if let Some(name) = &awaited {
            wake::lease_ends(call, name, end);
        }
    }
    if let Some(in_use) = take::keep(call, key, &gate, &found, member, answer) {
        wake::supersede(call, &awaited, id.bytes);
        return Ok(Reply::ints([1, in_use as i64, 0]));
    }
    let ahead = awaited.map_or(0, |name| wake::ahead(&name, id.bytes)) as i64;
    let in_use = found.in_use as i64;
    let asked = || {
        let name = call.name(Family::Gate, key);
        let limit = (ask.limit > 0).then(|| (name.clone(), ask.limit));
        Asked {
            limits: limit.into_iter().collect(),
            wants: Wants::one(name, ask.limit == 0),
            request: Request {
                id: id.bytes.into(),
                lease: Span::new(ask.lease),
                delay: Span::new(Millis::ZERO),
            },
            preference: None,
            charges: Vec::new(),
        }
    };
    let replies = Replies {
        queued: Reply::ints([2, in_use, ahead]),
        too_many: Reply::ints([-1, in_use, ahead]),
    };
    let waits = clause.wish(call, asked, replies);
    if !waits {
        take::count_refusal(room);
    }
    Ok(Reply::ints([0, in_use, ahead]))
}

/// What a waiter is answered whose wait has ended without a grant.
pub(crate) fn refusal(call: &Call<'_>, key: &RedisString) -> Result<Reply, Error> {
    let gate = Stored::open(call, key, Access::Read)?;
    Ok(Reply::ints([0, gate.look()?.in_use as i64, 0]))
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
