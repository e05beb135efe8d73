//! The bytes of a response body with its event boundaries, and how faults cut them short. Pure.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::behaviour::Behaviour;

/// A body as a list of events. A body that is not a stream has one.
#[derive(Debug, Default)]
pub(super) struct Script {
    bytes: Vec<u8>,
    events: Vec<Mark>,
}

/// Where an event ends, and when it is due: at `tick` times the pace.
#[derive(Debug, Clone, Copy)]
struct Mark {
    end: usize,
    tick: u32,
}

/// A script as it will be played.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) bytes: Bytes,
    pub(super) ending: Ending,
    /// It falls silent before the byte at this place until it is told to go on.
    pub(super) pause: Option<usize>,
    events: Vec<Mark>,
    pace: Duration,
    split: usize,
}

/// What follows the last byte of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The body ends as HTTP says.
    Clean,
    /// The connection is reset.
    Reset,
    /// Nothing, for ever.
    Stall,
}

/// The next bytes to write.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) end: usize,
    /// Since the start of the body.
    pub(super) due: Duration,
}

impl Script {
    /// A body that is one value.
    pub(super) fn json(value: &impl Serialize) -> Self {
        let mut script = Self::default();
        script.event(|bytes| {
            serde_json::to_writer(bytes, value).expect("writing into memory cannot fail");
        });
        script
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Appends an event whose bytes `write` produces, due together with the one before.
    pub(super) fn event(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let tick = self.events.last().map_or(0, |mark| mark.tick);
        self.push(tick, write);
    }

    /// Appends an event due one step of the pace after the one before.
    pub(super) fn paced_event(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let tick = self.events.last().map_or(0, |mark| mark.tick) + 1;
        self.push(tick, write);
    }

    fn push(&mut self, tick: u32, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.events.push(Mark {
            end: self.bytes.len(),
            tick,
        });
    }

    /// The first `events` of this script.
    pub(super) fn truncated(mut self, events: usize) -> Self {
        self.bytes.truncate(self.end_of(events));
        self.events.truncate(events);
        self
    }

    /// The same events, each one in other bytes.
    pub(super) fn reworded(self, mut other: impl FnMut(&[u8]) -> Vec<u8>) -> Self {
        let mut script = Self::default();
        let mut from = 0;
        for mark in self.events {
            let event = other(&self.bytes[from..mark.end]);
            script.push(mark.tick, |bytes| bytes.extend(event));
            from = mark.end;
        }
        script
    }

    /// The script under the faults that `behaviour` asks for; of several, the one that comes first.
    pub(super) fn plan(mut self, behaviour: &Behaviour) -> Plan {
        if let Some(byte) = behaviour.corrupt_at.and_then(|at| self.bytes.get_mut(at)) {
            *byte ^= 1;
        }
        let cuts = [
            (
                behaviour.close_after.map(|events| self.end_of(events)),
                Ending::Clean,
            ),
            (
                behaviour.stall_after.map(|events| self.end_of(events)),
                Ending::Stall,
            ),
            (behaviour.reset_after, Ending::Reset),
        ];
        let (length, ending) = cuts
            .into_iter()
            .filter_map(|(length, ending)| Some((length?, ending)))
            .filter(|(length, _)| *length <= self.bytes.len())
            .min_by_key(|(length, _)| *length)
            .unwrap_or((self.bytes.len(), Ending::Clean));
        let pause = behaviour.pause_after.map(|events| self.end_of(events));
        Plan {
            bytes: Bytes::from(self.bytes).slice(..length),
            ending,
            pause: pause.filter(|at| *at < length),
            events: self.events,
            pace: Duration::from_millis(behaviour.delay_ms),
            split: behaviour.split.unwrap_or(usize::MAX),
        }
    }

    fn end_of(&self, events: usize) -> usize {
        let last = events.min(self.events.len()).checked_sub(1);
        last.map_or(0, |last| self.events[last].end)
    }
}

impl Plan {
    /// A body in one piece.
    pub(super) fn whole(body: impl Into<Bytes>) -> Self {
        let bytes = body.into();
        let events = vec![Mark {
            end: bytes.len(),
            tick: 0,
        }];
        Self {
            bytes,
            ending: Ending::Clean,
            pause: None,
            events,
            pace: Duration::ZERO,
            split: usize::MAX,
        }
    }

