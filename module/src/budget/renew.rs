//! `BUDGET.RENEW`: the leases of these members' reservations end a stated time from now.

use super::ledger::live;
use super::record::Reservation;
use super::stored::{Field, Stored};
use super::sums::end_of;
use crate::args::Args;
use crate::call::{self, Call};
use crate::error::Error;
use crate::ffi::Ctx;
use crate::ffi::command::Argv;
use crate::ffi::docs::{Arg, Doc, Keys};
use crate::ffi::key::Access;
use crate::reply::Reply;
use crate::stats;

pub(crate) const DOC: Doc = Doc {
    name: c"budget.renew",
    summary: c"Sets the end of reservations' leases. Replies 1 per member, or 0 for one that has no reservation.",
    complexity: c"O(M log M) with M members named",
    arity: -5,
    keys: Keys::Change,
    args: &[
        Arg::key(c"key"),
        Arg::EXPIRATION,
        Arg::string(c"member").multiple(),
    ],
};

pub(crate) fn command(ctx: Ctx, argv: Argv<'_>) {
    call::run("budget.renew", ctx, argv, renew);
}

fn renew(call: &Call<'_>, mut args: Args<'_>) -> Result<Reply, Error> {
    let key = call.string(args.fixed("key")?);
    let end = end_of(args.fixed_lease()?, call.now());
    let members = args.ids("member")?;
    let mut budget = Stored::open(call, key, Access::Write)?;
    // Whoever is named twice is renewed once.
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|at| members[*at].bytes);
    let (mut replies, mut renewals) = (vec![Reply::Int(0); members.len()], Vec::new());
    for same in order.chunk_by(|one, other| members[*one].bytes == members[*other].bytes) {
        let field = Field::of(members[same[0]]);
        let Some(held) = live(budget.record(&field)?) else {
            continue;
        };
        same.iter().for_each(|at| replies[*at] = Reply::Int(1));
        stats::BUDGET_RENEWALS.add();
        if held.end != end {
            renewals.push((field, held, Reservation { end, ..held }));
        }
    }
    budget.renew(&renewals);
    Ok(Reply::Array(replies))
}
