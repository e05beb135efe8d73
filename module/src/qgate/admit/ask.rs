//! The words of `QGATE.ADMIT`. Pure: the same reading says what to do, which keys are named, and on which channel.

use hashbrown::HashSet;

use crate::args::{Args, Word};
use crate::error::{Error, Escaped};
use crate::ffi::docs::Arg;
use crate::ffi::key::Access;
use crate::rate::bucket::{MAX_TOKENS, Rate};
use crate::time::{MAX_SPAN, Millis};
use crate::trie::chain::Chain;
use crate::wait::Clause;

const MAX_ALL: i64 = 64;
const MAX_ANY: i64 = 1_000;
const MAX_RATES: i64 = 64;
const MAX_LIMIT: i64 = 1_000_000;
const MAX_PRIORITY: i64 = 1_000_000;
const MAX_PATIENCE: i64 = 86_400_000;

pub(super) const GATE: Arg = Arg::block_of(c"gate", &[Arg::key(c"key"), Arg::integer(c"limit")]);

pub(super) const RATES: Arg = Arg::block(
    c"rates",
    c"RATES",
    &[
        Arg::integer(c"numrates"),
        Arg::block_of(
            c"rate",
            &[
                Arg::key(c"key"),
                Arg::integer(c"burst"),
                Arg::integer(c"rate"),
                Arg::integer(c"per-ms"),
                Arg::integer(c"cost"),
            ],
        )
        .multiple(),
    ],
)
.optional();

pub(super) const PREFERENCE: Arg = Arg::one_of(
    c"preference",
    &[
        Arg::string(c"key").after(c"PREFER"),
        Arg::block(
            c"affinity",
            c"AFFINITY",
            &[Arg::key(c"trie-key"), Arg::string(c"chain")],
        ),
    ],
)
.optional();

#[derive(Clone, Copy, Debug)]
pub(super) struct GateWords<'a> {
    pub(super) key: Word<'a>,
    /// 0 for none.
    pub(super) limit: usize,
    pub(super) priority: i64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct RateWords<'a> {
    pub(super) key: Word<'a>,
    pub(super) rate: Rate,
    pub(super) cost: u64,
}

/// Which gate the caller would rather have.
#[derive(Debug)]
pub(super) enum Wish<'a> {
    Prefer(usize),
    /// The one that a trie holds for the conversation.
    Affinity {
        trie: Word<'a>,
        chain: Chain<'a>,
    },
}

#[derive(Debug)]
pub(super) struct Ask<'a> {
    pub(super) member: Word<'a>,
    pub(super) lease: Millis,
    pub(super) all: Vec<GateWords<'a>>,
    pub(super) any: Vec<GateWords<'a>>,
    pub(super) wish: Option<Wish<'a>>,
    pub(super) patience: Millis,
    pub(super) rates: Vec<RateWords<'a>>,
    pub(super) clause: Clause<'a>,
}

/// What stands in the line, before it is known to fit together.
#[derive(Default)]
struct Parts<'a> {
    lease: Option<Millis>,
    all: Option<Vec<GateWords<'a>>>,
    any: Option<Vec<GateWords<'a>>>,
    priorities: Option<Vec<i64>>,
    /// By `PREFER`.
    preferred: Option<Word<'a>>,
    affinity: Option<(Word<'a>, Chain<'a>)>,
    patience: Option<(Word<'a>, Millis)>,
    rates: Option<Vec<RateWords<'a>>>,
    clause: Clause<'a>,
}

impl<'a> Ask<'a> {
    pub(super) fn parse(mut args: Args<'a>) -> Result<Self, Error> {
        let member = args.id("member")?;
        let mut parts = Parts::default();
        while let Some(option) = args.word() {
            parts.take(option, &mut args)?;
        }
        parts.fit(member)
    }

    /// All keys, with what is done to them.
    pub(super) fn keys(&self) -> impl Iterator<Item = (Word<'a>, Access)> {
        let gates = self.all.iter().chain(&self.any);
        let rates = self.rates.iter().map(|rate| rate.key);
        let changed = gates.map(|gate| gate.key).chain(rates);
        let trie = match &self.wish {
            Some(Wish::Affinity { trie, .. }) => Some((*trie, Access::Read)),
            Some(Wish::Prefer(_)) | None => None,
        };
        changed.map(|key| (key, Access::Write)).chain(trie)
    }

    pub(super) fn first_key(&self) -> Word<'a> {
        let mut gates = self.all.iter().chain(&self.any);
        gates.next().map_or(self.member, |gate| gate.key)
    }
}

