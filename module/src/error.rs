//! What a command refuses, and the one line that each refusal becomes on the wire.
//! To add one: a variant and its sentence. Begin as Redis words it, then name the argument and its range.

use std::fmt;

/// Why a command failed. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    /// A word that the grammar has no place for.
    Unexpected(Escaped),
    /// An option that the command cannot do without.
    Missing { option: &'static str },
    /// An option at the end of the line, without what must follow it.
    Valueless { option: &'static str },
    /// Not an integer, or not one that this argument can have.
    NotInRange {
        argument: &'static str,
        min: i64,
        max: i64,
    },
    /// An expire time that is an integer but not a possible one.
    ExpireTime {
        command: &'static str,
        option: &'static str,
        max: i64,
    },
    /// A string that is empty or too long.
    Length { argument: &'static str, max: usize },
    /// A string that may be empty but not so long.
    TooLong { argument: &'static str, max: usize },
    /// A chain without segments, or with too many.
    Segments { argument: &'static str, max: usize },
    /// `numkeys` does not fit the words that follow.
    NumKeys,
    /// Not a number that a walk can go on from.
    Cursor,
    /// A channel that belongs to another slot of the Cluster than the key.
    CrossSlot,
    /// The user has no right to the channel.
    ChannelDenied,
    /// More or fewer priorities than gates to choose from.
    Priorities,
    /// The preferred gate is not one to choose from.
    NotAmongAny,
    /// A key that is named twice.
    KeyTwice(Escaped),
    /// A field of a hash that holds no integer.
    NotACounter(Escaped),
    /// A counter that would leave the range of 64 bits.
    Overflow(Escaped),
    /// A stream whose last id is the last that there can be.
    LastId(Escaped),
    /// The chain to be replaced is not one that the new chain continues.
    NotAPrefix,
    /// The key holds something that is not ours.
    WrongType,
    /// This server does not serve the key any more.
    Moved,
    /// The server refused a call that a command of ours made to it.
    Server(String),
    /// A defect of ours.
    Internal,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected(word) => write!(f, "ERR syntax error: unexpected '{word}'"),
            Self::Missing { option } => write!(f, "ERR syntax error: {option} is missing"),
            Self::Valueless { option } => write!(f, "ERR syntax error: {option} needs a value"),
            Self::NotInRange { argument, min, max } => write!(
                f,
                "ERR value is not an integer or out of range: {argument} must be {min} to {max}"
            ),
            Self::ExpireTime {
                command,
                option,
                max,
            } => write!(
                f,
                "ERR invalid expire time in '{command}' command: {option} must be 1 to {max}"
            ),
            Self::Length { argument, max } => {
                write!(f, "ERR invalid {argument}: must be 1 to {max} bytes")
            }
            Self::TooLong { argument, max } => {
                write!(f, "ERR invalid {argument}: must be at most {max} bytes")
            }
            Self::Segments { argument, max } => {
                write!(f, "ERR invalid {argument}: must have 1 to {max} segments")
            }
            Self::NumKeys => f.write_str(
                "ERR value is not an integer or out of range: numkeys must be the number of keys that follow",
            ),
            Self::ChannelDenied => f.write_str("NOPERM No permissions to access a channel"),
            Self::Priorities => f.write_str(
                "ERR syntax error: PRIORITY must have as many integers as ANY has gates",
            ),
            Self::NotAmongAny => f.write_str("ERR syntax error: PREFER must name one of the ANY keys"),
            Self::CrossSlot => {
                f.write_str("CROSSSLOT Key and channel in request don't hash to the same slot")
            }
            Self::Cursor => f.write_str("ERR invalid cursor"),
            Self::KeyTwice(key) => write!(f, "ERR key '{key}' is named twice"),
            Self::NotACounter(field) => {
                write!(f, "ERR hash value is not an integer: field '{field}'")
            }
            Self::Overflow(field) => write!(
                f,
                "ERR increment or decrement would overflow: field '{field}'"
            ),
            Self::LastId(key) => write!(
                f,
                "ERR The stream has exhausted the last possible ID, unable to add more items: key '{key}'"
            ),
            Self::NotAPrefix => {
                f.write_str("ERR invalid old-chain: must be a proper prefix of chain")
            }
            Self::WrongType => f.write_str(
                "WRONGTYPE Operation against a key holding the wrong kind of value",
            ),
            Self::Moved => f.write_str("TRYAGAIN The key has moved while you waited: ask again"),
            Self::Server(line) => f.write_str(line),
            Self::Internal => f.write_str("ERR internal error in module 'weir': see the server's log"),
        }
    }
}

/// Bytes from outside made fit for one line of text: printable ASCII, at most 64 bytes of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Escaped(String);

impl Escaped {
    const MOST: usize = 64;

    pub(crate) fn new(bytes: &[u8]) -> Self {
        let shown = &bytes[..bytes.len().min(Self::MOST)];
        let mut text = shown.escape_ascii().to_string();
        if shown.len() < bytes.len() {
            text.push_str("...");
        }
        Self(text)
    }
}

impl fmt::Display for Escaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
