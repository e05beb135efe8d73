//! Reads a command's words: fixed arguments first, then options in any order, each once.
//! Pure: it looks at bytes and positions alone. A new option is a method here only when two commands share it.

use crate::error::{Error, Escaped};
use crate::integer;
use crate::time::{MAX_DELAY, MAX_LEASE, MAX_SPAN, Millis};

/// Request ids, members and flows.
const MAX_ID: usize = 512;
const MAX_COUNT: i64 = 10_000;
const DEFAULT_COUNT: usize = 100;

/// One argument: its bytes and where it stands in the line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) index: usize,
}

impl Word<'_> {
    pub(crate) fn is(&self, option: &str) -> bool {
        self.bytes.eq_ignore_ascii_case(option.as_bytes())
    }

    /// The error of a word that stands where the grammar has no place for it.
    pub(crate) fn unexpected(&self) -> Error {
        Error::Unexpected(Escaped::new(self.bytes))
    }

    /// The word itself, if it may name a request, a member or a flow.
    pub(crate) fn checked_id(self, argument: &'static str) -> Result<Self, Error> {
        self.bounded(argument, MAX_ID)
    }

    fn bounded(self, argument: &'static str, max: usize) -> Result<Self, Error> {
        if self.bytes.is_empty() || self.bytes.len() > max {
            return Err(Error::Length { argument, max });
        }
        Ok(self)
    }

    /// Remembers the value of an option that may stand once.
    pub(crate) fn once<T>(&self, slot: &mut Option<T>, value: T) -> Result<(), Error> {
        match slot.replace(value) {
            None => Ok(()),
            Some(_) => Err(self.unexpected()),
        }
    }
}

/// The words of one command that have not been read yet.
#[derive(Debug)]
pub(crate) struct Args<'a> {
    command: &'static str,
    words: &'a [&'a [u8]],
    next: usize,
}

impl<'a> Args<'a> {
    /// `words` begins with the command's own name, and has at least as many words as its arity says.
    pub(crate) fn new(command: &'static str, words: &'a [&'a [u8]]) -> Self {
        Self {
            command,
            words,
            next: 1,
        }
    }

    pub(crate) fn word(&mut self) -> Option<Word<'a>> {
        let bytes = *self.words.get(self.next)?;
        let index = self.next;
        self.next += 1;
        Some(Word { bytes, index })
    }

