//! How much a stream has carried, as far as one can say without reading it: an event that carries something carries a
//! token, and what makes it longer than the shortest of them is more text. Too little rather than too much. Pure.

/// Bytes of text that make a token, in halves.
const HALF_BYTES_PER_TOKEN: u64 = 7;

#[derive(Debug, Default)]
pub(super) struct Carried {
    events: u64,
    bytes: u64,
    /// What stands around the text is always as long.
    shortest: Option<u64>,
    /// Of an event that is not whole yet.
    begun: u64,
}

impl Carried {
    /// An event is whole with so many more bytes: how many those are in all.
    pub(super) fn ends(&mut self, bytes: usize) -> u64 {
        std::mem::take(&mut self.begun) + bytes as u64
    }

    /// A piece ends with so many bytes of another event.
    pub(super) fn begins(&mut self, bytes: usize) {
        self.begun += bytes as u64;
    }

    /// An event of so many bytes has carried something.
    pub(super) fn add(&mut self, bytes: u64) {
        self.events += 1;
        self.bytes += bytes;
        self.shortest = Some(self.shortest.map_or(bytes, |shortest| shortest.min(bytes)));
    }

    /// Of these at least.
    pub(super) fn tokens(&self) -> u64 {
        let around = self.shortest.unwrap_or(0).saturating_mul(self.events);
        let of_text = tokens_of(self.bytes.saturating_sub(around));
        self.events.max(of_text)
    }
}

/// How many tokens so many bytes of text are likely to be.
pub(super) fn tokens_of(bytes: u64) -> u64 {
    bytes.saturating_mul(2) / HALF_BYTES_PER_TOKEN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(pieces: &[u64]) -> Carried {
        let mut carried = Carried::default();
        pieces.iter().for_each(|bytes| carried.add(*bytes));
        carried
    }

    #[test]
    fn short_events_are_a_token_each() {
        assert_eq!(carried(&[]).tokens(), 0);
        assert_eq!(carried(&[200]).tokens(), 1);
        assert_eq!(carried(&[200; 12]).tokens(), 12);
    }

    #[test]
    fn what_is_longer_than_the_shortest_is_text() {
        assert_eq!(carried(&[200, 900, 550]).tokens(), (700 + 350) * 2 / 7);
    }

    #[test]
    fn an_event_in_pieces_is_as_long_as_whole() {
        let mut carried = Carried::default();
        carried.begins(100);
        carried.begins(50);
        assert_eq!(carried.ends(7), 157);
        assert_eq!(carried.ends(7), 7);
    }
}
