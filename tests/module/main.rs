//! The module against real servers, a file per concern. The contract of each command is in `module/README.md`.
//! First what the tests look through, then what they hold.

mod aof;
mod limited;
mod moment;
mod shown;
mod traffic;
mod typed;
mod unchanged;

mod admit;
mod bad_input;
mod budget;
mod cluster;
mod described;
mod events;
mod info;
mod load;
mod ordinary_data;
mod persistence;
mod qgate;
mod qgate_golden;
mod qgate_seen;
mod rate;
mod rate_kept;
mod readme;
mod redis_conf;
mod replication;
mod slowness;
mod tally;
mod tampered;
mod transactions;
mod trie;
mod trie_forget;
mod trie_golden;
mod umq;
mod umq_golden;
mod waiting;
