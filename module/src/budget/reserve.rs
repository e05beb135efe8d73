//! `BUDGET.RESERVE`: reserves a cost in one budget or in several, in all or in none.

use super::clause::{self, Budgets, Named, keys};
use super::ledger::{Claim, Refusal, live};
use super::record::{MAX_AMOUNT, Record, Reservation};
use super::stored::{Field, Stored};
use super::sums::end_of;
use crate::args::{Args, Word};
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::ffi::positions;
use crate::reply::Reply;
use crate::time::Millis;
use crate::{events, stats};

pub(crate) const DOC: Doc = Doc {
    name: c"budget.reserve",
    summary: c"Reserves a cost in budgets, in all or in none. Replies [status, spent, reserved, refusing key].",
    complexity: c"O(B) with B budgets",
    arity: -9,
    keys: Keys::Parsed,
    args: &[
        clause::KEY,
        Arg::string(c"member"),
        Arg::integer(c"cost").after(c"COST"),
        Arg::EXPIRATION,
        clause::LIMIT,
        clause::UNTIL,
        Arg::block_of(
            c"more",
            &[clause::AND, clause::KEY, clause::LIMIT, clause::UNTIL],
        )
        .optional()
        .multiple(),
    ],
};

/// What the first number of the reply says.
const RESERVED: i64 = 1;
const FULL: i64 = 0;
const SETTLED: i64 = -1;

struct Ask<'a> {
    member: Word<'a>,
    cost: u64,
    lease: Millis,
    /// Each has a limit.
    budgets: Vec<Named<'a>>,
}

/// A budget that was looked at.
struct Looked<'a> {
    named: &'a Named<'a>,
    stored: Stored<'a>,
    before: Option<Record>,
    answer: Result<Reservation, Refusal>,
}

impl<'a> Ask<'a> {
    fn parse(mut args: Args<'a>) -> Result<Self, Error> {
        let mut budgets = Budgets::first(&mut args)?;
        let member = args.id("member")?;
        let (mut cost, mut lease) = (None, None);
        while let Some(option) = args.word() {
            if option.is("COST") {
                option.once(&mut cost, args.integer("COST", 0, MAX_AMOUNT)?)?;
            } else if option.is("LIMIT") {
                budgets.limit(option, &mut args)?;
            } else if !budgets.take(option, &mut args)? {
                args.lease(option, &mut lease)?;
            }
        }
        let cost = cost.ok_or(Error::Missing { option: "COST" })?;
        let lease = lease.ok_or(Error::Missing { option: "PX" })?;
        let budgets = budgets.finish()?;
        budgets
            .iter()
            .try_for_each(|named| named.limit().map(drop))?;
        Ok(Self {
            member,
            cost: cost.unsigned_abs(),
            lease,
            budgets,
        })
    }
}

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    if positions::are_asked_for(ctx) {
        return positions::name(ctx, argv.words, |args| {
            Ask::parse(args).map_or(Vec::new(), |ask| keys(&ask.budgets))
        });
    }
    call::run("budget.reserve", ctx, argv, reserve);
}

fn reserve(call: &Call<'_>, args: Args<'_>) -> Result<Reply, Error> {
    let ask = Ask::parse(args)?;
    let field = Field::of(ask.member);
    let end = end_of(ask.lease, call.now());
    // All of them are looked at, and so checked, before the first one is written.
    let looked = ask.budgets.iter().map(|named| {
        let claim = Claim {
            limit: named.limit()?,
            cost: ask.cost,
            end,
        };
        look(call, named, &field, claim)
    });
    let mut looked = looked.collect::<Result<Vec<_>, _>>()?;
    for budget in &looked {
        if let Err(refusal) = budget.answer {
            stats::BUDGET_REFUSED.add();
            let status = match refusal {
                Refusal::Full => FULL,
                Refusal::Settled => SETTLED,
            };
            let key = Reply::Bytes(budget.named.key.bytes.to_vec());
            return Ok(budget.reply(status, key));
        }
    }
    for budget in &mut looked {
        budget.reserve(call, &field);
    }
    Ok(looked[0].reply(RESERVED, Reply::Nil))
}

fn look<'a>(
    call: &'a Call<'_>,
    named: &'a Named<'a>,
    field: &Field,
    claim: Claim,
) -> Result<Looked<'a>, Error> {
    let stored = Stored::open(call, call.string(named.key), Access::Write)?;
    let before = stored.record(field)?;
    let answer = stored.ledger.claim(before, claim);
    Ok(Looked {
        named,
        stored,
        before,
        answer,
    })
}

impl Looked<'_> {
    /// What was found to be possible; nothing when the member has it already.
    fn reserve(&mut self, call: &Call<'_>, field: &Field) {
        let held = live(self.before);
        let Some(new) = self.answer.ok().filter(|new| held != Some(*new)) else {
            return;
        };
        self.stored
            .reserve(field, self.before, new, self.named.until);
        events::ours(call.ctx, c"budget.reserve", call.string(self.named.key));
        match held {
            Some(_) => stats::BUDGET_CHANGED.add(),
            None => stats::BUDGET_RESERVED.add(),
        }
    }

    fn reply(&self, status: i64, key: Reply) -> Reply {
        let ledger = &self.stored.ledger;
        Reply::Array(vec![
            Reply::Int(status),
            Reply::Int(ledger.spent),
            Reply::sum(ledger.reserved.amount()),
            key,
        ])
    }
}
