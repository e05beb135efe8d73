//! JSON as a row of tokens, each with its place in the text. What is looked at is what RFC 8259 calls JSON; within
//! strings, and within objects and lists that are stepped over, only quotes, backslashes and brackets are. Nothing is
//! built, so that a walk costs little more than reading.

mod blocks;
mod lexeme;
mod outline;
mod value;

use std::ops::Range;

pub(crate) use self::{
    outline::{Member, Outline},
    value::{Fault, Unfit, Value},
};

/// The tokens of one JSON text.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
    due: Due,
    /// What is open, outermost first.
    open: Vec<Container>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Open(Container),
    Close(Container),
    Comma,
    Colon,
    /// A string before a colon, with its quotes.
    Key,
    /// Any other string, with its quotes.
    String,
    /// A number, `true`, `false` or `null`.
    Scalar,
    /// Nothing but white space follows.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Object,
    List,
}

/// The text is not JSON from this place on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotJson {
    pub(crate) at: usize,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Value,
    ValueOrClose,
    Key,
    KeyOrClose,
    Colon,
    /// A comma or the end of what is open; at the top, the end.
    Next,
}

/// Where the value of a member of the outermost object stands; `key` has its quotes.
pub(crate) fn member(text: &[u8], key: &[u8]) -> Option<Range<usize>> {
    let [found] = members(text, [key]);
    found
}

