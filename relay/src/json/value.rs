//! A value as the stretch of text that it is, looked into only where somebody asks. Pure.

use std::{borrow::Cow, ops::Range};

use memchr::memchr;

use super::{Container, Kind, NotJson, Token, Tokens};

/// The most members or elements that are kept of one value.
pub(super) const MOST: usize = 100_000;

/// A value, and where in the whole text it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) text: &'a [u8],
    start: usize,
}

/// Why a text is not what it should be, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unfit {
    pub(crate) fault: Fault,
    pub(crate) at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    NotJson,
    EndsEarly,
    /// A member with this key stands twice.
    Twice(&'static str),
    /// The value is of another type than it should.
    Type,
    /// There are more members or elements than anybody needs.
    TooMany,
}

impl<'a> Value<'a> {
    /// What the text should be as a whole; whether it is, is found out where it is looked into.
    pub(crate) fn whole(text: &'a [u8]) -> Self {
        Self { text, start: 0 }
    }

    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// Of an object, what stands under these keys. None of them may stand there twice.
    pub(crate) fn members<const N: usize>(
        &self,
        keys: [&'static str; N],
    ) -> Result<[Option<Self>; N], Unfit> {
        let mut tokens = self.open(Container::Object)?;
        let mut found = [None; N];
        while let Some(key) = self.read(tokens.next_key())? {
            let value = self.next(&mut tokens)?;
            let name = name(tokens.text(key));
            let is_key = |known: &&str| known.as_bytes() == &*name;
            let Some(place) = keys.iter().position(is_key) else {
                continue;
            };
            if found[place].replace(value).is_some() {
                return Err(self.unfit(Fault::Twice(keys[place]), key.start));
            }
        }
        self.close(tokens)?;
        Ok(found)
    }

    pub(crate) fn elements(&self) -> Result<Vec<Self>, Unfit> {
        let mut tokens = self.open(Container::List)?;
        let mut elements = Vec::new();
        while let Some(first) = self.read(tokens.next_element())? {
            if elements.len() == MOST {
                return Err(self.unfit(Fault::TooMany, first.start));
            }
            let whole = self.read(tokens.skip(first))?;
            elements.push(self.part(&tokens, whole));
        }
        self.close(tokens)?;
        Ok(elements)
    }

    pub(crate) fn is_null(&self) -> bool {
        self.text == b"null"
    }

    pub(crate) fn is_string(&self) -> bool {
        self.text.starts_with(b"\"")
    }

    pub(crate) fn bool(&self) -> Result<bool, Unfit> {
        match self.text {
            b"true" => Ok(true),
            b"false" => Ok(false),
            _ => Err(self.wrong_type()),
        }
    }

    /// The text of a string.
    pub(crate) fn string(&self) -> Result<String, Unfit> {
        serde_json::from_slice(self.text).map_err(|_| self.wrong_type())
    }

    pub(crate) fn wrong_type(&self) -> Unfit {
        self.unfit(Fault::Type, 0)
    }

    /// The value after a key.
    fn next(&self, tokens: &mut Tokens<'a>) -> Result<Self, Unfit> {
        let first = self.read(tokens.value())?;
        let whole = self.read(tokens.skip(first))?;
        Ok(self.part(tokens, whole))
    }

    pub(super) fn part(&self, tokens: &Tokens<'a>, token: Token) -> Self {
        Self {
            text: tokens.text(token),
            start: self.start + token.start,
        }
    }

    pub(super) fn open(&self, container: Container) -> Result<Tokens<'a>, Unfit> {
        let mut tokens = Tokens::new(self.text);
        let first = self.read(tokens.next())?;
        match first.kind {
            Kind::Open(open) if open == container => Ok(tokens),
            _ => Err(self.unfit(Fault::Type, first.start)),
        }
    }

    /// Nothing may follow.
    pub(super) fn close(&self, mut tokens: Tokens<'_>) -> Result<(), Unfit> {
        self.read(tokens.next()).map(drop)
    }

    pub(super) fn read<T>(&self, read: Result<T, NotJson>) -> Result<T, Unfit> {
        read.map_err(|NotJson { at }| {
            let ends = at >= self.text.len();
            self.unfit(
                if ends {
                    Fault::EndsEarly
                } else {
                    Fault::NotJson
                },
                at,
            )
        })
    }

    pub(super) fn unfit(&self, fault: Fault, at: usize) -> Unfit {
        let at = self.start + at;
        Unfit { fault, at }
    }
}

/// The text of a key that has its quotes; as it is written, where its escapes say nothing.
pub(super) fn name(key: &[u8]) -> Cow<'_, [u8]> {
    let written = &key[1..key.len() - 1];
    let escaped = memchr(b'\\', written).and_then(|_| serde_json::from_slice::<String>(key).ok());
    escaped.map_or(Cow::Borrowed(written), |name| Cow::Owned(name.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_however_their_keys_are_written() {
        let body = br#" {"a" : [1, {"b":2}],"c":"x\"","\u0062":{"a":3}} "#;
        let [a, b, c, d] = Value::whole(body).members(["a", "b", "c", "d"]).unwrap();
        let text = |value: Option<Value<'_>>| value.map(|value| value.text.to_vec());
        assert_eq!(text(a), Some(br#"[1, {"b":2}]"#.to_vec()));
        assert_eq!(text(b), Some(br#"{"a":3}"#.to_vec()));
        assert_eq!(c.unwrap().string().unwrap(), "x\"");
        assert_eq!(d, None);
        for value in [a, b, c].into_iter().flatten() {
            assert_eq!(&body[value.range()], value.text);
        }
        let elements = a.unwrap().elements().unwrap();
        assert_eq!(elements[1].text, br#"{"b":2}"#);
        assert_eq!(&body[elements[1].range()], elements[1].text);
    }

    #[test]
    fn what_is_unfit_says_so_and_where() {
        for (body, fault, at) in [
            ("", Fault::EndsEarly, 0),
            (r#"{"a":"x"#, Fault::EndsEarly, 7),
            (r#"{"b":[}"#, Fault::EndsEarly, 7),
            (r#"{"a":x}"#, Fault::NotJson, 5),
            (r#"{"a":1} {}"#, Fault::NotJson, 8),
            (r#"{"a":1,"a":1}"#, Fault::Twice("a"), 7),
            (r#"{"a":1,"\u0061":1}"#, Fault::Twice("a"), 7),
            (r#" ["a"]"#, Fault::Type, 1),
        ] {
            let seen = Value::whole(body.as_bytes()).members(["a"]);
            assert_eq!(seen, Err(Unfit { fault, at }), "{body}");
        }
        let [a] = Value::whole(br#"{ "a": [1,] }"#).members(["a"]).unwrap();
        let (fault, at) = (Fault::NotJson, 10);
        assert_eq!(a.unwrap().elements(), Err(Unfit { fault, at }));
        assert_eq!(a.unwrap().string().unwrap_err().at, 7);
        assert_eq!(a.unwrap().bool().unwrap_err().fault, Fault::Type);
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = [
            "{\"a\":",
            &"[".repeat(1_000_000),
            &"]".repeat(1_000_000),
            "}",
        ]
        .concat();
        let [a] = Value::whole(deep.as_bytes()).members(["a"]).unwrap();
        assert_eq!(a.unwrap().text.len(), 2_000_000);
    }
}
