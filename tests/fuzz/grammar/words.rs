//! How a command's words are read: left to right, options in any order, each once; and the sentence for each refusal.

/// The line of an error.
pub(crate) type Refusal = String;

pub(crate) const MAX_LEASE: i64 = 30 * 86_400_000;
pub(crate) const MAX_SPAN: i64 = 3_650 * 86_400_000;

#[derive(Debug)]
pub(crate) struct Words<'a> {
    command: &'a str,
    words: &'a [Vec<u8>],
    next: usize,
}

impl<'a> Words<'a> {
    /// `words` begins with the command's name, which is written as `command` in errors.
    pub(crate) fn new(command: &'a str, words: &'a [Vec<u8>]) -> Self {
        Self {
            command,
            words,
            next: 1,
        }
    }

    pub(crate) fn word(&mut self) -> Option<&'a [u8]> {
        let word = self.words.get(self.next)?;
        self.next += 1;
        Some(word)
    }

    pub(crate) fn rest(&self) -> &'a [Vec<u8>] {
        &self.words[self.next..]
    }

    pub(crate) fn fixed(&mut self, argument: &str) -> Result<&'a [u8], Refusal> {
        let missing = || format!("ERR syntax error: {argument} is missing");
        self.word().ok_or_else(missing)
    }

    pub(crate) fn value(&mut self, option: &str) -> Result<&'a [u8], Refusal> {
        let valueless = || format!("ERR syntax error: {option} needs a value");
        self.word().ok_or_else(valueless)
    }

    pub(crate) fn end(&mut self) -> Result<(), Refusal> {
        self.word().map_or(Ok(()), |word| Err(unexpected(word)))
    }

    pub(crate) fn id(&mut self, argument: &str) -> Result<&'a [u8], Refusal> {
        bounded(self.fixed(argument)?, argument, 512)
    }

    pub(crate) fn ids(&mut self, argument: &str) -> Result<Vec<&'a [u8]>, Refusal> {
        let mut ids = vec![self.id(argument)?];
        while !self.rest().is_empty() {
            ids.push(self.id(argument)?);
        }
        Ok(ids)
    }

    pub(crate) fn integer(&mut self, name: &str, min: i64, max: i64) -> Result<i64, Refusal> {
        let value = integer(self.value(name)?);
        let value = value.filter(|value| (min..=max).contains(value));
        value.ok_or_else(|| out_of_range(name, min, max))
    }

    /// `PX ms` or `EX s`, in ms, when `option` is one of the two.
    pub(crate) fn span(
        &mut self,
        option: &[u8],
        slot: &mut Option<i64>,
        max: i64,
    ) -> Result<(), Refusal> {
        let (name, unit) = match option.to_ascii_uppercase().as_slice() {
            b"PX" => ("PX", 1),
            b"EX" => ("EX", 1_000),
            _ => return Err(unexpected(option)),
        };
        let max = max / unit;
        let value = integer(self.value(name)?).ok_or_else(|| out_of_range(name, 1, max))?;
        if !(1..=max).contains(&value) {
            let command = self.command;
            return Err(format!(
                "ERR invalid expire time in '{command}' command: {name} must be 1 to {max}"
            ));
        }
        once(option, slot, value * unit)
    }

    pub(crate) fn fixed_span(&mut self, max: i64) -> Result<i64, Refusal> {
        let mut span = None;
        let option = self.fixed("PX")?;
        self.span(option, &mut span, max)?;
        required(span, "PX")
    }

    /// The optional `COUNT n` that ends a listing command.
    pub(crate) fn count(&mut self) -> Result<usize, Refusal> {
        let Some(option) = self.word() else {
            return Ok(100);
        };
        if !is(option, "COUNT") {
            return Err(unexpected(option));
        }
        let count = self.integer("COUNT", 1, 10_000)?;
        self.end()?;
        Ok(usize::try_from(count).expect("it is at least 1"))
    }
}

pub(crate) fn is(word: &[u8], option: &str) -> bool {
    word.eq_ignore_ascii_case(option.as_bytes())
}

pub(crate) fn once<T>(option: &[u8], slot: &mut Option<T>, value: T) -> Result<(), Refusal> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(unexpected(option)),
    }
}

pub(crate) fn required<T>(value: Option<T>, option: &str) -> Result<T, Refusal> {
    value.ok_or_else(|| format!("ERR syntax error: {option} is missing"))
}

pub(crate) fn bounded<'a>(word: &'a [u8], argument: &str, max: usize) -> Result<&'a [u8], Refusal> {
    if word.is_empty() || word.len() > max {
        return Err(format!("ERR invalid {argument}: must be 1 to {max} bytes"));
    }
    Ok(word)
}

pub(crate) fn unexpected(word: &[u8]) -> Refusal {
    format!("ERR syntax error: unexpected '{}'", escaped(word))
}

pub(crate) fn out_of_range(name: &str, min: i64, max: i64) -> Refusal {
    format!("ERR value is not an integer or out of range: {name} must be {min} to {max}")
}

/// One line of printable ASCII, of at most 64 bytes of the source.
pub(crate) fn escaped(word: &[u8]) -> String {
    let shown = &word[..word.len().min(64)];
    let more = if shown.len() < word.len() { "..." } else { "" };
    format!("{}{more}", shown.escape_ascii())
}

/// As Redis reads one: it is written back as it was read.
pub(crate) fn integer(word: &[u8]) -> Option<i64> {
    let value: i64 = std::str::from_utf8(word).ok()?.parse().ok()?;
    (value.to_string().as_bytes() == word).then_some(value)
}
