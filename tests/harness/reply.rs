//! What a server answers, comparable with plain Rust values so that an assertion reads like `redis-cli`:
//! `assert_eq!(redis.call("ZADD z 1 a"), 1)`, `… [1, 0, token, 0]`, `… error("ERR …")`.

use std::fmt;

#[derive(Clone, PartialEq)]
pub enum Reply {
    Nil,
    Int(i64),
    Double(f64),
    Bool(bool),
    /// A simple string: `OK`, `PONG`, `QUEUED`.
    Status(String),
    /// A bulk string, any bytes.
    Text(Vec<u8>),
    Array(Vec<Reply>),
    /// RESP3 only.
    Map(Vec<(Reply, Reply)>),
    /// RESP3 only: a message that answers no command.
    Push(Vec<Reply>),
    /// The whole line as the server sends it, `ERR …` included.
    Error(String),
}

/// The error with exactly this line.
pub fn error(line: impl Into<String>) -> Reply {
    Reply::Error(line.into())
}

impl Reply {
    /// # Panics
    /// When it is not an integer.
    #[track_caller]
    pub fn int(&self) -> i64 {
        match self {
            Self::Int(value) => *value,
            other => panic!("an integer was expected, not {other:?}"),
        }
    }

    /// A bulk or simple string; bytes that are not UTF-8 are replaced.
    ///
    /// # Panics
    /// When it is not a string.
    #[track_caller]
    pub fn text(&self) -> String {
        match self {
            Self::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Status(text) => text.clone(),
            other => panic!("a string was expected, not {other:?}"),
        }
    }

    /// The elements of an array or push.
    ///
    /// # Panics
    /// When it is neither.
    #[track_caller]
    pub fn items(&self) -> &[Reply] {
        match self {
            Self::Array(items) | Self::Push(items) => items,
            other => panic!("an array was expected, not {other:?}"),
        }
    }

    /// The value behind a name, in a map or in the flat array that RESP2 has for it.
    ///
    /// # Panics
    /// When there is no such name.
    #[track_caller]
    pub fn field(&self, name: &str) -> &Reply {
        let found = match self {
            Self::Map(pairs) => pairs.iter().find(|(key, _)| *key == name).map(|(_, v)| v),
            Self::Array(items) => items
                .chunks_exact(2)
                .find(|pair| pair[0] == name)
                .map(|pair| &pair[1]),
            _ => None,
        };
        found.unwrap_or_else(|| panic!("no field {name:?} in {self:?}"))
    }

    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }
}

impl PartialEq<i64> for Reply {
    fn eq(&self, other: &i64) -> bool {
        matches!(self, Self::Int(value) if value == other)
    }
}

/// A bulk or a simple string; an error is equal only to [`error`].
impl PartialEq<str> for Reply {
    fn eq(&self, other: &str) -> bool {
        match self {
            Self::Text(bytes) => bytes == other.as_bytes(),
            Self::Status(text) => text == other,
            _ => false,
        }
    }
}

impl PartialEq<&str> for Reply {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl PartialEq<String> for Reply {
    fn eq(&self, other: &String) -> bool {
        *self == **other
    }
}

impl<T, const N: usize> PartialEq<[T; N]> for Reply
where
    Reply: PartialEq<T>,
{
    fn eq(&self, other: &[T; N]) -> bool {
        matches!(self, Self::Array(items) if items.as_slice() == other)
    }
}

impl<T> PartialEq<Vec<T>> for Reply
where
    Reply: PartialEq<T>,
{
    fn eq(&self, other: &Vec<T>) -> bool {
        matches!(self, Self::Array(items) if items == other)
    }
}

impl From<i64> for Reply {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<&[u8]> for Reply {
    fn from(bytes: &[u8]) -> Self {
        Self::Text(bytes.to_vec())
    }
}

impl<T: Into<Reply>> From<Vec<T>> for Reply {
    fn from(items: Vec<T>) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Reply>, const N: usize> From<[T; N]> for Reply {
    fn from(items: [T; N]) -> Self {
        Self::Array(items.into_iter().map(Into::into).collect())
    }
}

/// As a person would write the expectation down.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("nil"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Double(value) => write!(f, "{value:?}"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Status(text) => f.write_str(text),
            Self::Text(bytes) => write!(f, "\"{}\"", bytes.escape_ascii()),
            Self::Array(items) => f.debug_list().entries(items).finish(),
            Self::Map(pairs) => f
                .debug_map()
                .entries(pairs.iter().map(|(k, v)| (k, v)))
                .finish(),
            Self::Push(items) => f
                .write_str("push ")
                .and_then(|()| f.debug_list().entries(items).finish()),
            Self::Error(line) => write!(f, "error({line:?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_compared_with_plain_values() {
        assert_eq!(Reply::Int(7), 7);
        assert_eq!(Reply::from("a"), "a");
        assert_eq!(Reply::Status("OK".into()), "OK");
        assert_eq!(Reply::from([1, 0, -1]), [1, 0, -1]);
        assert_eq!(
            Reply::Array(vec![Reply::Int(0), "k".into(), Reply::Nil]),
            [0.into(), "k".into(), Reply::Nil]
        );
        assert_ne!(error("OK"), "OK");
        assert_ne!(Reply::from("1"), 1);
    }

    #[test]
    fn a_field_is_found_in_a_map_and_in_a_flat_array() {
        let flat = Reply::Array(vec!["holder".into(), "a".into(), "token".into(), 9.into()]);
        let map = Reply::Map(vec![
            ("holder".into(), "a".into()),
            ("token".into(), 9.into()),
        ]);
        assert_eq!(*flat.field("token"), 9);
        assert_eq!(*map.field("token"), 9);
    }

    #[test]
    fn debug_shows_bytes_that_are_not_text() {
        let reply = Reply::Array(vec![Reply::Nil, Reply::Text(vec![0, b'a', 255])]);
        assert_eq!(format!("{reply:?}"), r#"[nil, "\x00a\xff"]"#);
    }
}
