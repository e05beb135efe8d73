//! A chain: segments joined by `-`, and the digests of all its prefixes in one pass. Pure.

use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::error::Error;

pub(super) const MAX_BYTES: usize = 64 * 1024;
const MAX_SEGMENTS: usize = 4_096;

/// The name of a prefix within its trie.
pub(super) type Digest = [u8; 16];

/// The segments of a chain; empty ones are dropped.
#[derive(Debug)]
pub(crate) struct Chain<'a> {
    segments: Vec<&'a [u8]>,
}

impl<'a> Chain<'a> {
    pub(crate) fn parse(argument: &'static str, bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::TooLong {
                argument,
                max: MAX_BYTES,
            });
        }
        let segments: Vec<&[u8]> = bytes
            .split(|byte| *byte == b'-')
            .filter(|segment| !segment.is_empty())
            .collect();
        if segments.len() > MAX_SEGMENTS {
            return Err(Error::Segments {
                argument,
                max: MAX_SEGMENTS,
            });
        }
        Ok(Self { segments })
    }

    /// As `parse`, but a chain without segments is an error.
    pub(crate) fn parse_some(argument: &'static str, bytes: &'a [u8]) -> Result<Self, Error> {
        let chain = Self::parse(argument, bytes)?;
        if chain.segments.is_empty() {
            return Err(Error::Segments {
                argument,
                max: MAX_SEGMENTS,
            });
        }
        Ok(chain)
    }

    pub(super) fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether `longer` continues this chain by at least one segment.
    pub(super) fn is_proper_prefix_of(&self, longer: &Chain<'_>) -> bool {
        self.len() < longer.len() && longer.segments.starts_with(&self.segments)
    }

    /// The digest of every prefix, shortest first. Each is made of the one before and one segment.
    pub(super) fn digests(&self, seed: u64) -> Vec<Digest> {
        let mut block = vec![0; size_of::<Digest>()];
        self.segments
            .iter()
            .map(|segment| {
                block.extend_from_slice(segment);
                let digest = xxh3_128_with_seed(&block, seed).to_be_bytes();
                block.clear();
                block.extend_from_slice(&digest);
                digest
            })
            .collect()
    }

    /// The digest of the whole chain, which has at least one segment.
    pub(super) fn digest(&self, seed: u64) -> Digest {
        self.digests(seed).pop().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::proptest;
    use proptest::{collection, prop_assert_eq};

    use super::{Chain, MAX_BYTES};

    fn chain(text: &str) -> Chain<'_> {
        Chain::parse("chain", text.as_bytes()).expect("a chain")
    }

    #[test]
    fn empty_segments_are_dropped() {
        for (text, segments) in [
            ("", 0),
            ("-", 0),
            ("---", 0),
            ("nodash", 1),
            ("u:a-m:b", 2),
            ("-u:a--m:b-", 2),
        ] {
            assert_eq!(chain(text).len(), segments, "{text:?}");
            assert_eq!(
                chain(text).digests(7),
                chain(&format!("-{text}--")).digests(7),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_digest_tells_where_segments_begin_and_knows_its_seed() {
        assert_ne!(chain("ab-c").digest(7), chain("a-bc").digest(7));
        assert_ne!(chain("ab").digest(7), chain("a-b").digest(7));
        assert_ne!(chain("ab").digest(7), chain("ab").digest(8));
    }

    #[test]
    fn chains_have_bounds() {
        let long = "a".repeat(MAX_BYTES + 1);
        let many = "a-".repeat(4_097);
        for (text, line) in [
            (&long, "ERR invalid chain: must be at most 65536 bytes"),
            (&many, "ERR invalid chain: must have 1 to 4096 segments"),
        ] {
            let error = Chain::parse("chain", text.as_bytes()).expect_err("refused");
            assert_eq!(error.to_string(), line);
        }
        assert!(Chain::parse("chain", &long.as_bytes()[1..]).is_ok());
        assert!(Chain::parse("chain", &many.as_bytes()[2..]).is_ok());
    }

    /// The longest stored prefix by comparing segment by segment with everything stored.
    fn naive(stored: &BTreeMap<Vec<u8>, usize>, path: &[u8]) -> Option<usize> {
        (1..=path.len())
            .rev()
            .find_map(|len| stored.get(&path[..len]).copied())
    }

    fn text(path: &[u8]) -> String {
        let segments: Vec<String> = path.iter().map(|step| format!("u:{step}")).collect();
        segments.join("-")
    }

    proptest! {
        #[test]
        fn digests_find_what_comparing_segments_finds(
            saves in collection::vec(collection::vec(0..3_u8, 1..6), 0..20),
            path in collection::vec(0..3_u8, 0..8),
        ) {
            let mut naively = BTreeMap::new();
            let mut by_digest = BTreeMap::new();
            for (value, save) in saves.into_iter().enumerate() {
                by_digest.insert(chain(&text(&save)).digest(7), value);
                naively.insert(save, value);
            }
            let found = chain(&text(&path))
                .digests(7)
                .iter()
                .rev()
                .find_map(|digest| by_digest.get(digest).copied());
            prop_assert_eq!(found, naive(&naively, &path));
        }
    }
}