impl<'a> Parts<'a> {
    fn take(&mut self, option: Word<'a>, args: &mut Args<'a>) -> Result<(), Error> {
        if option.is("ALL") {
            option.once(&mut self.all, gates("ALL", MAX_ALL, args)?)?;
        } else if option.is("ANY") {
            option.once(&mut self.any, gates("ANY", MAX_ANY, args)?)?;
        } else if option.is("PRIORITY") {
            let priorities = args.integers("PRIORITY", -MAX_PRIORITY, MAX_PRIORITY)?;
            option.once(&mut self.priorities, priorities)?;
        } else if option.is("PREFER") {
            self.refuse_second_wish(option)?;
            self.preferred = Some(args.value("PREFER")?);
        } else if option.is("AFFINITY") {
            self.refuse_second_wish(option)?;
            let trie = args.value("AFFINITY")?;
            let chain = Chain::parse("chain", args.value("AFFINITY")?.bytes)?;
            self.affinity = Some((trie, chain));
        } else if option.is("RATES") {
            option.once(&mut self.rates, rates(args)?)?;
        } else if option.is("PATIENCE") {
            let ms = Millis::new(args.integer("PATIENCE", 0, MAX_PATIENCE)?);
            option.once(&mut self.patience, (option, ms))?;
        } else if !self.clause.take(option, args)? {
            args.lease(option, &mut self.lease)?;
        }
        Ok(())
    }

    fn refuse_second_wish(&self, option: Word<'a>) -> Result<(), Error> {
        if self.preferred.is_some() || self.affinity.is_some() {
            return Err(option.unexpected());
        }
        Ok(())
    }

    fn fit(self, member: Word<'a>) -> Result<Ask<'a>, Error> {
        let (all, mut any) = (self.all.unwrap_or_default(), self.any.unwrap_or_default());
        if all.is_empty() && any.is_empty() {
            return Err(Error::Missing {
                option: "ALL or ANY",
            });
        }
        if let Some(priorities) = self.priorities {
            if priorities.len() != any.len() {
                return Err(Error::Priorities);
            }
            for (gate, priority) in any.iter_mut().zip(priorities) {
                gate.priority = priority;
            }
        }
        let wish = match (self.preferred, self.affinity) {
            (Some(key), _) => {
                let index = any.iter().position(|gate| gate.key.bytes == key.bytes);
                Some(Wish::Prefer(index.ok_or(Error::NotAmongAny)?))
            }
            (None, Some((trie, chain))) => Some(Wish::Affinity { trie, chain }),
            (None, None) => None,
        };
        if let (None, Some((option, _))) = (&wish, self.patience) {
            return Err(option.unexpected());
        }
        let ask = Ask {
            member,
            lease: self.lease.ok_or(Error::Missing { option: "PX" })?,
            all,
            any,
            wish,
            patience: self.patience.map_or(Millis::ZERO, |(_, patience)| patience),
            rates: self.rates.unwrap_or_default(),
            clause: self.clause,
        };
        refuse_twice(&ask)?;
        Ok(ask)
    }
}

/// `n key limit [key limit …]`
fn gates<'a>(
    option: &'static str,
    most: i64,
    args: &mut Args<'a>,
) -> Result<Vec<GateWords<'a>>, Error> {
    let count = args.integer(option, 1, most)?;
    let mut gates = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    for _ in 0..count {
        let key = args.value(option)?;
        let limit = args.integer("limit", 0, MAX_LIMIT)?;
        gates.push(GateWords {
            key,
            limit: usize::try_from(limit).unwrap_or(0),
            priority: 0,
        });
    }
    Ok(gates)
}

/// `n key burst rate per-ms cost [key burst rate per-ms cost …]`
fn rates<'a>(args: &mut Args<'a>) -> Result<Vec<RateWords<'a>>, Error> {
    let count = args.integer("RATES", 1, MAX_RATES)?;
    let rates = (0..count).map(|_| {
        let key = args.value("RATES")?;
        let burst = args.integer("burst", 1, MAX_TOKENS)?;
        let tokens = args.integer("rate", 1, MAX_TOKENS)?;
        let per_ms = args.integer("per-ms", 1, MAX_SPAN.get())?;
        let cost = args.integer("cost", 0, MAX_TOKENS)?;
        Ok(RateWords {
            key,
            rate: Rate::new(burst, tokens, per_ms)?,
            cost: cost.unsigned_abs(),
        })
    });
    rates.collect()
}

fn refuse_twice(ask: &Ask<'_>) -> Result<(), Error> {
    let mut seen = HashSet::with_capacity(ask.all.len() + ask.any.len() + ask.rates.len() + 1);
    let twice = ask.keys().find(|(key, _)| !seen.insert(key.bytes));
    twice.map_or(Ok(()), |(key, _)| {
        Err(Error::KeyTwice(Escaped::new(key.bytes)))
    })
}
