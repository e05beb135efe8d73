//! `QGATE.ADMIT`: a slot of every gate of one list and of one of another, within rates, together or not at all; now or
//! after a wait.

mod ask;
mod gates;

use super::attempt;
use super::stored::Stored;
use super::take::{self, Obstacle, Order, Takeable};
use crate::args::{Args, Word};
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::ffi::{context, positions};
use crate::line::hall::{Asked, Preference, Request, Span};
use crate::line::name::Family;
use crate::line::plan::Wants;
use crate::rate::bucket::{Charge, Room};
use crate::reply::Reply;
use crate::time::Millis;
use crate::wait::{self, Replies};
use crate::{rate, stats, trie, wake};
use ask::{Ask, Wish};
use gates::Gates;

pub(crate) const DOC: Doc = Doc {
    name: c"qgate.admit",
    summary: c"Takes a slot of all of some gates and of one of others, together or not at all. Replies [status, index, in-use, ahead, blocking-key].",
    complexity: c"O(G log N) with G gates of N members",
    arity: -7,
    keys: Keys::Parsed,
    args: &[
        Arg::string(c"member"),
        Arg::EXPIRATION,
        Arg::block(
            c"all",
            c"ALL",
            &[Arg::integer(c"numgates"), ask::GATE.multiple()],
        )
        .optional(),
        Arg::block(
            c"any",
            c"ANY",
            &[Arg::integer(c"numgates"), ask::GATE.multiple()],
        )
        .optional(),
        Arg::integer(c"priority").after(c"PRIORITY").multiple().optional(),
        ask::PREFERENCE,
        Arg::integer(c"patience-ms").after(c"PATIENCE").optional(),
        ask::RATES,
        wait::PATIENCE,
        wait::QUEUE,
        wait::FLOW,
        wait::WEIGHT,
        wait::WAITED,
    ],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    if positions::are_asked_for(ctx) {
        return positions::name(ctx, argv.words, keys);
    }
    call::run("qgate.admit", ctx, argv, admit);
}

/// The keys that a call names, with what it does to them.
fn keys(args: Args<'_>) -> Vec<(Word<'_>, Access)> {
    Ask::parse(args).map_or(Vec::new(), |ask| ask.keys().collect())
}

fn admit(call: &Call<'_>, args: Args<'_>) -> Result<Reply, Error> {
    let ask = Ask::parse(args)?;
    ask.clause.check(call, call.string(ask.first_key()))?;
    let gates = Gates::of(call, &ask);
    let preferred = preferred(call, &ask)?;
    if wake::somebody_waits() && move_lines(call, &ask, &gates)? {
        return Ok(Reply::Nil);
    }
    let member = call.string(ask.member);
    // Who would wait for the gate it prefers does not take another before that, unless it has it already.
    let may_insist = ask.patience > Millis::ZERO && ask.clause.waits(call);
    let insists = match preferred.filter(|_| may_insist) {
        Some(index) if !take::holds_any(call, member, &gates.any)? => Some(index),
        _ => None,
    };
    let order = Order {
        member,
        lease: ask.lease,
        all: &gates.all,
        any: insists.map_or(&gates.any, |index| &gates.any[index..=index]),
        preferred,
        about: None,
    };
    let looked = take::look(call, &order)?;
    let mut charges = charges(call, &ask);
    let short = rate::charge::refused(call, &charges)?;
    // Nothing fails any more.
    gates.name_limits();
    if !is_charged(call, &ask, &gates, looked.as_ref().ok()) {
        charges.clear();
    } else if let Some((index, room)) = short {
        stats::QGATE_REFUSED_RATE.add();
        return Ok(short_of(&charges[index], room));
    }
    match looked {
        Ok(takeable) => {
            rate::charge::take(call, &charges);
            let taken = takeable.take(call);
            let keys = gates.each().filter_map(|gate| gate.key.as_ref());
            wake::supersede(call, keys, ask.member.bytes);
            let index = taken.index.map_or(-1, |index| index as i64);
            Ok(granted(index, taken.in_use as i64))
        }
        Err(obstacle) => {
            let preference = preferred.map(|index| Preference {
                index,
                insists_until: insists.map(|_| call.now().plus(ask.patience)),
            });
            let asked = || Asked {
                wants: gates.wants(call),
                limits: gates.limits(call),
                request: Request {
                    id: ask.member.bytes.into(),
                    lease: Span::new(ask.lease),
                    delay: Span::new(Millis::ZERO),
                },
                preference,
                charges,
            };
            Ok(refuse(call, &ask, &obstacle, asked))
        }
    }
}

