//! Whole decisions: the gates that `QGATE.ADMIT` is asked for at once. Each of them has one limit, whoever names it, so
//! that what has room is no question of who asked last.

use std::fmt;

use crate::record::Key;

/// A caller's own gates, each wanted by some.
pub(crate) const OWN: [Key; 3] = [Key::Gate(6), Key::Gate(7), Key::Gate(8)];

/// The accounts.
const ACCOUNTS: [Key; 3] = [Key::Gate(3), Key::Gate(4), Key::Gate(5)];

/// The accounts in the groups in which they are wanted: any one of a group will do.
pub(crate) const GROUPS: [&[Key]; 4] = [
    &[Key::Gate(3), Key::Gate(4)],
    &[Key::Gate(4), Key::Gate(5)],
    &[Key::Gate(5), Key::Gate(3), Key::Gate(4)],
    &[Key::Gate(5)],
];

/// The bucket that is never short.
const RATE: &str = "RATES 1 rate:0 1000000 1000000 1 1";

/// What `QGATE.ADMIT` is asked for: the caller's own gate, if any, and one of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Whole {
    pub(crate) own: Option<Key>,
    pub(crate) any: &'static [Key],
    pub(crate) preferred: Option<Preferred>,
    pub(crate) rates: Rates,
}

/// For so long only this one of the group will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Preferred {
    pub(crate) key: Key,
    pub(crate) patience_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rates {
    None,
    Ample,
}

impl Whole {
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.own.into_iter().chain(self.any.iter().copied())
    }

    /// How many slots a grant takes.
    pub(crate) fn slots(&self) -> i64 {
        1 + i64::from(self.own.is_some())
    }

    /// Whether these gates, which have room, are all it needs at any time of its wait.
    pub(crate) fn could_have(&self, with_room: &[Key]) -> bool {
        let has_room = |key: &Key| with_room.contains(key);
        let any = match &self.preferred {
            Some(preferred) => has_room(&preferred.key),
            None => self.any.iter().any(has_room),
        };
        any && self.own.as_ref().is_none_or(has_room)
    }
}

/// The gates that are wanted together with others.
pub(crate) fn parts() -> impl Iterator<Item = Key> {
    ACCOUNTS.into_iter().chain(OWN)
}

/// Whether this is one of them.
pub(crate) fn is_part(key: Key) -> bool {
    parts().any(|part| part == key)
}

/// The limit of a gate that is wanted together with others.
pub(crate) fn limit(key: Key) -> i64 {
    match key {
        Key::Gate(3 | 6) => 1,
        Key::Gate(8) => 3,
        Key::Gate(_) | Key::Turn(_) => 2,
    }
}

/// As the command spells it.
impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(own) = self.own {
            write!(f, "ALL 1 {own} {} ", limit(own))?;
        }
        write!(f, "ANY {}", self.any.len())?;
        for key in self.any {
            write!(f, " {key} {}", limit(*key))?;
        }
        if let Some(Preferred { key, patience_ms }) = self.preferred {
            write!(f, " PREFER {key} PATIENCE {patience_ms}")?;
        }
        match self.rates {
            Rates::None => Ok(()),
            Rates::Ample => write!(f, " {RATE}"),
        }
    }
}