    /// What to write when `at` bytes are out, the first `event` events among them. `None` at the end.
    pub(super) fn piece(&self, at: usize, event: &mut usize) -> Option<Piece> {
        if at == self.bytes.len() {
            return None;
        }
        while self.events[*event].end <= at {
            *event += 1;
        }
        let mark = self.events[*event];
        let end = mark
            .end
            .min(self.bytes.len())
            .min(at.saturating_add(self.split));
        Some(Piece {
            end,
            due: self.pace * mark.tick,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script() -> Script {
        let mut script = Script::default();
        script.event(|bytes| bytes.extend(b"one."));
        script.paced_event(|bytes| bytes.extend(b"two."));
        script.paced_event(|bytes| bytes.extend(b"three."));
        script.event(|bytes| bytes.extend(b"end."));
        script
    }

    fn played(pairs: &str) -> (Vec<(String, u64)>, Ending) {
        let plan = script().plan(&Behaviour::default().with_pairs(pairs).unwrap());
        let (mut at, mut event, mut pieces) = (0, 0, Vec::new());
        while let Some(piece) = plan.piece(at, &mut event) {
            let text = String::from_utf8(plan.bytes[at..piece.end].to_vec()).unwrap();
            pieces.push((text, piece.due.as_millis() as u64));
            at = piece.end;
        }
        (pieces, plan.ending)
    }

    fn text(pairs: &str) -> (String, Ending) {
        let (pieces, ending) = played(pairs);
        (pieces.into_iter().map(|(text, _)| text).collect(), ending)
    }

    #[test]
    fn each_event_is_a_piece_on_an_absolute_schedule() {
        let pieces = [("one.", 0), ("two.", 10), ("three.", 20), ("end.", 20)];
        let expected = pieces.map(|(text, due)| (text.to_owned(), due)).to_vec();
        assert_eq!(played("delay_ms=10"), (expected, Ending::Clean));
    }

    #[test]
    fn split_pieces_join_to_the_same_bytes_and_never_span_events() {
        for split in 1..8 {
            let (pieces, _) = played(&format!("split={split}"));
            assert!(
                pieces
                    .iter()
                    .all(|(text, _)| text.len() <= split && !text[..text.len() - 1].contains('.'))
            );
            assert_eq!(
                pieces.into_iter().map(|(text, _)| text).collect::<String>(),
                "one.two.three.end."
            );
        }
    }

    #[test]
    fn faults_cut_the_script_and_the_first_one_wins() {
        assert_eq!(text("close_after=2"), ("one.two.".into(), Ending::Clean));
        assert_eq!(text("stall_after=1"), ("one.".into(), Ending::Stall));
        assert_eq!(text("reset_after=6"), ("one.tw".into(), Ending::Reset));
        assert_eq!(text("reset_after=0"), (String::new(), Ending::Reset));
        assert_eq!(text("close_after=0"), (String::new(), Ending::Clean));
        assert_eq!(
            text("stall_after=3,reset_after=5"),
            ("one.t".into(), Ending::Reset)
        );
        assert_eq!(
            text("reset_after=1000,close_after=9"),
            ("one.two.three.end.".into(), Ending::Clean)
        );
    }

    #[test]
    fn a_pause_is_between_two_events_that_are_played() {
        let pause = |pairs| {
            let behaviour = Behaviour::default().with_pairs(pairs).unwrap();
            script().plan(&behaviour).pause
        };
        assert_eq!(pause(""), None);
        assert_eq!(pause("pause_after=0"), Some(0));
        assert_eq!(pause("pause_after=2"), Some("one.two.".len()));
        assert_eq!(pause("pause_after=2,reset_after=9"), Some(8));
        assert_eq!(pause("pause_after=4"), None, "nothing comes after it");
        assert_eq!(pause("pause_after=2,close_after=2"), None);
    }

    #[test]
    fn a_truncated_script_keeps_its_first_events() {
        assert_eq!(
            script().truncated(2).plan(&Behaviour::default()).bytes,
            "one.two."
        );
        assert_eq!(
            script().truncated(9).plan(&Behaviour::default()).bytes,
            "one.two.three.end."
        );
    }
}
