//! `TRIE.*`

use super::words::{MAX_SPAN, Refusal, Words, bounded, is, once, required, unexpected};

/// The segments of a chain.
pub(crate) type Chain = Vec<Vec<u8>>;

#[derive(Clone, Debug)]
pub(crate) enum Trie {
    Save {
        chain: Chain,
        value: Vec<u8>,
        life: i64,
        replaced: Option<Chain>,
    },
    Find {
        chain: Chain,
        life: Option<i64>,
        shape: Shape,
    },
    Del {
        chain: Chain,
    },
    Forget {
        cursor: u64,
        value: Vec<u8>,
        count: usize,
    },
    Info,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Value,
    WithMatch,
}

/// What stands behind `TRIE.<verb> key`; `None`: no such command.
pub(super) fn read(verb: &str, words: &mut Words<'_>) -> Result<Option<Trie>, Refusal> {
    let act = match verb {
        "save" => save(words)?,
        "find" => find(words)?,
        "find_ro" => find_ro(words)?,
        "del" => Trie::Del {
            chain: chain("chain", words.fixed("chain")?)?,
        },
        "forget" => Trie::Forget {
            cursor: cursor(words.fixed("cursor")?)?,
            value: bounded(words.fixed("value")?, "value", 4_096)?.to_vec(),
            count: words.count()?,
        },
        "info" => Trie::Info,
        _ => return Ok(None),
    };
    words.end()?;
    Ok(Some(act))
}

fn save(words: &mut Words<'_>) -> Result<Trie, Refusal> {
    let saved = some_chain("chain", words.fixed("chain")?)?;
    let value = bounded(words.fixed("value")?, "value", 4_096)?.to_vec();
    let (mut life, mut replaced) = (None, None);
    while let Some(option) = words.word() {
        if is(option, "REPLACE") {
            let old = some_chain("old-chain", words.value("REPLACE")?)?;
            once(option, &mut replaced, old)?;
        } else {
            words.span(option, &mut life, MAX_SPAN)?;
        }
    }
    let continues = |old: &Chain| old.len() < saved.len() && saved.starts_with(old);
    if replaced.as_ref().is_some_and(|old| !continues(old)) {
        return Err("ERR invalid old-chain: must be a proper prefix of chain".to_owned());
    }
    Ok(Trie::Save {
        chain: saved,
        value,
        life: required(life, "PX")?,
        replaced,
    })
}

fn find(words: &mut Words<'_>) -> Result<Trie, Refusal> {
    let chain = chain("chain", words.fixed("chain")?)?;
    let (mut life, mut shape) = (None, None);
    while let Some(option) = words.word() {
        if is(option, "WITHMATCH") {
            once(option, &mut shape, Shape::WithMatch)?;
        } else {
            words.span(option, &mut life, MAX_SPAN)?;
        }
    }
    Ok(Trie::Find {
        chain,
        life,
        shape: shape.unwrap_or(Shape::Value),
    })
}

fn find_ro(words: &mut Words<'_>) -> Result<Trie, Refusal> {
    let chain = chain("chain", words.fixed("chain")?)?;
    let shape = match words.word() {
        None => Shape::Value,
        Some(option) if is(option, "WITHMATCH") => Shape::WithMatch,
        Some(option) => return Err(unexpected(option)),
    };
    Ok(Trie::Find {
        chain,
        life: None,
        shape,
    })
}

pub(super) fn chain(argument: &str, bytes: &[u8]) -> Result<Chain, Refusal> {
    if bytes.len() > 65_536 {
        return Err(format!(
            "ERR invalid {argument}: must be at most 65536 bytes"
        ));
    }
    let segments = bytes.split(|byte| *byte == b'-');
    let segments: Chain = segments
        .filter(|segment| !segment.is_empty())
        .map(<[u8]>::to_vec)
        .collect();
    if segments.len() > 4_096 {
        return Err(wrong_segments(argument));
    }
    Ok(segments)
}

fn some_chain(argument: &str, bytes: &[u8]) -> Result<Chain, Refusal> {
    let chain = chain(argument, bytes)?;
    if chain.is_empty() {
        return Err(wrong_segments(argument));
    }
    Ok(chain)
}

fn wrong_segments(argument: &str) -> Refusal {
    format!("ERR invalid {argument}: must have 1 to 4096 segments")
}

fn cursor(word: &[u8]) -> Result<u64, Refusal> {
    let digits = word.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(word).ok().filter(|_| digits);
    let cursor = text.and_then(|text| text.parse().ok());
    cursor.ok_or_else(|| "ERR invalid cursor".to_owned())
}