/// The same of several keys, as far as the text is JSON: of each the first that stands there.
pub(crate) fn members<const N: usize>(text: &[u8], keys: [&[u8]; N]) -> [Option<Range<usize>>; N] {
    let mut found = [const { None }; N];
    let mut tokens = Tokens::new(text);
    if tokens.next().is_err() {
        return found;
    }
    while found.contains(&None)
        && let Ok(Some(key)) = tokens.next_key()
        && let Ok(first) = tokens.value()
        && let Ok(value) = tokens.skip(first)
    {
        if let Some(place) = keys.iter().position(|known| *known == tokens.text(key)) {
            found[place].get_or_insert(value.start..value.end);
        }
    }
    found
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            due: Due::Value,
            open: Vec::new(),
        }
    }

    pub(crate) fn text(&self, token: Token) -> &'a [u8] {
        &self.text[token.start..token.end]
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Result<Token, NotJson> {
        self.skip_space();
        let start = self.at;
        let Some(first) = self.text.get(start).copied() else {
            let complete = self.due == Due::Next && self.open.is_empty();
            return if complete {
                Ok(self.token(Kind::End, start))
            } else {
                Err(NotJson { at: start })
            };
        };
        let kind = match (self.due, first) {
            (Due::Value | Due::ValueOrClose, b'"') => {
                self.at = self.string_end(start)?;
                self.due = Due::Next;
                Kind::String
            }
            (Due::Key | Due::KeyOrClose, b'"') => {
                self.at = self.string_end(start)?;
                self.due = Due::Colon;
                Kind::Key
            }
            (Due::Colon, b':') => self.mark(Kind::Colon, Due::Value),
            (Due::Next, b',') => match self.open.last() {
                Some(Container::Object) => self.mark(Kind::Comma, Due::Key),
                Some(Container::List) => self.mark(Kind::Comma, Due::Value),
                None => return Err(NotJson { at: start }),
            },
            (Due::Value | Due::ValueOrClose, b'{') => self.begin(Container::Object),
            (Due::Value | Due::ValueOrClose, b'[') => self.begin(Container::List),
            (Due::Next | Due::KeyOrClose, b'}') => self.close(Container::Object)?,
            (Due::Next | Due::ValueOrClose, b']') => self.close(Container::List)?,
            (Due::Value | Due::ValueOrClose, _) => {
                self.at = lexeme::scalar(self.text, start)?;
                self.due = Due::Next;
                Kind::Scalar
            }
            _ => return Err(NotJson { at: start }),
        };
        Ok(self.token(kind, start))
    }

    /// Steps over what is left of the value that begins with `first`: all of it as one token.
    pub(crate) fn skip(&mut self, first: Token) -> Result<Token, NotJson> {
        if let Kind::Open(_) = first.kind {
            let end = blocks::container_end(self.text, first.start);
            self.at = end.ok_or(self.ends_early())?;
            self.open.pop();
            self.due = Due::Next;
        }
        Ok(self.since(first))
    }

    /// All that was read since a token began.
    fn since(&self, first: Token) -> Token {
        self.token(first.kind, first.start)
    }

    /// The next key of the object that is open, or none at its end.
    pub(crate) fn next_key(&mut self) -> Result<Option<Token>, NotJson> {
        loop {
            let token = self.next()?;
            match token.kind {
                Kind::Key => return Ok(Some(token)),
                Kind::Close(_) => return Ok(None),
                Kind::Comma => {}
                // Not within an object.
                _ => return Err(NotJson { at: token.start }),
            }
        }
    }

    /// The first token of the value of this member of the object that is open, or none at its end.
    pub(crate) fn find(&mut self, key: &[u8]) -> Result<Option<Token>, NotJson> {
        while let Some(next) = self.next_key()? {
            let value = self.value()?;
            if self.text(next) == key {
                return Ok(Some(value));
            }
            self.skip(value)?;
        }
        Ok(None)
    }

    /// The first token of the value that follows a key.
    pub(crate) fn value(&mut self) -> Result<Token, NotJson> {
        let token = self.next()?;
        match token.kind {
            Kind::Colon => self.next(),
            _ => Ok(token),
        }
    }

    /// The first token of the next element of the list that is open, or none at its end.
    pub(crate) fn next_element(&mut self) -> Result<Option<Token>, NotJson> {
        let token = self.next()?;
        match token.kind {
            Kind::Comma => self.next().map(Some),
            Kind::Close(_) => Ok(None),
            _ => Ok(Some(token)),
        }
    }

    fn token(&self, kind: Kind, start: usize) -> Token {
        Token {
            kind,
            start,
            end: self.at,
        }
    }

    fn mark(&mut self, kind: Kind, due: Due) -> Kind {
        self.at += 1;
        self.due = due;
        kind
    }

    fn begin(&mut self, container: Container) -> Kind {
        self.open.push(container);
        let due = match container {
            Container::Object => Due::KeyOrClose,
            Container::List => Due::ValueOrClose,
        };
        self.mark(Kind::Open(container), due)
    }

    fn close(&mut self, container: Container) -> Result<Kind, NotJson> {
        match self.open.pop() {
            Some(open) if open == container => Ok(self.mark(Kind::Close(container), Due::Next)),
            _ => Err(NotJson { at: self.at }),
        }
    }

    fn string_end(&self, start: usize) -> Result<usize, NotJson> {
        blocks::string_end(self.text, start).ok_or(self.ends_early())
    }

    fn ends_early(&self) -> NotJson {
        let at = self.text.len();
        NotJson { at }
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(self.at) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prop_assert, prop_oneof, proptest, strategy::Just};
    use serde::de::IgnoredAny;

    use super::*;

    fn all(text: &[u8]) -> Result<Vec<(Kind, &[u8])>, NotJson> {
        let mut tokens = Tokens::new(text);
        let mut seen = Vec::new();
        loop {
            let token = tokens.next()?;
            match token.kind {
                Kind::End => return Ok(seen),
                kind => seen.push((kind, tokens.text(token))),
            }
        }
    }

    #[test]
    fn tokens_are_the_text_without_space() {
        let text = br#" { "a" : [ 1.5e3 , "x\"y" ] ,"b":{}, "c": null } "#;
        let seen = all(text).unwrap();
        let joined: Vec<u8> = seen
            .iter()
            .flat_map(|(_, text)| text.iter().copied())
            .collect();
        assert_eq!(joined, br#"{"a":[1.5e3,"x\"y"],"b":{},"c":null}"#);
        let keys = seen.iter().filter(|(kind, _)| *kind == Kind::Key);
        assert_eq!(keys.count(), 3);
    }

    #[test]
    fn the_first_of_each_member_is_found_as_far_as_the_text_is_json() {
        let found = |text: &'static str| {
            members(text.as_bytes(), [br#""a""#, br#""b""#]).map(|at| at.map(|at| &text[at]))
        };
        for (text, expected) in [
            (
                r#"{"b":{"a":1}, "a":[2],"a":3}"#,
                [Some("[2]"), Some(r#"{"a":1}"#)],
            ),
            (r#"{"c":{"b":1},"a":null}"#, [Some("null"), None]),
            (r#"{"b":"x","c":[1,"a"#, [None, Some(r#""x""#)]),
            (r#"{"b":[1,"#, [None; 2]),
            (r#"["a","b"]"#, [None; 2]),
            ("", [None; 2]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn a_value_can_be_skipped_whole() {
        let mut tokens = Tokens::new(br#"{"a":[{"x":[]},{}],"b":1,"c":"z"}"#);
        tokens.next().unwrap();
        let mut keys = Vec::new();
        while let Some(key) = tokens.next_key().unwrap() {
            keys.push(tokens.text(key));
            let first = tokens.value().unwrap();
            tokens.skip(first).unwrap();
        }
        assert_eq!(keys, [br#""a""#, br#""b""#, br#""c""#]);
        assert_eq!(tokens.next().unwrap().kind, Kind::End);
    }

    #[test]
    fn what_is_not_json_is_refused_where_it_begins() {
        for (text, at) in [
            (&br#"{"a" 1}"#[..], 5),
            (br#"{"a":01}"#, 6),
            (br#"{"a":[1,]}"#, 8),
            (br#"{"a":1}}"#, 7),
            (br#"{"a":"b\"}"#, 10),
            (br#"[1}"#, 2),
            (br#"{"a""#, 4),
            (b"", 0),
            (b"nul", 0),
            (b"-", 1),
        ] {
            assert_eq!(all(text), Err(NotJson { at }), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = ["[".repeat(1_000_000), "]".repeat(1_000_000)].concat();
        assert_eq!(all(deep.as_bytes()).unwrap().len(), 2_000_000);
    }

    #[test]
    fn of_what_is_skipped_only_quotes_and_brackets_count() {
        let mut tokens = Tokens::new(br#"[{"a":tru,"b]":'\"'},"\x"] ,"#);
        let first = tokens.next().unwrap();
        let whole = tokens.skip(first).unwrap();
        assert_eq!(tokens.text(whole), br#"[{"a":tru,"b]":'\"'},"\x"]"#);
        assert_eq!(tokens.next(), Err(NotJson { at: 27 }));
        let mut tokens = Tokens::new(b"[[]");
        let first = tokens.next().unwrap();
        assert_eq!(tokens.skip(first), Err(NotJson { at: 3 }));
    }

    proptest! {
        #[test]
        fn what_is_json_is_what_serde_says_but_for_what_strings_hold(
            parts in vec(prop_oneof![
                Just("{"), Just("}"), Just("["), Just("]"), Just(","), Just(":"), Just(" "), Just("\n"),
                Just("\"a\""), Just("\"\\u00e9\\n\""), Just("\"long enough to fill a whole block of them é\""),
                Just("\""), Just("\\"), Just("1"), Just("-0.5e+2"), Just("0"), Just("."), Just("e"),
                Just("true"), Just("null"), Just("{}"), Just("[]"), Just("\"k\":"), Just("\"k\":1"),
            ], 0..12),
        ) {
            let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
            let text = parts.concat();
            match all(text.as_bytes()) {
                Ok(tokens) => {
                    let plain = tokens.iter().map(|(kind, text)| match kind {
                        Kind::Key | Kind::String => "\"x\"",
                        _ => std::str::from_utf8(text).unwrap(),
                    });
                    prop_assert!(is_json(&plain.collect::<Vec<_>>().join(" ")), "{}", text);
                }
                Err(_) => prop_assert!(!is_json(&text), "{}", text),
            }
        }
    }
}
