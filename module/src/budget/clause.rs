//! `key … [UNTIL unix-ms] [AND key … [UNTIL unix-ms] …]`: the budgets that a command names, of which it does the same
//! in all or in none.

use super::record::MAX_AMOUNT;
use crate::args::{Args, Word};
use crate::error::{Error, Escaped};
use crate::ffi::docs::Arg;
use crate::ffi::key::Access;
use crate::time::UnixMillis;

/// The end of the year 9999.
const LAST: i64 = 253_402_300_799_999;

/// A budget as a command names it.
#[derive(Debug)]
pub(super) struct Named<'a> {
    pub(super) key: Word<'a>,
    limit: Option<u64>,
    /// Until when the budget counts; `None`: without end.
    pub(super) until: Option<UnixMillis>,
}

/// At least one, in the order in which they stand.
#[derive(Debug)]
pub(super) struct Budgets<'a>(Vec<Named<'a>>);

pub(super) const KEY: Arg = Arg::key(c"key");
pub(super) const LIMIT: Arg = Arg::integer(c"limit").after(c"LIMIT");
pub(super) const UNTIL: Arg = Arg::integer(c"unix-ms").after(c"UNTIL").optional();
pub(super) const AND: Arg = Arg::flag(c"and", c"AND");

impl<'a> Budgets<'a> {
    /// The first one, which has a fixed place.
    pub(super) fn first(args: &mut Args<'a>) -> Result<Self, Error> {
        args.fixed("key").map(|key| Self(vec![Named::new(key)]))
    }

    /// Takes an option if it names another budget, or says something of the last one. `false`: it does not.
    pub(super) fn take(&mut self, option: Word<'a>, args: &mut Args<'a>) -> Result<bool, Error> {
        if option.is("AND") {
            self.0.push(Named::new(args.value("AND")?));
        } else if option.is("UNTIL") {
            let until = UnixMillis::new(args.integer("UNTIL", 1, LAST)?);
            option.once(&mut self.last().until, until)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// `LIMIT n` of the last one.
    pub(super) fn limit(&mut self, option: Word<'a>, args: &mut Args<'a>) -> Result<(), Error> {
        let limit = args.integer("LIMIT", 0, MAX_AMOUNT)?.unsigned_abs();
        option.once(&mut self.last().limit, limit)
    }

    /// All of them, none of which may be named twice.
    pub(super) fn finish(self) -> Result<Vec<Named<'a>>, Error> {
        let mut keys: Vec<&[u8]> = self.0.iter().map(|named| named.key.bytes).collect();
        keys.sort_unstable();
        match keys.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(twice) => Err(Error::KeyTwice(Escaped::new(twice[0]))),
            None => Ok(self.0),
        }
    }

    fn last(&mut self) -> &mut Named<'a> {
        self.0.last_mut().expect("there is a first one")
    }
}

impl<'a> Named<'a> {
    fn new(key: Word<'a>) -> Self {
        Self {
            key,
            limit: None,
            until: None,
        }
    }

    /// Of a command that cannot do without.
    pub(super) fn limit(&self) -> Result<u64, Error> {
        self.limit.ok_or(Error::Missing { option: "LIMIT" })
    }
}

/// For whoever asks which words are keys.
pub(super) fn keys<'a>(budgets: &[Named<'a>]) -> Vec<(Word<'a>, Access)> {
    let keys = budgets.iter();
    keys.map(|named| (named.key, Access::Write)).collect()
}
