//! What may be held and waited for, as operators name it: `account:<id>` for its slots, `turn:<id>` for its turn, and the
//! slots of `key:<id>`, `user:<id>` and `group:<id>`. Pure.

use std::{fmt, str::FromStr};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Queue {
    pub(crate) of: Of,
    pub(crate) id: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Account,
    Turn,
    Key,
    User,
    Group,
}

/// The operator's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a queue is account:<id>, turn:<id>, key:<id>, user:<id> or group:<id>")]
pub(crate) struct NoQueue;

const LONGEST_ID: usize = 128;

impl Of {
    const ALL: [Self; 5] = [
        Self::Account,
        Self::Turn,
        Self::Key,
        Self::User,
        Self::Group,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Turn => "turn",
            Self::Key => "key",
            Self::User => "user",
            Self::Group => "group",
        }
    }
}

impl FromStr for Queue {
    type Err = NoQueue;

    fn from_str(text: &str) -> Result<Self, NoQueue> {
        let (word, id) = text.split_once(':').ok_or(NoQueue)?;
        let of = Of::ALL.into_iter().find(|of| of.word() == word);
        match (of, id.chars().count()) {
            (Some(of), 1..=LONGEST_ID) => Ok(Self { of, id: id.into() }),
            _ => Err(NoQueue),
        }
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.of.word(), self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_read_as_it_is_written() {
        for of in Of::ALL {
            let queue = Queue {
                of,
                id: "a:1".into(),
            };
            assert_eq!(queue.to_string().parse(), Ok(queue));
        }
        let long = format!("key:{}", "x".repeat(LONGEST_ID + 1));
        for text in [
            "",
            "account",
            "account:",
            "accounts:a",
            ":a",
            "Turn:a",
            &long,
        ] {
            assert_eq!(text.parse::<Queue>(), Err(NoQueue), "{text}");
        }
    }
}
