//! What is added to which counter, and what comes of it. Pure.

use crate::args::{Args, Word};
use crate::error::{Error, Escaped};
use crate::integer;

const MAX_INCREMENTS: i64 = 64;

#[derive(Clone, Copy, Debug)]
pub(super) struct Increment<'a> {
    pub(super) hash: Word<'a>,
    pub(super) field: Word<'a>,
    by: i64,
}

impl<'a> Increment<'a> {
    /// `n hash-key field increment …`; those of one counter stand together, in their order. Where there are none,
    /// something else follows: the arity has promised so many words.
    pub(super) fn read_all(args: &mut Args<'a>) -> Result<Vec<Self>, Error> {
        let count = args.integer("n", 0, MAX_INCREMENTS)?;
        let increments = (0..count).map(|_| Self::read(args));
        let mut increments = increments.collect::<Result<Vec<_>, _>>()?;
        increments.sort_by_key(|one| (one.hash.bytes, one.field.bytes));
        Ok(increments)
    }

    fn read(args: &mut Args<'a>) -> Result<Self, Error> {
        Ok(Self {
            hash: args.fixed("hash-key")?,
            field: args.id("field")?,
            by: args.integer("increment", i64::MIN, i64::MAX)?,
        })
    }

    pub(super) fn is_of_hash_of(&self, other: &Self) -> bool {
        self.hash.bytes == other.hash.bytes
    }

    /// Of two increments of one hash.
    pub(super) fn is_of_counter_of(&self, other: &Self) -> bool {
        self.field.bytes == other.field.bytes
    }
}

/// What a counter holds after increments, all of it, one after the other. `None`: it is not there yet.
pub(super) fn sum(stored: Option<&[u8]>, increments: &[Increment<'_>]) -> Result<i64, Error> {
    let name = |one: &Increment<'_>| Escaped::new(one.field.bytes);
    let mut sum = 0;
    if let (Some(text), [first, ..]) = (stored, increments) {
        sum = integer::exact(text).ok_or_else(|| Error::NotACounter(name(first)))?;
    }
    increments.iter().try_fold(sum, |sum, one| {
        sum.checked_add(one.by)
            .ok_or_else(|| Error::Overflow(name(one)))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::{btree_map, vec};
    use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

    use super::{Increment, sum};
    use crate::args::Args;
    use crate::error::Error;

    type Counter = (String, String);
    type Counters = BTreeMap<Counter, String>;

    /// As they come, each on its own, and the first refusal ends it: what `HINCRBY` does in a transaction that can be undone.
    fn one_by_one(mut counters: Counters, asked: &[(Counter, i64)]) -> Option<Counters> {
        for (counter, by) in asked {
            let text = counters.entry(counter.clone()).or_insert("0".to_owned());
            let value: i128 = text.parse().ok()?;
            let value = i64::try_from(value + i128::from(*by)).ok()?;
            *text = value.to_string();
        }
        Some(counters)
    }

    fn together(mut counters: Counters, asked: &[(Counter, i64)]) -> Result<Counters, Error> {
        let mut words = vec!["tally.add".to_owned(), asked.len().to_string()];
        for ((hash, field), by) in asked {
            words.extend([hash.clone(), field.clone(), by.to_string()]);
        }
        let words: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
        let increments = Increment::read_all(&mut Args::new("tally.add", &words))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        for of_hash in increments.chunk_by(Increment::is_of_hash_of) {
            for of_counter in of_hash.chunk_by(Increment::is_of_counter_of) {
                let first = of_counter[0];
                let counter = (text(first.hash.bytes), text(first.field.bytes));
                let stored = counters.get(&counter).map(String::as_bytes);
                counters.insert(counter, sum(stored, of_counter)?.to_string());
            }
        }
        Ok(counters)
    }

    fn counter() -> impl Strategy<Value = Counter> {
        let name = || prop_oneof![Just("a".to_owned()), Just("b".to_owned())];
        (name(), name())
    }

    proptest! {
        #[test]
        fn increments_together_are_increments_one_by_one(
            before in btree_map(
                counter(),
                prop_oneof![any::<i64>().prop_map(|value| value.to_string()), Just("1.5".to_owned())],
                0..3,
            ),
            asked in vec(
                (counter(), prop_oneof![any::<i64>(), -9_i64..9, Just(i64::MAX), Just(i64::MIN)]),
                1..9,
            ),
        ) {
            let expected = one_by_one(before.clone(), &asked);
            assert_eq!(together(before, &asked).ok(), expected);
        }
    }

    #[test]
    fn a_refusal_names_the_field() {
        let words = ["c", "1", "h", "f", "1"].map(str::as_bytes);
        let one = Increment::read_all(&mut Args::new("c", &words)).expect("it can be read");
        for (stored, line) in [
            (
                "9223372036854775807",
                "ERR increment or decrement would overflow: field 'f'",
            ),
            ("01", "ERR hash value is not an integer: field 'f'"),
            ("", "ERR hash value is not an integer: field 'f'"),
        ] {
            let refused = sum(Some(stored.as_bytes()), &one).expect_err("refused");
            assert_eq!(refused.to_string(), line);
        }
    }
}