    /// A fixed argument, which the arity has promised.
    pub(crate) fn fixed(&mut self, argument: &'static str) -> Result<Word<'a>, Error> {
        self.word().ok_or(Error::Missing { option: argument })
    }

    /// The word that follows an option.
    pub(crate) fn value(&mut self, option: &'static str) -> Result<Word<'a>, Error> {
        self.word().ok_or(Error::Valueless { option })
    }

    /// How many words have not been read yet.
    pub(crate) fn left(&self) -> usize {
        self.words.len() - self.next
    }

    pub(crate) fn end(&mut self) -> Result<(), Error> {
        self.word().map_or(Ok(()), |word| Err(word.unexpected()))
    }

    pub(crate) fn text(&mut self, argument: &'static str, max: usize) -> Result<Word<'a>, Error> {
        self.fixed(argument)?.bounded(argument, max)
    }

    pub(crate) fn id(&mut self, argument: &'static str) -> Result<Word<'a>, Error> {
        self.text(argument, MAX_ID)
    }

    /// The ids up to the end of the line, at least one.
    pub(crate) fn ids(&mut self, argument: &'static str) -> Result<Vec<Word<'a>>, Error> {
        let mut ids = vec![self.id(argument)?];
        while self.left() > 0 {
            ids.push(self.id(argument)?);
        }
        Ok(ids)
    }

    /// `numkeys key [key …]` up to the end of the line.
    pub(crate) fn numbered_keys(&mut self) -> Result<Vec<Word<'a>>, Error> {
        let count = integer::exact(self.fixed("numkeys")?.bytes).ok_or(Error::NumKeys)?;
        if count < 1 || usize::try_from(count) != Ok(self.left()) {
            return Err(Error::NumKeys);
        }
        Ok(std::iter::from_fn(|| self.word()).collect())
    }

    /// The integer that follows an option or stands as a fixed argument.
    pub(crate) fn integer(
        &mut self,
        argument: &'static str,
        min: i64,
        max: i64,
    ) -> Result<i64, Error> {
        integer::exact(self.value(argument)?.bytes)
            .filter(|value| (min..=max).contains(value))
            .ok_or(Error::NotInRange { argument, min, max })
    }

    /// The integers that follow an option, as many as there are.
    pub(crate) fn integers(
        &mut self,
        argument: &'static str,
        min: i64,
        max: i64,
    ) -> Result<Vec<i64>, Error> {
        let mut values = vec![self.integer(argument, min, max)?];
        let is_integer = |word: &&[u8]| integer::exact(word).is_some();
        while self.words.get(self.next).is_some_and(is_integer) {
            values.push(self.integer(argument, min, max)?);
        }
        Ok(values)
    }

    /// `PX ms` or `EX s` of a lease, when `option` is one of the two.
    pub(crate) fn lease(
        &mut self,
        option: Word<'a>,
        slot: &mut Option<Millis>,
    ) -> Result<(), Error> {
        self.span(option, slot, MAX_LEASE)
    }

    /// `PX ms` or `EX s` of anything but a lease.
    pub(crate) fn life(
        &mut self,
        option: Word<'a>,
        slot: &mut Option<Millis>,
    ) -> Result<(), Error> {
        self.span(option, slot, MAX_SPAN)
    }

    /// `PX ms` or `EX s` of a lease, where it has a fixed place.
    pub(crate) fn fixed_lease(&mut self) -> Result<Millis, Error> {
        self.fixed_span(MAX_LEASE)
    }

    /// As `fixed_lease`, of anything but a lease.
    pub(crate) fn fixed_life(&mut self) -> Result<Millis, Error> {
        self.fixed_span(MAX_SPAN)
    }

    fn fixed_span(&mut self, max: Millis) -> Result<Millis, Error> {
        let mut span = None;
        let option = self.fixed("PX")?;
        self.span(option, &mut span, max)?;
        span.ok_or(Error::Missing { option: "PX" })
    }

    pub(crate) fn delay(
        &mut self,
        option: Word<'a>,
        slot: &mut Option<Millis>,
    ) -> Result<(), Error> {
        let ms = self.integer("DELAY", 0, MAX_DELAY.get())?;
        option.once(slot, Millis::new(ms))
    }

    /// Where a walk goes on, as the call before said.
    pub(crate) fn cursor(&mut self) -> Result<u64, Error> {
        let word = self.fixed("cursor")?;
        let text = std::str::from_utf8(word.bytes).ok();
        text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse().ok())
            .ok_or(Error::Cursor)
    }

    /// The optional `COUNT n` that ends a listing command.
    pub(crate) fn count(&mut self) -> Result<usize, Error> {
        let Some(option) = self.word() else {
            return Ok(DEFAULT_COUNT);
        };
        if !option.is("COUNT") {
            return Err(option.unexpected());
        }
        let count = self.integer("COUNT", 1, MAX_COUNT)?;
        self.end()?;
        Ok(usize::try_from(count).unwrap_or(DEFAULT_COUNT))
    }

    fn span(
        &mut self,
        option: Word<'a>,
        slot: &mut Option<Millis>,
        max: Millis,
    ) -> Result<(), Error> {
        let (name, unit) = if option.is("PX") {
            ("PX", 1)
        } else if option.is("EX") {
            ("EX", 1_000)
        } else {
            return Err(option.unexpected());
        };
        let max = max.get() / unit;
        let value = integer::exact(self.value(name)?.bytes).ok_or(Error::NotInRange {
            argument: name,
            min: 1,
            max,
        })?;
        if !(1..=max).contains(&value) {
            return Err(Error::ExpireTime {
                command: self.command,
                option: name,
                max,
            });
        }
        option.once(slot, Millis::new(value * unit))
    }
}

#[cfg(test)]
mod tests {
    use super::Args;
    use crate::error::Error;
    use crate::time::Millis;

    #[test]
    fn a_lease_is_given_once_in_one_of_two_units() {
        let lease = |words: &[&'static str]| {
            let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
            let mut args = Args::new("umq.renew", &words);
            let mut slot = None;
            while let Some(option) = args.word() {
                args.lease(option, &mut slot)?;
            }
            Ok::<_, Error>(slot)
        };
        assert_eq!(lease(&["umq.renew", "px", "7"]), Ok(Some(Millis::new(7))));
        assert_eq!(
            lease(&["umq.renew", "EX", "7"]),
            Ok(Some(Millis::new(7_000)))
        );
        for (words, line) in [
            (
                &["umq.renew", "PX", "7", "EX", "1"][..],
                "ERR syntax error: unexpected 'EX'",
            ),
            (&["umq.renew", "PX"], "ERR syntax error: PX needs a value"),
            (
                &["umq.renew", "PX", "0"],
                "ERR invalid expire time in 'umq.renew' command: PX must be 1 to 2592000000",
            ),
            (
                &["umq.renew", "EX", "2592001"],
                "ERR invalid expire time in 'umq.renew' command: EX must be 1 to 2592000",
            ),
            (
                &["umq.renew", "PX", "1.5"],
                "ERR value is not an integer or out of range: PX must be 1 to 2592000000",
            ),
            (
                &["umq.renew", "\n%s\0"],
                "ERR syntax error: unexpected '\\n%s\\x00'",
            ),
        ] {
            assert_eq!(lease(words).expect_err("refused").to_string(), line);
        }
    }

    #[test]
    fn numkeys_must_be_the_number_of_keys() {
        for (words, count) in [
            (&["c", "2", "a", "b"][..], Some(2)),
            (&["c", "1", "a"], Some(1)),
            (&["c", "0"], None),
            (&["c", "1", "a", "b"], None),
            (&["c", "3", "a"], None),
            (&["c", "-1"], None),
            (&["c", "x", "a"], None),
        ] {
            let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
            let keys = Args::new("c", &words).numbered_keys();
            assert_eq!(keys.ok().map(|keys| keys.len()), count, "{words:?}");
        }
    }
}
