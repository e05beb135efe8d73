//! The names of what is waited for and of flows: each one piece of memory behind one pointer, shared by all who bear it.
//! Pure.

use triomphe::ThinArc;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Family {
    Turn,
    Gate,
}

/// Names a turn or a gate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct KeyName(ThinArc<(Family, i32), u8>);

/// Whose waiter it is; empty for the common flow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FlowName(ThinArc<(), u8>);

impl KeyName {
    pub(crate) fn new(family: Family, db: i32, key: &[u8]) -> Self {
        Self(ThinArc::from_header_and_slice((family, db), key))
    }

    pub(crate) fn family(&self) -> Family {
        self.0.header.header.0
    }

    pub(crate) fn db(&self) -> i32 {
        self.0.header.header.1
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.0.slice
    }
}

impl FlowName {
    pub(crate) fn new(name: &[u8]) -> Self {
        Self(ThinArc::from_header_and_slice((), name))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0.slice
    }
}
