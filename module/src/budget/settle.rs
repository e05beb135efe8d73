//! `BUDGET.SETTLE`: books what was really spent, once, and lets the reservation go.

use super::clause::{self, Budgets, Named, keys};
use super::record::{MAX_AMOUNT, Record};
use super::stored::{Field, Settlement, Stored};
use crate::args::{Args, Word};
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::ffi::positions;
use crate::reply::Reply;
use crate::time::{MAX_LEASE, Millis};
use crate::{events, stats};

pub(crate) const DOC: Doc = Doc {
    name: c"budget.settle",
    summary: c"Books what was spent, once per member, and lets its reservation go. \
               Replies in how many budgets it was booked now.",
    complexity: c"O(B) with B budgets",
    arity: -4,
    keys: Keys::Parsed,
    args: &[
        clause::KEY,
        Arg::string(c"member"),
        Arg::integer(c"actual"),
        Arg::integer(c"ms").after(c"KEEP").optional(),
        clause::UNTIL,
        Arg::block_of(c"more", &[clause::AND, clause::KEY, clause::UNTIL])
            .optional()
            .multiple(),
    ],
};

/// For how long a settlement is remembered, unless the caller says.
const DAY: Millis = Millis::new(24 * 3_600_000);

struct Ask<'a> {
    member: Word<'a>,
    actual: u64,
    keep: Millis,
    budgets: Vec<Named<'a>>,
}

/// A budget that was looked at.
struct Looked<'a> {
    named: &'a Named<'a>,
    stored: Stored<'a>,
    before: Option<Record>,
}

impl<'a> Ask<'a> {
    fn parse(mut args: Args<'a>) -> Result<Self, Error> {
        let mut budgets = Budgets::first(&mut args)?;
        let member = args.id("member")?;
        let actual = args.integer("actual", 0, MAX_AMOUNT)?;
        let mut keep = None;
        while let Some(option) = args.word() {
            if option.is("KEEP") {
                let ms = args.integer("KEEP", 1, MAX_LEASE.get())?;
                option.once(&mut keep, Millis::new(ms))?;
            } else if !budgets.take(option, &mut args)? {
                return Err(option.unexpected());
            }
        }
        Ok(Self {
            member,
            actual: actual.unsigned_abs(),
            keep: keep.unwrap_or(DAY),
            budgets: budgets.finish()?,
        })
    }
}

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    if positions::are_asked_for(ctx) {
        return positions::name(ctx, argv.words, |args| {
            Ask::parse(args).map_or(Vec::new(), |ask| keys(&ask.budgets))
        });
    }
    call::run("budget.settle", ctx, argv, settle);
}

fn settle(call: &Call<'_>, args: Args<'_>) -> Result<Reply, Error> {
    let ask = Ask::parse(args)?;
    let field = Field::of(ask.member);
    // All of them are looked at, and so checked, before the first one is written.
    let looked = ask.budgets.iter().map(|named| look(call, named, &field));
    let looked = looked.collect::<Result<Vec<_>, _>>()?;
    let is_settled = |budget: &Looked<'_>| budget.before == Some(Record::Settled);
    let (repeated, new): (Vec<_>, Vec<_>) = looked.into_iter().partition(is_settled);
    stats::BUDGET_REPEATED.add_many(repeated.len());
    let booked = new.len();
    for budget in new {
        budget.settle(call, &field, &ask);
    }
    Ok(Reply::count(booked))
}

fn look<'a>(call: &'a Call<'_>, named: &'a Named<'a>, field: &Field) -> Result<Looked<'a>, Error> {
    let stored = Stored::open(call, call.string(named.key), Access::Write)?;
    let before = stored.record(field)?;
    Ok(Looked {
        named,
        stored,
        before,
    })
}

impl Looked<'_> {
    fn settle(mut self, call: &Call<'_>, field: &Field, ask: &Ask<'_>) {
        let settlement = Settlement {
            actual: ask.actual,
            remembered: call.now().plus(ask.keep),
        };
        let was_reserved = self
            .stored
            .settle(field, self.before, settlement, self.named.until);
        events::ours(call.ctx, c"budget.settle", call.string(self.named.key));
        stats::BUDGET_SETTLED.add();
        if !was_reserved {
            stats::BUDGET_SETTLED_UNRESERVED.add();
        }
    }
}
