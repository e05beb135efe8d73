//! What the fuzzer does in one step. Each says all of itself, so that some can be left out.

use std::fmt;

use crate::model::{Caller, Manner};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Op {
    /// A command, from one of the connections.
    Send {
        connection: usize,
        manner: Manner,
        words: Vec<Vec<u8>>,
    },
    /// Time passes, and the server sees every ms in which something is due.
    Pass { ms: i64 },
    /// The clock is set so much forward at once.
    Leap { ms: i64 },
    /// A connection is closed and made anew.
    Reconnect {
        connection: usize,
        protocol: Protocol,
    },
    /// The server saves its data and loads them: from a dump, or from the commands that it has appended.
    Reload,
    /// Everything that is kept is compared.
    Check,
    /// Everything goes, and everybody.
    Clear,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Resp2,
    Resp3,
}

impl Op {
    pub(crate) fn plain(words: &[&str]) -> Self {
        Self::Send {
            connection: 0,
            manner: Manner::Plain,
            words: words.iter().map(|word| word.as_bytes().to_vec()).collect(),
        }
    }
}

impl Caller {
    fn tag(self) -> String {
        let how = match self.manner {
            Manner::Plain => "",
            Manner::Transaction => " in MULTI",
            Manner::Script => " in EVAL",
        };
        format!("{}{how}", self.connection)
    }
}

/// As `redis-cli` takes it, with the connection before it.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send {
                connection,
                manner,
                words,
            } => {
                let caller = Caller {
                    connection: *connection,
                    manner: *manner,
                };
                write!(f, "[{}]", caller.tag())?;
                words
                    .iter()
                    .try_for_each(|word| write!(f, " {}", quoted(word)))
            }
            Self::Pass { ms } => write!(f, "(… {ms} ms pass)"),
            Self::Leap { ms } => write!(f, "(the clock is set {ms} ms forward)"),
            Self::Reconnect { connection, .. } => write!(f, "[{connection}] (reconnects)"),
            Self::Reload => f.write_str("DEBUG RELOAD, or LOADAOF where commands are appended"),
            Self::Clear => f.write_str("(all reconnect; FLUSHALL)"),
            Self::Check => f.write_str("(everything is compared)"),
        }
    }
}

/// A word, in quotes where `redis-cli` needs them.
pub(crate) fn quoted(word: &[u8]) -> String {
    const LONG: usize = 80;
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b".:_-{}".contains(byte);
    if !word.is_empty() && word.iter().all(is_plain) && word.len() <= LONG {
        return String::from_utf8_lossy(word).into_owned();
    }
    if word.len() > LONG {
        let begin = word[..16].escape_ascii();
        return format!("\"{begin}…\" ({} bytes)", word.len());
    }
    format!("\"{}\"", word.escape_ascii())
}
