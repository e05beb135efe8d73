//! What a compressed answer says: it is unpacked to be read, and passes as it came. Upstreams are asked not to compress.

use std::io::{self, Write as _};

use flate2::write::{MultiGzDecoder, ZlibDecoder};

/// So many bytes are unpacked at once: a thousand times as many may come of them.
const STEP: usize = 1 << 10;

/// An answer in one of the forms that can be unpacked.
#[derive(Debug)]
pub(crate) enum Inflated {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Zlib(ZlibDecoder<Vec<u8>>),
}

impl Inflated {
    /// By the name that `content-encoding` has for it.
    pub(crate) fn of(encoding: &[u8]) -> Option<Self> {
        match encoding.to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => Some(Self::Gzip(MultiGzDecoder::new(Vec::new()))),
            b"deflate" => Some(Self::Zlib(ZlibDecoder::new(Vec::new()))),
            _ => None,
        }
    }

    /// Gives all that this piece and those before it tell, and was not given yet.
    pub(crate) fn unpack(&mut self, piece: &[u8], mut read: impl FnMut(&[u8])) -> io::Result<()> {
        for step in piece.chunks(STEP) {
            let told = match self {
                Self::Gzip(decoder) => {
                    decoder.write_all(step)?;
                    decoder.flush()?;
                    decoder.get_mut()
                }
                Self::Zlib(decoder) => {
                    decoder.write_all(step)?;
                    decoder.flush()?;
                    decoder.get_mut()
                }
            };
            read(told);
            told.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    const TEXT: &[u8] = b"data: one\n\ndata: two\n\n";

    fn gzip() -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(TEXT).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(encoding: &str, packed: &[u8], split: usize) -> Vec<u8> {
        let mut inflated = Inflated::of(encoding.as_bytes()).unwrap();
        let mut told = Vec::new();
        for piece in packed.chunks(split) {
            inflated
                .unpack(piece, |part| told.extend_from_slice(part))
                .unwrap();
        }
        told
    }

    #[test]
    fn an_answer_is_unpacked_wherever_it_is_split() {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(TEXT).unwrap();
        let zlib = encoder.finish().unwrap();
        for split in 1..40 {
            assert_eq!(unpacked("GZIP", &gzip(), split), TEXT);
            assert_eq!(unpacked("deflate", &zlib, split), TEXT);
        }
        assert_eq!(
            unpacked("gzip", &[gzip(), gzip()].concat(), 7),
            [TEXT, TEXT].concat()
        );
        assert!(Inflated::of(b"br").is_none());
    }

    #[test]
    fn each_event_is_told_once_it_is_flushed() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let mut inflated = Inflated::of(b"gzip").unwrap();
        let mut told = Vec::new();
        for event in TEXT.split_inclusive(|byte| *byte == b'\n') {
            encoder.write_all(event).unwrap();
            encoder.flush().unwrap();
            let packed = std::mem::take(encoder.get_mut());
            inflated
                .unpack(&packed, |part| told.extend_from_slice(part))
                .unwrap();
            assert!(told.ends_with(event));
        }
    }

    #[test]
    fn what_is_not_packed_is_an_error() {
        let mut inflated = Inflated::of(b"gzip").unwrap();
        assert!(inflated.unpack(TEXT, |_| {}).is_err());
    }
}
