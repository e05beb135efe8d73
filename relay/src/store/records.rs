//! Reads the records of requests, a page at a time.

use super::{Batch, Reply, Store, StoreError, list, names};

const READ: &str = "XRANGE";
const READ_BACK: &str = "XREVRANGE";

/// A record as it is written: its place in the stream, and its fields with their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) place: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Store {
    /// The next `most` records after a place, the oldest first. An empty page is the end.
    pub(crate) async fn records(&self, after: &str, most: u64) -> Result<Vec<Written>, StoreError> {
        let mut batch = Batch::of(READ);
        batch.arg(names::RECORDS).joined([b"(", after.as_bytes()]);
        batch.arg("+").arg("COUNT").number(most);
        let reply = self.domain.ask_one(&batch).await?;
        let entries = list(READ, &reply)?.iter();
        Ok(entries.filter_map(read).collect())
    }

    /// At most `most` records between two places, the newest first; `(` before a place leaves it out.
    pub(crate) async fn records_back(
        &self,
        first: &str,
        last: &str,
        most: u64,
    ) -> Result<Vec<Written>, StoreError> {
        let mut batch = Batch::of(READ_BACK);
        batch.arg(names::RECORDS).arg(first).arg(last);
        batch.arg("COUNT").number(most);
        let reply = self.domain.ask_one(&batch).await?;
        let entries = list(READ_BACK, &reply)?.iter();
        Ok(entries.filter_map(read).collect())
    }
}

fn read(entry: &Reply) -> Option<Written> {
    let [place, fields] = entry.list()? else {
        return None;
    };
    let pairs = fields.list()?.as_chunks().0.iter();
    let pair =
        |[name, value]: &[Reply; 2]| Some((name.text()?.to_owned(), value.text()?.to_owned()));
    Some(Written {
        place: place.text()?.to_owned(),
        fields: pairs.filter_map(pair).collect(),
    })
}
