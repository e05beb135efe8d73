//! `TALLY.ADD`

use super::words::{MAX_SPAN, Refusal, Words, escaped, is, unexpected};

#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub(crate) ids: Vec<u8>,
    pub(crate) id: Vec<u8>,
    pub(crate) keep: i64,
    pub(crate) increments: Vec<Increment>,
    pub(crate) record: Option<Record>,
}

#[derive(Clone, Debug)]
pub(crate) struct Increment {
    pub(crate) hash: Vec<u8>,
    pub(crate) field: Vec<u8>,
    pub(crate) by: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) stream: Vec<u8>,
    pub(crate) most: usize,
    /// Fields with their values.
    pub(crate) words: Vec<Vec<u8>>,
}

/// What stands behind `TALLY.ADD`.
pub(super) fn read(words: &mut Words<'_>) -> Result<Tally, Refusal> {
    let ids = words.fixed("ids-key")?.to_vec();
    let id = words.id("id")?.to_vec();
    let keep = words.fixed_span(MAX_SPAN)?;
    let count = words.integer("n", 0, 64)?;
    let increments = (0..count).map(|_| increment(words));
    let increments = increments.collect::<Result<Vec<_>, _>>()?;
    let record = record(words)?;
    let stream = record.as_ref().map(|record| &record.stream);
    let hashes = increments.iter().map(|one| &one.hash);
    let mut twice: Vec<_> = stream
        .filter(|stream| **stream == ids)
        .into_iter()
        .collect();
    twice.extend(hashes.filter(|hash| **hash == ids || Some(*hash) == stream));
    if let Some(key) = twice.into_iter().min() {
        return Err(format!("ERR key '{}' is named twice", escaped(key)));
    }
    Ok(Tally {
        ids,
        id,
        keep,
        increments,
        record,
    })
}

fn record(words: &mut Words<'_>) -> Result<Option<Record>, Refusal> {
    let Some(option) = words.word() else {
        return Ok(None);
    };
    if !is(option, "RECORD") {
        return Err(unexpected(option));
    }
    let stream = words.value("RECORD")?.to_vec();
    let bound = words.fixed("MAXLEN")?;
    if !is(bound, "MAXLEN") {
        return Err(unexpected(bound));
    }
    let most = words.integer("MAXLEN", 1, 1_000_000_000)?;
    let mut pairs = Vec::new();
    while pairs.is_empty() || pairs.len() < 2 * 64 && !words.rest().is_empty() {
        pairs.push(words.id("field")?.to_vec());
        let value = words.fixed("value")?;
        if value.len() > 4_096 {
            return Err("ERR invalid value: must be at most 4096 bytes".to_owned());
        }
        pairs.push(value.to_vec());
    }
    words.end()?;
    Ok(Some(Record {
        stream,
        most: usize::try_from(most).expect("it is at least 1"),
        words: pairs,
    }))
}

fn increment(words: &mut Words<'_>) -> Result<Increment, Refusal> {
    Ok(Increment {
        hash: words.fixed("hash-key")?.to_vec(),
        field: words.id("field")?.to_vec(),
        by: words.integer("increment", i64::MIN, i64::MAX)?,
    })
}
