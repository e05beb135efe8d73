//! The log of what operators did: a capped stream. An entry is written in the transaction that does what it tells, or
//! alone where what was done is no change of what is stored.

use super::{Batch, Reply, Store, StoreError, list, names};

const READ: &str = "XREVRANGE";
const ENTRIES_KEPT: u64 = 100_000;

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// By the name under which they sign in, or that of a token; `cli:<os user>`.
    pub(crate) who: String,
    pub(crate) role: String,
    /// The address, where there is one.
    pub(crate) from: String,
    pub(crate) act: String,
    pub(crate) what: String,
    pub(crate) id: String,
    /// As JSON: of each field that changed what it was and what it is. Never a secret.
    pub(crate) changes: String,
}

impl Store {
    /// Writes what no transaction of ours does.
    pub(crate) async fn audit(&self, entry: &Entry) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        note(&mut batch, entry);
        let reply = self.callers.ask_one(&batch).await?;
        match reply.error() {
            None => Ok(()),
            Some(error) => Err(StoreError::Refused {
                command: "XADD",
                error: error.to_owned(),
            }),
        }
    }

    /// At most `most` entries with their places, the newest first, from before a place on.
    pub(crate) async fn audited(
        &self,
        before: Option<&str>,
        most: u64,
    ) -> Result<Vec<(String, Entry)>, StoreError> {
        let mut batch = Batch::of(READ);
        batch.arg(names::AUDIT);
        match before {
            None => batch.arg("+"),
            Some(place) => batch.joined([b"(", place.as_bytes()]),
        };
        batch.arg("-").arg("COUNT").number(most);
        let reply = self.callers.ask_one(&batch).await?;
        Ok(list(READ, &reply)?.iter().filter_map(read).collect())
    }
}

/// Adds the entry to the transaction that does what it tells.
pub(super) fn note(batch: &mut Batch, entry: &Entry) {
    batch.command("XADD").arg(names::AUDIT);
    batch.arg("MAXLEN").arg("~").number(ENTRIES_KEPT).arg("*");
    for (name, value) in [
        ("who", &entry.who),
        ("role", &entry.role),
        ("from", &entry.from),
        ("act", &entry.act),
        ("what", &entry.what),
        ("id", &entry.id),
        ("changes", &entry.changes),
    ] {
        batch.arg(name).arg(value);
    }
}

fn read(entry: &Reply) -> Option<(String, Entry)> {
    let [place, fields] = entry.list()? else {
        return None;
    };
    let pairs = fields.list()?.as_chunks().0;
    let field = |wanted: &str| {
        let [_, value] = pairs.iter().find(|[name, _]| name.text() == Some(wanted))?;
        value.text().map(str::to_owned)
    };
    let entry = Entry {
        who: field("who")?,
        role: field("role")?,
        from: field("from")?,
        act: field("act")?,
        what: field("what")?,
        id: field("id")?,
        changes: field("changes")?,
    };
    Some((place.text()?.to_owned(), entry))
}
