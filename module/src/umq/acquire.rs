//! `UMQ.ACQUIRE`: take the turn if it is free and the spacing has passed.

use redis_module::{Context, RedisResult, RedisString};

use super::stored::Stored;
use super::turn::{Answer, Ask};
use crate::args::Args;
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::reply::Reply;
use crate::time::Millis;
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
    ],
};

pub(crate) fn command(context: &Context, argv: Vec<RedisString>) -> RedisResult {
    call::run("umq.acquire", context, &argv, acquire)
}

/// `wait-ms` of a turn that somebody holds: nobody can say how long.
const UNKNOWN: i64 = -1;

fn acquire(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let ask = parse(&mut args)?;
    let stored = Stored::open(call, key, Access::Write)?;
    let (status, wait, token) = match stored.turn()?.ask(ask, call.tick(), call.now()) {
        Answer::Granted(turn) => {
            stored.save(&turn);
            events::ours(call.ctx, c"umq.grant", key);
            stats::UMQ_GRANTS.add();
            (1, 0, turn.token())
        }
        Answer::Extended(turn) => {
            stored.save(&turn);
            stats::UMQ_EXTENSIONS.add();
            (1, 0, turn.token())
        }
        Answer::Held => {
            stats::UMQ_REFUSED_HELD.add();
            (0, UNKNOWN, 0)
        }
        Answer::TooEarly { wait } => {
            stats::UMQ_REFUSED_EARLY.add();
            (0, wait.get(), 0)
        }
    };
    Ok(Reply::ints([status, wait, token, 0]))
}

fn parse<'a>(args: &mut Args<'a>) -> Result<Ask<'a>, Error> {
    let id = args.id("request-id")?;
    let (mut lease, mut delay) = (None, None);
    while let Some(option) = args.word() {
        if option.is("DELAY") {
            args.delay(option, &mut delay)?;
        } else {
            args.lease(option, &mut lease)?;
        }
    }
    Ok(Ask {
        id: id.bytes,
        lease: lease.ok_or(Error::Missing { option: "PX" })?,
        delay: delay.unwrap_or(Millis::ZERO),
    })
}
