//! Bytes into replies. Whatever is whole is taken at once and never looked at again, so a reply that comes in many
//! pieces costs no more than one that comes in one. All lengths and depths are bounded; no input makes it panic.

use bytes::Bytes;

use super::reply::Reply;

/// Of one reply, or one thing pushed.
const LARGEST: usize = 64 << 20;
const LONGEST_LINE: usize = 64 << 10;
const LONGEST_LIST: usize = 1 << 22;
const DEEPEST: usize = 32;
/// Room for this many is made when a list begins; for more as they come.
const EXPECTED: usize = 64;

/// What came.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    Reply(Reply),
    /// Nobody asked for it: a message, or the news of a subscription.
    Push(Vec<Reply>),
}

/// The other side does not speak RESP, or not within our bounds. What follows means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Keeps what has begun and is not whole yet.
#[derive(Debug, Default)]
pub(super) struct Parser {
    open: Vec<Open>,
    text: Option<Awaited>,
    /// So much of the line that is not whole yet has no end in it.
    searched: usize,
    /// Taken for what has begun.
    taken: usize,
}

#[derive(Debug)]
struct Open {
    kind: Kind,
    left: usize,
    items: Vec<Reply>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    Push,
    /// Says something of the value behind it, which we have no use for.
    Attribute,
}

/// A text whose length is known.
#[derive(Debug, Clone, Copy)]
struct Awaited {
    length: usize,
    kind: Text,
}

#[derive(Debug, Clone, Copy)]
enum Text {
    Plain,
    Error,
    /// Begins with three letters and a colon, which say what it is for.
    Verbatim,
}

/// What a step has come to.
enum Step {
    Value(Reply),
    /// A list has begun, or what belongs to no value has ended.
    More,
    /// The bytes are used up.
    Wait,
}

impl Parser {
    /// The next whole thing; none where more bytes must come. `input` is what was not taken before and what came since;
    /// what is taken is cut off its front.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Result<Option<Incoming>, Malformed> {
        loop {
            let before = input.len();
            let step = match self.text {
                Some(awaited) => self.text(awaited, input)?,
                None => self.line(input)?,
            };
            self.taken += before - input.len();
            if self.taken > LARGEST {
                return Err(Malformed);
            }
            let whole = match step {
                Step::Wait => return Ok(None),
                Step::More => None,
                Step::Value(value) => self.place(value),
            };
            if self.open.is_empty() && self.text.is_none() {
                self.taken = 0;
            }
            if whole.is_some() {
                return Ok(whole);
            }
        }
    }

    /// Puts a value where it belongs; what it makes whole is put where that belongs.
    fn place(&mut self, mut value: Reply) -> Option<Incoming> {
        loop {
            let Some(open) = self.open.last_mut() else {
                return Some(Incoming::Reply(value));
            };
            open.items.push(value);
            open.left -= 1;
            if open.left > 0 {
                return None;
            }
            let whole = self.open.pop()?;
            match whole.kind {
                Kind::List => value = Reply::List(whole.items),
                Kind::Push => return Some(Incoming::Push(whole.items)),
                Kind::Attribute => return None,
            }
        }
    }

    fn text(&mut self, awaited: Awaited, input: &mut &[u8]) -> Result<Step, Malformed> {
        let Some((text, rest)) = input.split_at_checked(awaited.length) else {
            return Ok(Step::Wait);
        };
        let Some((end, rest)) = rest.split_first_chunk() else {
            return Ok(Step::Wait);
        };
        if end != b"\r\n" {
            return Err(Malformed);
        }
        *input = rest;
        self.text = None;
        Ok(Step::Value(match awaited.kind {
            Text::Plain => Reply::Text(Bytes::copy_from_slice(text)),
            Text::Error => error(text),
            Text::Verbatim => Reply::Text(Bytes::copy_from_slice(text.get(4..).ok_or(Malformed)?)),
        }))
    }

    fn line(&mut self, input: &mut &[u8]) -> Result<Step, Malformed> {
        let Some(end) = memchr::memchr(b'\n', &input[self.searched..]) else {
            self.searched = input.len();
            return match self.searched <= LONGEST_LINE {
                true => Ok(Step::Wait),
                false => Err(Malformed),
            };
        };
        let (line, rest) = input.split_at(self.searched + end + 1);
        let line = line.strip_suffix(b"\r\n").ok_or(Malformed)?;
        *input = rest;
        self.searched = 0;
        let (kind, line) = line.split_first().ok_or(Malformed)?;
        let value = match kind {
            b'+' => simple(line),
            b'-' => error(line),
            b':' => Reply::Int(number(line)?),
            b'_' => Reply::Nil,
            b'#' => Reply::Bool(flag(line)?),
            b',' => Reply::Double(number(line)?),
            b'(' => Reply::Text(Bytes::copy_from_slice(line)),
            b'$' => return self.await_text(line, Text::Plain),
            b'!' => return self.await_text(line, Text::Error),
            b'=' => return self.await_text(line, Text::Verbatim),
            b'*' | b'~' => return self.begin(line, 1, Kind::List),
            b'%' => return self.begin(line, 2, Kind::List),
            b'|' => return self.begin(line, 2, Kind::Attribute),
            b'>' => return self.begin(line, 1, Kind::Push),
            _ => return Err(Malformed),
        };
        Ok(Step::Value(value))
    }

    fn await_text(&mut self, length: &[u8], kind: Text) -> Result<Step, Malformed> {
        if length == b"-1" {
            return Ok(Step::Value(Reply::Nil));
        }
        let length = bounded(length, LARGEST)?;
        self.text = Some(Awaited { length, kind });
        Ok(Step::More)
    }

    fn begin(&mut self, count: &[u8], each: usize, kind: Kind) -> Result<Step, Malformed> {
        if count == b"-1" {
            return Ok(Step::Value(Reply::Nil));
        }
        let left = bounded(count, LONGEST_LIST)? * each;
        if self.open.len() == DEEPEST || (kind == Kind::Push && !self.open.is_empty()) {
            return Err(Malformed);
        }
        match (left, kind) {
            (0, Kind::List) => return Ok(Step::Value(Reply::List(Vec::new()))),
            (0, Kind::Attribute) => return Ok(Step::More),
            (0, Kind::Push) => return Err(Malformed),
            _ => {}
        }
        let items = Vec::with_capacity(left.min(EXPECTED));
        self.open.push(Open { kind, left, items });
        Ok(Step::More)
    }
}

fn simple(line: &[u8]) -> Reply {
    Reply::Text(match line {
        b"OK" => Bytes::from_static(b"OK"),
        other => Bytes::copy_from_slice(other),
    })
}

fn error(text: &[u8]) -> Reply {
    Reply::Error(String::from_utf8_lossy(text).into())
}

fn flag(line: &[u8]) -> Result<bool, Malformed> {
    match line {
        b"t" => Ok(true),
        b"f" => Ok(false),
        _ => Err(Malformed),
    }
}

fn number<T: std::str::FromStr>(line: &[u8]) -> Result<T, Malformed> {
    let text = std::str::from_utf8(line).map_err(|_| Malformed)?;
    text.parse().map_err(|_| Malformed)
}

fn bounded(line: &[u8], most: usize) -> Result<usize, Malformed> {
    number(line)
        .ok()
        .filter(|number| *number <= most)
        .ok_or(Malformed)
}

#[cfg(test)]
mod tests;
