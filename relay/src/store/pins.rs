//! Pins: a trie for each key of a caller, from what an account has made for it to that account. So nobody finds what was
//! made for somebody else, and the module bounds how much is known of it.

use super::{Batch, Reply, Store, StoreError, list, names};
use crate::pins::Mark;

const SAVE: &str = "TRIE.SAVE";
const FIND: &str = "TRIE.FIND_RO";
/// As long as providers keep what is stored there.
const KEPT_S: u64 = 30 * 86_400;

impl Store {
    /// Writes what an account has made. Sent and not waited for: it is there before whatever is asked next over the same
    /// connection. Gives that one's number: once it is lost, nobody knows whether it was written.
    pub(crate) fn pin(&self, key: &str, account: &str, made: &[Mark]) -> Option<u64> {
        let mut batch = Batch::new();
        pin(&mut batch, key, account, made);
        let connection = self.domain.connection().ok()?;
        drop(connection.send(&batch));
        Some(connection.number())
    }

    /// Forgets what an account has deleted. Sent and not waited for: if that is lost, the provider says that it is gone.
    pub(crate) fn unpin(&self, key: &str, deleted: &[Mark]) {
        let trie = names::pins(key);
        let mut batch = Batch::new();
        for mark in deleted {
            batch.command("TRIE.DEL").arg(&trie).arg(mark.to_string());
        }
        if let Ok(connection) = self.domain.connection() {
            drop(connection.send(&batch));
        }
    }

    /// By which account each of these was made for a key, as far as that is known.
    pub(crate) async fn makers(
        &self,
        key: &str,
        marks: &[Mark],
    ) -> Result<Vec<Option<String>>, StoreError> {
        let trie = names::pins(key);
        let mut batch = Batch::new();
        for mark in marks {
            batch.command(FIND).arg(&trie).arg(mark.to_string());
        }
        let replies = self.domain.ask(&batch).await?;
        replies.iter().map(maker).collect()
    }
}

pub(super) fn pin(batch: &mut Batch, key: &str, account: &str, made: &[Mark]) {
    let trie = names::pins(key);
    for mark in made {
        batch.command(SAVE).arg(&trie).arg(mark.to_string());
        batch.arg(account).arg("EX").number(KEPT_S);
    }
}

fn maker(reply: &Reply) -> Result<Option<String>, StoreError> {
    match reply {
        Reply::Nil => Ok(None),
        Reply::Text(_) => Ok(reply.text().map(str::to_owned)),
        refused => list(FIND, refused).and(Err(StoreError::Form { command: FIND })),
    }
}
