//! TRIE: the longest stored prefix of a chain. A trie is one HASH, digest of a prefix → end and value.
//! A new command is a file here, a row in `lib.rs`, a section in `module/README.md`.

pub(crate) mod chain;
pub(crate) mod del;
mod entry;
pub(crate) mod find;
pub(crate) mod forget;
pub(crate) mod info;
pub(crate) mod save;
mod stored;