/// Whether a call costs anything: not if it asks for what it has, is charged for its wait already, or does not wait.
fn is_charged(
    call: &Call<'_>,
    ask: &Ask<'_>,
    gates: &Gates<'_>,
    takeable: Option<&Takeable<'_>>,
) -> bool {
    match takeable {
        _ if ask.rates.is_empty() => false,
        Some(takeable) => !takeable.is_held(),
        None => ask.clause.waits(call) && !wake::is_charged(&gates.wants(call), ask.member.bytes),
    }
}

fn charges(call: &Call<'_>, ask: &Ask<'_>) -> Vec<Charge> {
    if ask.rates.is_empty() {
        return Vec::new();
    }
    let db = context::db(call.ctx);
    let charges = ask.rates.iter().map(|words| Charge {
        db,
        key: words.key.bytes.into(),
        rate: words.rate,
        cost: words.cost,
    });
    charges.collect()
}

fn short_of(charge: &Charge, room: Room) -> Reply {
    let retry_after = match room {
        Room::Now => 0,
        Room::In(span) => span.get(),
        Room::Never => -1,
    };
    Reply::Array(vec![
        Reply::Int(-2),
        Reply::Int(retry_after),
        Reply::Int(0),
        Reply::Int(0),
        Reply::Bytes(charge.key.to_vec()),
    ])
}

/// Whether a limit governs from now on that may let waiters through: then they go first. Every key is looked at before.
fn move_lines(call: &Call<'_>, ask: &Ask<'_>, gates: &Gates<'_>) -> Result<bool, Error> {
    let limited = gates.each().filter(|gate| gate.limit > 0);
    let others = limited.filter_map(|gate| {
        let key = gate.key.as_ref()?;
        wake::is_other_limit(key, gate.limit).then_some((gate, key))
    });
    let others: Vec<_> = others.collect();
    if others.is_empty() {
        return Ok(false);
    }
    refuse_foreign(call, ask)?;
    for (gate, key) in others {
        wake::name_limit(key, gate.limit);
        call.freed(Family::Gate, gate.name);
    }
    call.again();
    Ok(true)
}

fn refuse_foreign(call: &Call<'_>, ask: &Ask<'_>) -> Result<(), Error> {
    for gate in ask.all.iter().chain(&ask.any) {
        Stored::open(call, call.string(gate.key), Access::Read)?.look()?;
    }
    for rate in &ask.rates {
        rate::stored::Stored::open(call, call.string(rate.key), rate.rate, Access::Read)?;
    }
    Ok(())
}

/// The index of the gate that the caller would rather have.
fn preferred(call: &Call<'_>, ask: &Ask<'_>) -> Result<Option<usize>, Error> {
    let name = match &ask.wish {
        None => return Ok(None),
        Some(Wish::Prefer(index)) => return Ok(Some(*index)),
        Some(Wish::Affinity { trie, chain }) => trie::find::value(call, call.string(*trie), chain)?,
    };
    let gates = ask.any.iter();
    Ok(name.and_then(|name| gates.clone().position(|gate| *gate.key.bytes == *name)))
}

fn refuse(
    call: &Call<'_>,
    ask: &Ask<'_>,
    obstacle: &Obstacle<'_>,
    asked: impl FnOnce() -> Asked,
) -> Reply {
    let key = call.name(Family::Gate, obstacle.gate().name);
    let ahead = wake::ahead(&key, ask.member.bytes) as i64;
    let reply = |status| refused(status, obstacle, ahead);
    let replies = Replies {
        queued: reply(2),
        too_many: reply(-1),
    };
    if !ask.clause.wish(call, asked, replies) {
        take::count_refusal(obstacle.room);
    }
    reply(0)
}

pub(super) fn granted(index: i64, in_use: i64) -> Reply {
    Reply::Array(vec![
        Reply::Int(1),
        Reply::Int(index),
        Reply::Int(in_use),
        Reply::Int(0),
        Reply::Nil,
    ])
}

fn refused(status: i64, obstacle: &Obstacle<'_>, ahead: i64) -> Reply {
    Reply::Array(vec![
        Reply::Int(status),
        Reply::Int(-1),
        Reply::count(obstacle.in_use()),
        Reply::Int(ahead),
        Reply::Bytes(obstacle.gate().name.as_slice().to_vec()),
    ])
}

/// What a waiter is answered whose wait has ended without a grant.
pub(crate) fn refusal(call: &Call<'_>, wants: &Wants, request: &Request) -> Result<Reply, Error> {
    attempt::obstacle(call, wants, request, |obstacle| match obstacle {
        Some(obstacle) => refused(0, obstacle, 0),
        // It could be had this very moment, but it is not waited for any more.
        None => Reply::Array(vec![
            Reply::Int(0),
            Reply::Int(-1),
            Reply::Int(0),
            Reply::Int(0),
            Reply::Nil,
        ]),
    })
}
