//! The accounts of which a caller may have any one, and the commands that speak of them.

use std::ops::Range;

/// A slot is not lost while it is measured.
const LEASE_MS: &str = "600000";

/// Accounts, and how many may use each of them at once.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) keys: Vec<String>,
    /// As `QGATE.ADMIT` names them.
    any: Vec<String>,
}

/// The gate of a caller, and how many of its requests pass at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own<'a> {
    pub(super) key: &'a str,
    pub(super) limit: &'a str,
}

impl Group {
    pub(super) fn new(accounts: Range<usize>, limit: usize) -> Self {
        let keys: Vec<_> = accounts.map(account).collect();
        let counted = ["ANY".to_owned(), keys.len().to_string()];
        let gates = keys.iter().flat_map(|key| [key.clone(), limit.to_string()]);
        Self {
            any: counted.into_iter().chain(gates).collect(),
            keys,
        }
    }

    /// The command that asks for a slot of the caller's own gate and one of these accounts'.
    pub(super) fn admit<'a>(&'a self, member: &'a str, own: Own<'a>) -> Vec<&'a str> {
        let head = ["QGATE.ADMIT", member, "PX", LEASE_MS];
        let all = ["ALL", "1", own.key, own.limit];
        let any = self.any.iter().map(String::as_str);
        head.into_iter().chain(all).chain(any).collect()
    }

    /// The command that gives both back.
    pub(super) fn leave<'a>(&'a self, member: &'a str, own: &'a str, index: usize) -> [&'a str; 5] {
        ["QGATE.LEAVE", member, "2", own, &self.keys[index]]
    }
}

/// The gate of an account.
pub(super) fn account(number: usize) -> String {
    format!("account:{number}")
}

/// The gate of a caller.
pub(super) fn caller(number: usize) -> String {
    format!("caller:{number}")
}
