//! What Redis answers, as values.

use bytes::Bytes;

/// One reply. A map is the list of its keys and values in turn, a set the list of its members: whoever asked knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    Nil,
    Int(i64),
    Bool(bool),
    Double(f64),
    Text(Bytes),
    List(Vec<Reply>),
    Error(Box<str>),
}

impl Reply {
    pub(crate) fn int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Text(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.bytes()
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    pub(crate) fn list(&self) -> Option<&[Reply]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn error(&self) -> Option<&str> {
        match self {
            Self::Error(text) => Some(text),
            _ => None,
        }
    }

    /// The word by which an error begins.
    pub(crate) fn error_code(&self) -> Option<&str> {
        self.error()?.split(' ').next()
    }
}
