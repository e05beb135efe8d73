//! Reads the elements of one JSON array beside a stream, from pieces cut anywhere. The bytes themselves pass untouched;
//! an element is reported when it is whole, and no more than a bounded part of it is kept.

use memchr::memchr2;

/// A longer element is passed over.
const KEPT: usize = 4 << 20;

/// Where in the array its reader stands.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    within: Within,
    /// What came so far of the element.
    element: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Within {
    #[default]
    Before,
    /// After `[` or a comma.
    AwaitsElement,
    Element {
        depth: usize,
        text: Text,
    },
    AfterElement,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Outside,
    Inside,
    /// Inside, after a backslash.
    Escape,
}

impl Scanner {
    /// Takes the next piece; `on_element` gets each object of the array that this piece ends.
    pub(crate) fn push(&mut self, piece: &[u8], mut on_element: impl FnMut(&[u8])) {
        let mut at = 0;
        while at < piece.len() {
            at += match self.within {
                Within::Element { depth, text } => {
                    let rest = &piece[at..];
                    let length = self.element_goes_on(rest, depth, text);
                    self.keep(&rest[..length]);
                    if self.within == Within::AfterElement {
                        on_element(&self.element);
                        self.element.clear();
                    }
                    length
                }
                _ => self.between(piece[at]),
            };
        }
    }

    /// Whether the array has come to its end.
    pub(crate) fn is_closed(&self) -> bool {
        self.within == Within::Closed
    }

    /// `element` as the last one of the array, with what closes it. None in the middle of another element.
    pub(crate) fn closing(&self, element: &[u8]) -> Option<Vec<u8>> {
        let before: &[u8] = match self.within {
            Within::Before => b"[",
            Within::AwaitsElement => b"",
            Within::AfterElement => b",",
            Within::Element { .. } | Within::Closed => return None,
        };
        Some([before, element, b"]"].concat())
    }

    /// Takes one byte. An element of another kind than an object is taken for space: there are none.
    fn between(&mut self, byte: u8) -> usize {
        self.within = match (self.within, byte) {
            (Within::Before, b'[') | (Within::AfterElement, b',') => Within::AwaitsElement,
            (Within::AwaitsElement | Within::AfterElement, b']') => Within::Closed,
            (Within::AwaitsElement, b'{') => {
                self.within = Within::Element {
                    depth: 0,
                    text: Text::Outside,
                };
                return 0;
            }
            (unchanged, _) => unchanged,
        };
        1
    }

    /// How much of `rest` belongs to the element and is alike: text up to its end, or one byte outside.
    fn element_goes_on(&mut self, rest: &[u8], mut depth: usize, text: Text) -> usize {
        let (text, length) = match (text, rest[0]) {
            (Text::Escape, _) => (Text::Inside, 1),
            (Text::Inside, _) => end_of_text(rest),
            (Text::Outside, b'"') => (Text::Inside, 1),
            (Text::Outside, byte) => {
                depth = match byte {
                    b'{' | b'[' => depth + 1,
                    b'}' | b']' => depth - 1,
                    _ => depth,
                };
                (Text::Outside, 1)
            }
        };
        self.within = match depth {
            0 => Within::AfterElement,
            _ => Within::Element { depth, text },
        };
        length
    }

    fn keep(&mut self, part: &[u8]) {
        if self.element.len() < KEPT {
            let room = KEPT - self.element.len();
            self.element
                .extend_from_slice(&part[..part.len().min(room)]);
        }
    }
}

fn end_of_text(rest: &[u8]) -> (Text, usize) {
    match memchr2(b'"', b'\\', rest) {
        None => (Text::Inside, rest.len()),
        Some(end) if rest[end] == b'"' => (Text::Outside, end + 1),
        Some(end) => (Text::Escape, end + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARRAY: &str =
        "\n [{\"a\":[1,{\"b\":\"}]\\\"\\\\\"}]}\r\n,\r\n{}, {\"c\":{\"d\":\"\\u0022[\"}}\n]\n";

    fn read(pieces: &[&str]) -> (Vec<String>, Scanner) {
        let mut scanner = Scanner::default();
        let mut elements = Vec::new();
        for piece in pieces {
            scanner.push(piece.as_bytes(), |element| {
                elements.push(String::from_utf8(element.to_vec()).unwrap());
            });
        }
        (elements, scanner)
    }

    #[test]
    fn elements_are_the_same_wherever_the_stream_is_cut() {
        let expected = [
            r#"{"a":[1,{"b":"}]\"\\"}]}"#,
            "{}",
            r#"{"c":{"d":"\u0022["}}"#,
        ];
        for first in 0..=ARRAY.len() {
            for second in first..=ARRAY.len() {
                let pieces = [&ARRAY[..first], &ARRAY[first..second], &ARRAY[second..]];
                let (elements, scanner) = read(&pieces);
                assert_eq!(elements, expected, "cut at {first} and {second}");
                assert!(scanner.is_closed());
            }
        }
    }

    #[test]
    fn an_element_is_added_wherever_one_may_stand() {
        let whole: serde_json::Value = serde_json::from_str(ARRAY).unwrap();
        let elements = whole.as_array().unwrap();
        let mut added = 0;
        for cut in 0..ARRAY.len() {
            let (before, scanner) = read(&[&ARRAY[..cut]]);
            let Some(closing) = scanner.closing(b"{\"error\":1}") else {
                continue;
            };
            let closed = [&ARRAY.as_bytes()[..cut], &closing].concat();
            let closed: Vec<serde_json::Value> = serde_json::from_slice(&closed).unwrap();
            assert_eq!(closed[..before.len()], elements[..before.len()]);
            assert_eq!(closed[before.len()..], [serde_json::json!({"error": 1})]);
            added += 1;
        }
        assert_eq!(
            added,
            4 + 6 + 3 + 2,
            "before, between and after the elements"
        );
    }

    #[test]
    fn no_element_makes_the_reader_grow_without_bound() {
        let long = format!("[{{\"a\":\"{}", "x".repeat(2 * KEPT));
        let (elements, mut scanner) = read(&[&long]);
        assert!(elements.is_empty() && scanner.element.len() == KEPT);
        let mut after = Vec::new();
        scanner.push(b"\"},{\"b\":1}]", |element| after.push(element.len()));
        assert_eq!(after, [KEPT, 7]);
    }
}
