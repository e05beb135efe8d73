//! `UMQ.ACQUIRE`: take the turn when it is free and the spacing has passed, now or after a wait.

use redis_module::RedisString;

use super::stored::Stored;
use super::turn::{Answer, Ask};
use crate::args::Args;
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::ffi::string;
use crate::line::hall::{Asked, Request, Span};
use crate::line::name::{Family, KeyName};
use crate::line::plan::Wants;
use crate::reply::Reply;
use crate::time::Millis;
use crate::wait::{self, Clause, Replies};
use crate::wake::{self, Attempt, Grant, Mark, Next};
use crate::{events, stats};

pub(crate) const DOC: Doc = Doc {
    name: c"umq.acquire",
    summary: c"Takes the turn of a key, or says why not. Replies [status, wait-ms, token, ahead].",
    complexity: c"O(1)",
    arity: -5,
    keys: Keys::Change,
    args: &[
        Arg::key(c"key"),
        Arg::string(c"request-id"),
        Arg::EXPIRATION,
        Arg::integer(c"delay-ms").after(c"DELAY").optional(),
        wait::PATIENCE,
        wait::QUEUE,
        wait::FLOW,
        wait::WEIGHT,
        wait::WAITED,
    ],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("umq.acquire", ctx, argv, acquire);
}

/// `wait-ms` of a turn that somebody holds: nobody can say how long.
const UNKNOWN: i64 = -1;

fn acquire(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let (ask, clause) = parse(&mut args)?;
    clause.check(call, key)?;
    let stored = Stored::open(call, key, Access::Write)?;
    let turn = stored.turn()?;
    let awaited = call.awaited(Family::Turn, key);
    let ahead = awaited.as_ref().map_or(0, |key| wake::ahead(key, ask.id));
    let answer = match turn.ask(ask, call.tick(), call.now()) {
        // Nobody overtakes those in line.
        Answer::Granted(_) if awaited.is_some() => Answer::Held,
        Answer::TooEarly { .. } if ahead > 0 => Answer::Held,
        answer => answer,
    };
    let wait = match answer {
        Answer::Granted(turn) | Answer::Extended(turn) => {
            keep(call, key, &stored, answer);
            return Ok(Reply::ints([1, 0, turn.token(), 0]));
        }
        Answer::Held => UNKNOWN,
        Answer::TooEarly { wait } => wait.get(),
    };
    let ahead = ahead as i64;
    let asked = || Asked {
        wants: Wants::one(call.name(Family::Turn, key), false),
        limits: Vec::new(),
        request: Request {
            id: ask.id.into(),
            lease: Span::new(ask.lease),
            delay: Span::new(ask.delay),
        },
        preference: None,
        charges: Vec::new(),
    };
    let replies = Replies {
        queued: Reply::ints([2, wait, 0, ahead]),
        too_many: Reply::ints([-1, UNKNOWN, 0, ahead]),
    };
    let waits = clause.wish(call, asked, replies);
    if !waits {
        count_refusal(answer);
    }
    Ok(Reply::ints([0, wait, 0, ahead]))
}

/// Grants the turn to a waiter, if it can have it now and `hears` of it.
pub(crate) fn attempt(
    call: &Call<'_>,
    name: &KeyName,
    request: &Request,
    hears: impl Fn() -> bool,
) -> Result<Attempt, Error> {
    let key = &string(name.key());
    let stored = Stored::open(call, key, Access::Write)?;
    let turn = stored.turn()?;
    let answer = turn.ask(ask_of(request), call.tick(), call.now());
    Ok(match answer {
        Answer::Granted(_) | Answer::Extended(_) if !hears() => Attempt::Unheard,
        Answer::Granted(turn) | Answer::Extended(turn) => {
            keep(call, key, &stored, answer);
            Attempt::Granted(Grant {
                reply: Reply::ints([1, 0, turn.token(), 0]),
                number: turn.token(),
                mark: matches!(answer, Answer::Granted(_))
                    .then(|| Mark::Token(name.clone(), turn.token())),
                next: Next::NotBefore(Some(turn.lease_end())),
            })
        }
        Answer::Held => Attempt::NotYet(Some(turn.lease_end())),
        Answer::TooEarly { wait } => Attempt::NotYet(Some(call.now().plus(wait))),
    })
}

/// What a waiter is answered whose wait has ended without a grant.
pub(crate) fn refusal(
    call: &Call<'_>,
    key: &RedisString,
    request: &Request,
) -> Result<Reply, Error> {
    let stored = Stored::open(call, key, Access::Read)?;
    let wait = match stored.turn()?.ask(ask_of(request), 0, call.now()) {
        Answer::TooEarly { wait } => wait.get(),
        Answer::Granted(_) | Answer::Extended(_) | Answer::Held => UNKNOWN,
    };
    Ok(Reply::ints([0, wait, 0, 0]))
}

/// Writes and announces a grant or an extension.
fn keep(call: &Call<'_>, key: &RedisString, stored: &Stored<'_>, answer: Answer<'_>) {
    match answer {
        Answer::Granted(turn) => {
            stored.save(&turn);
            events::ours(call.ctx, c"umq.grant", key);
            stats::UMQ_GRANTS.add();
        }
        Answer::Extended(turn) => {
            stored.save(&turn);
            wake::confirm(call, Family::Turn, key, turn.holder().unwrap_or_default());
            stats::UMQ_EXTENSIONS.add();
        }
        Answer::Held | Answer::TooEarly { .. } => {}
    }
}

fn count_refusal(answer: Answer<'_>) {
    match answer {
        Answer::Held => stats::UMQ_REFUSED_HELD.add(),
        Answer::TooEarly { .. } => stats::UMQ_REFUSED_EARLY.add(),
        Answer::Granted(_) | Answer::Extended(_) => {}
    }
}

fn ask_of(request: &Request) -> Ask<'_> {
    Ask {
        id: &request.id,
        lease: request.lease.get(),
        delay: request.delay.get(),
    }
}

fn parse<'a>(args: &mut Args<'a>) -> Result<(Ask<'a>, Clause<'a>), Error> {
    let id = args.id("request-id")?;
    let (mut lease, mut delay, mut clause) = (None, None, Clause::default());
    while let Some(option) = args.word() {
        if option.is("DELAY") {
            args.delay(option, &mut delay)?;
        } else if !clause.take(option, args)? {
            args.lease(option, &mut lease)?;
        }
    }
    let ask = Ask {
        id: id.bytes,
        lease: lease.ok_or(Error::Missing { option: "PX" })?,
        delay: delay.unwrap_or(Millis::ZERO),
    };
    Ok((ask, clause))
}
