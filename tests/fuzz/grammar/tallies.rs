//! `TALLY.ADD`

use super::words::{MAX_SPAN, Refusal, Words, escaped};

#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub(crate) ids: Vec<u8>,
    pub(crate) id: Vec<u8>,
    pub(crate) keep: i64,
    pub(crate) increments: Vec<Increment>,
}

#[derive(Clone, Debug)]
pub(crate) struct Increment {
    pub(crate) hash: Vec<u8>,
    pub(crate) field: Vec<u8>,
    pub(crate) by: i64,
}

/// What stands behind `TALLY.ADD`.
pub(super) fn read(words: &mut Words<'_>) -> Result<Tally, Refusal> {
    let ids = words.fixed("ids-key")?.to_vec();
    let id = words.id("id")?.to_vec();
    let keep = words.fixed_span(MAX_SPAN)?;
    let count = words.integer("n", 1, 64)?;
    let increments = (0..count).map(|_| increment(words));
    let increments = increments.collect::<Result<Vec<_>, _>>()?;
    words.end()?;
    if increments.iter().any(|one| one.hash == ids) {
        return Err(format!("ERR key '{}' is named twice", escaped(&ids)));
    }
    Ok(Tally {
        ids,
        id,
        keep,
        increments,
    })
}

fn increment(words: &mut Words<'_>) -> Result<Increment, Refusal> {
    Ok(Increment {
        hash: words.fixed("hash-key")?.to_vec(),
        field: words.id("field")?.to_vec(),
        by: words.integer("increment", i64::MIN, i64::MAX)?,
    })
}
