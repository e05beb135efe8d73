//! AWS's binary event stream, cut anywhere: messages with headers and a payload, the lengths and the whole of each one
//! guarded by a checksum. Nothing of a message is read before both have been checked.
//! <https://smithy.io/2.0/aws/amazon-eventstream.html>

use aws_smithy_eventstream::{error::Error, frame::read_message_from};
use aws_smithy_types::event_stream::Message;
use bytes::{Buf as _, BytesMut};

/// Length of the message, length of its headers, checksum of both.
const PRELUDE: usize = 12;
/// More than the largest message that AWS sends, and no more than a relay can hold for each stream.
const LONGEST: usize = 24 << 20;

/// Why bytes are not what Bedrock sends. Its fault, or that of somebody on the way.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Garbled {
    #[error("the checksum of a message's lengths is wrong")]
    Prelude,
    #[error("a message has {0} bytes")]
    Length(usize),
    #[error("a message cannot be read: {0}")]
    Message(#[from] Error),
    #[error("{0}")]
    Form(&'static str),
}

/// What came of a stream and was not given yet.
#[derive(Debug, Default)]
pub(super) struct Frames {
    left: BytesMut,
}

/// What kind of a message it is, by its headers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kind<'m> {
    pub(super) message: &'m str,
    /// Of an event, an exception, or an error.
    pub(super) name: &'m str,
    pub(super) error: &'m str,
}

impl Frames {
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.left.extend_from_slice(piece);
    }

    /// The next message that has come whole.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Garbled> {
        let Some(mut prelude) = self.left.get(..PRELUDE) else {
            return Ok(None);
        };
        let checksum = crc32fast::hash(&prelude[..8]);
        let length = prelude.get_u32() as usize;
        prelude.advance(4);
        if prelude.get_u32() != checksum {
            return Err(Garbled::Prelude);
        }
        if !(PRELUDE..=LONGEST).contains(&length) {
            return Err(Garbled::Length(length));
        }
        if self.left.len() < length {
            return Ok(None);
        }
        let message = self.left.split_to(length).freeze();
        Ok(Some(read_message_from(message)?))
    }

    /// Whether it ended within a message.
    pub(super) fn is_cut(&self) -> bool {
        !self.left.is_empty()
    }
}

impl<'m> Kind<'m> {
    pub(super) fn of(message: &'m Message) -> Self {
        let mut kind = Self::default();
        for header in message.headers() {
            let text = header.value().as_string().map_or("", |text| text.as_str());
            match header.name().as_str() {
                ":message-type" => kind.message = text,
                ":event-type" | ":exception-type" | ":error-code" => kind.name = text,
                ":error-message" => kind.error = text,
                _ => {}
            }
        }
        kind
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue};

    use super::*;

    fn message(text: &'static str) -> Vec<u8> {
        let header = |name: &'static str, value: &'static str| {
            Header::new(name, HeaderValue::String(value.into()))
        };
        let message = Message::new(text)
            .add_header(header(":message-type", "event"))
            .add_header(header(":event-type", "chunk"));
        let mut bytes = Vec::new();
        write_message_to(&message, &mut bytes).unwrap();
        bytes
    }

    fn read(pieces: &[&[u8]]) -> Result<(Vec<Vec<u8>>, bool), Garbled> {
        let (mut frames, mut read) = (Frames::default(), Vec::new());
        for piece in pieces {
            frames.push(piece);
            while let Some(message) = frames.next()? {
                assert_eq!(Kind::of(&message).name, "chunk");
                read.push(message.payload().to_vec());
            }
        }
        Ok((read, frames.is_cut()))
    }

    #[test]
    fn messages_are_read_wherever_they_are_cut() {
        let stream = [message("one"), message(""), message("three")].concat();
        for first in 0..=stream.len() {
            for second in first..=stream.len() {
                let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
                let (read, is_cut) = read(&pieces).unwrap();
                assert_eq!(read, [&b"one"[..], b"", b"three"]);
                assert!(!is_cut);
            }
        }
        let (_, is_cut) = read(&[&stream[..stream.len() - 1]]).unwrap();
        assert!(is_cut);
    }

    #[test]
    fn a_single_wrong_bit_anywhere_is_found() {
        let good = message("some text");
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert!(read(&[&bad]).is_err(), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn a_length_that_nobody_sends_is_refused_before_it_is_waited_for() {
        for length in [11_u32, 25 << 20] {
            let mut prelude = [length.to_be_bytes(), 0_u32.to_be_bytes()].concat();
            prelude.extend(crc32fast::hash(&prelude).to_be_bytes());
            assert!(matches!(read(&[&prelude]), Err(Garbled::Length(_))));
        }
    }
}
