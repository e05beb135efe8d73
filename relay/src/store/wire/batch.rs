//! Commands as Redis reads them, encoded while they are spelled: no word of them has a place of its own on the heap.

use std::ops::Range;

/// Room for what one request asks for, or owes at its end.
const ROOM: usize = 3 << 10;
/// The most that stands around a word: `$`, its length, two line ends.
const AROUND: usize = 32;

const LINE_END: &[u8; 2] = b"\r\n";
/// The line before a word of so many bytes, where they are two digits.
static LENGTHS: [[u8; 5]; 100] = {
    let mut lines = [*b"$00\r\n"; 100];
    let mut length = 0;
    while length < lines.len() {
        lines[length][1] += (length / 10) as u8;
        lines[length][2] += (length % 10) as u8;
        length += 1;
    }
    lines
};

/// Commands that are sent together. Each is begun by `command`; what follows belongs to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    commands: usize,
    /// Where the number of words of the last command stands.
    count: Range<usize>,
}

impl Batch {
    pub(crate) fn new() -> Self {
        Self::of_requests(1)
    }

    /// With room for the commands of so many.
    pub(crate) fn of_requests(count: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(count * ROOM),
            ..Self::default()
        }
    }

    /// A batch of one command, so far without arguments.
    pub(crate) fn of(name: &str) -> Self {
        let mut batch = Self::new();
        batch.command(name);
        batch
    }

    pub(crate) fn command(&mut self, name: &str) -> &mut Self {
        self.commands += 1;
        let count = self.bytes.len() + 1;
        self.count = count..count + 1;
        self.bytes.extend_from_slice(b"*0\r\n");
        self.arg(name)
    }

    pub(crate) fn arg(&mut self, word: impl AsRef<[u8]>) -> &mut Self {
        self.joined([word.as_ref()])
    }

    /// One word, of several parts.
    pub(crate) fn joined<const N: usize>(&mut self, parts: [&[u8]; N]) -> &mut Self {
        self.begin_word(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.bytes.extend_from_slice(LINE_END);
        self
    }

    /// Nearly all words are short.
    #[inline(always)]
    fn begin_word(&mut self, length: usize) {
        self.count_one_more();
        self.bytes.reserve(length + AROUND);
        match length {
            0..10 => self
                .bytes
                .extend_from_slice(&[b'$', b'0' + length as u8, b'\r', b'\n']),
            10..100 => self.bytes.extend_from_slice(&LENGTHS[length]),
            _ => self.add_length(length),
        }
    }

    #[cold]
    fn add_length(&mut self, length: usize) {
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(length).as_bytes();
        for part in [b"$", digits, LINE_END] {
            self.bytes.extend_from_slice(part);
        }
    }

    pub(crate) fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        self.arg(itoa::Buffer::new().format(number.into()))
    }

    /// How many commands, so how many replies.
    pub(crate) fn len(&self) -> usize {
        self.commands
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.commands == 0
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The number of words stands before them, and nobody says beforehand how many will come: it is always kept right.
    fn count_one_more(&mut self) {
        let ones = &mut self.bytes[self.count.end - 1];
        if *ones < b'9' {
            *ones += 1;
        } else {
            self.carry();
        }
    }

    #[cold]
    fn carry(&mut self) {
        for digit in self.bytes[self.count.clone()].iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                return;
            }
            *digit = b'0';
        }
        self.bytes.insert(self.count.start, b'1');
        self.count.end += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(batch: &Batch) -> &str {
        std::str::from_utf8(batch.bytes()).unwrap()
    }

    #[test]
    fn commands_are_arrays_of_their_words() {
        let mut batch = Batch::of("PING");
        batch
            .command("SET")
            .arg("key")
            .arg([0xe2, 0x82, 0xac])
            .number(7_u32)
            .joined([b"a", b"", b"bc"]);
        assert_eq!(batch.len(), 2);
        assert_eq!(
            text(&batch),
            "*1\r\n$4\r\nPING\r\n*5\r\n$3\r\nSET\r\n$3\r\nkey\r\n$3\r\n€\r\n$1\r\n7\r\n$3\r\nabc\r\n"
        );
    }

    #[test]
    fn the_number_of_words_is_right_however_many_come() {
        for words in [1, 9, 10, 11, 99, 100, 101, 1000, 12_345] {
            let mut batch = Batch::of("PING");
            batch.command("DEL");
            for _ in 1..words {
                batch.arg("");
            }
            let (_, second) = text(&batch).split_once("PING\r\n").unwrap();
            let (count, rest) = second.split_once("\r\n").unwrap();
            assert_eq!(count, format!("*{words}"));
            assert_eq!(rest.matches("$0\r\n").count(), words - 1);
        }
    }
}
