//! A turn: the right to go next, held by one at a time, spaced by a delay. Pure.
//! It decides who holds it and until when; it does not store, replicate or wait.

use std::io::Write as _;

use crate::integer;
use crate::time::{MAX_DELAY, MAX_LEASE, Millis, UnixMillis};

/// The least time for which a turn that nobody holds is remembered.
const MIN_KEEP: Millis = Millis::MINUTE;

/// A turn as it is stored: `<lease_end> <token> <stamp> <keep> <holder>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn<'a> {
    /// When the holder's lease ends; zero while nobody holds it.
    lease_end: UnixMillis,
    /// The number of the last grant.
    token: i64,
    /// When the turn was last given back; zero for never.
    stamp: UnixMillis,
    /// How long it is remembered after its lease end or stamp.
    keep: Millis,
    /// Empty while nobody holds it.
    holder: &'a [u8],
}

/// What a caller asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) id: &'a [u8],
    pub(crate) lease: Millis,
    /// The least time since the last stamp.
    pub(crate) delay: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    /// A new grant, under a new token.
    Granted(Turn<'a>),
    /// The holder asked again: at most its lease grew.
    Extended(Turn<'a>),
    Held,
    TooEarly {
        wait: Millis,
    },
}

/// Whether giving a turn back counts as having used it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    Now,
    Keep,
}

impl<'a> Turn<'a> {
    /// A turn that nobody has ever held.
    pub(crate) const UNUSED: Turn<'static> = Turn {
        lease_end: UnixMillis::ZERO,
        token: 0,
        stamp: UnixMillis::ZERO,
        keep: MIN_KEEP,
        holder: b"",
    };

    /// Reads stored text as of `now`: a lease that has ended counts as given back at its end,
    /// times that cannot be ours are cut to what they can be. `None`: the text is not a turn.
    pub(crate) fn parse(text: &'a [u8], now: UnixMillis) -> Option<Self> {
        let mut words = text.splitn(5, |byte| *byte == b' ');
        let lease_end =
            UnixMillis::new(integer::saturating(words.next()?)?).believable(MAX_LEASE, now);
        let token = integer::saturating(words.next()?)?.max(0);
        let stamp = UnixMillis::new(integer::saturating(words.next()?)?).min(now);
        let keep = Millis::new(integer::saturating(words.next()?)?).clamp(MIN_KEEP, MAX_DELAY);
        let turn = Self {
            lease_end,
            token,
            stamp,
            keep,
            holder: words.next()?,
        };
        Some(if turn.holder.is_empty() || lease_end <= now {
            turn.freed(lease_end.min(now).max(stamp))
        } else {
            turn
        })
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(64 + self.holder.len());
        write!(
            text,
            "{} {} {} {} ",
            self.lease_end.get(),
            self.token,
            self.stamp.get(),
            self.keep.get()
        )
        .expect("writing to memory cannot fail");
        text.extend_from_slice(self.holder);
        text
    }

    /// Grants, extends or refuses. `token` is a number above any that was given before.
    pub(crate) fn ask(self, ask: Ask<'a>, token: i64, now: UnixMillis) -> Answer<'a> {
        let end = now.plus(ask.lease);
        if self.holder == ask.id {
            return Answer::Extended(Self {
                lease_end: self.lease_end.max(end),
                ..self
            });
        }
        if !self.holder.is_empty() {
            return Answer::Held;
        }
        let spent = now.since(self.stamp);
        if self.stamp > UnixMillis::ZERO && spent < ask.delay {
            return Answer::TooEarly {
                wait: ask.delay.minus(spent),
            };
        }
        Answer::Granted(Self {
            lease_end: end,
            token: token.max(self.token.saturating_add(1)),
            stamp: self.stamp,
            keep: ask.delay.max(MIN_KEEP),
            holder: ask.id,
        })
    }

    /// The holder's lease ends `lease` from now, be that later or earlier. `None`: not the holder.
    pub(crate) fn renew(self, id: &[u8], lease: Millis, now: UnixMillis) -> Option<Self> {
        (self.holder == id).then(|| Self {
            lease_end: now.plus(lease),
            ..self
        })
    }

    /// `None`: not the holder.
    pub(crate) fn release(self, id: &[u8], stamp: Stamp, now: UnixMillis) -> Option<Self> {
        (self.holder == id).then(|| match stamp {
            Stamp::Now => self.freed(now),
            Stamp::Keep => self.freed(self.stamp),
        })
    }

    /// Takes it from whoever holds it, without a stamp. `None`: nobody holds it.
    pub(crate) fn force(self) -> Option<Self> {
        (!self.holder.is_empty()).then(|| self.freed(self.stamp))
    }

    pub(crate) fn holder(&self) -> Option<&'a [u8]> {
        (!self.holder.is_empty()).then_some(self.holder)
    }

    pub(crate) fn token(&self) -> i64 {
        self.token
    }

    pub(crate) fn lease_end(&self) -> UnixMillis {
        self.lease_end
    }

    pub(crate) fn lease_left(&self, now: UnixMillis) -> Millis {
        self.lease_end.since(now)
    }

    /// How long ago it was given back; `None` for never.
    pub(crate) fn since_stamp(&self, now: UnixMillis) -> Option<Millis> {
        (self.stamp > UnixMillis::ZERO).then(|| now.since(self.stamp))
    }

    /// When nothing that it says matters any more; `None`: it says nothing already.
    pub(crate) fn forget_at(&self, now: UnixMillis) -> Option<UnixMillis> {
        let at = self.lease_end.max(self.stamp).plus(self.keep);
        (at > now).then_some(at)
    }

    fn freed(self, stamp: UnixMillis) -> Turn<'a> {
        Self {
            lease_end: UnixMillis::ZERO,
            stamp,
            holder: b"",
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, prop_oneof, proptest};
    use proptest::{collection, prop_assert_eq};

    use super::{Answer, Ask, Stamp, Turn};
    use crate::time::{Millis, UnixMillis};

    fn at(ms: i64) -> UnixMillis {
        UnixMillis::new(1_000_000 + ms)
    }

    fn ask(id: &'static [u8], lease: i64, delay: i64) -> Ask<'static> {
        Ask {
            id,
            lease: Millis::new(lease),
            delay: Millis::new(delay),
        }
    }

    fn granted(answer: Answer<'static>) -> Turn<'static> {
        match answer {
            Answer::Granted(turn) => turn,
            other => panic!("not granted: {other:?}"),
        }
    }

    #[test]
    fn the_holder_that_asks_again_keeps_its_token_and_never_loses_time() {
        let turn = granted(Turn::UNUSED.ask(ask(b"a", 500, 0), 7, at(0)));
        let Answer::Extended(again) = turn.ask(ask(b"a", 100, 0), 8, at(10)) else {
            panic!("refused");
        };
        assert_eq!((again.token(), again.lease_left(at(10)).get()), (7, 490));
    }

    #[test]
    fn a_lease_that_ended_counts_as_given_back_at_its_end() {
        let turn = granted(Turn::UNUSED.ask(ask(b"a", 100, 0), 7, at(0)));
        let text = turn.write();
        let later = Turn::parse(&text, at(140)).expect("a turn");
        assert_eq!(later.holder(), None);
        assert_eq!(later.since_stamp(at(140)), Some(Millis::new(40)));
        assert_eq!(
            later.ask(ask(b"b", 100, 200), 8, at(140)),
            Answer::TooEarly {
                wait: Millis::new(160)
            }
        );
    }

    #[test]
    fn tokens_grow_even_when_the_clock_steps_back() {
        let turn = granted(Turn::UNUSED.ask(ask(b"a", 100, 0), 90, at(0)));
        let free = turn.release(b"a", Stamp::Now, at(1)).expect("the holder");
        assert_eq!(granted(free.ask(ask(b"b", 100, 0), 50, at(1))).token(), 91);
    }

    #[test]
    fn text_that_is_not_a_turn_is_refused_and_absurd_times_are_cut() {
        for text in [
            "",
            "1",
            "1 2 3 4",
            "x 2 3 4 h",
            "1  3 4 h",
            "1 2 3 4.5 h",
            "- 2 3 4 h",
        ] {
            assert_eq!(Turn::parse(text.as_bytes(), at(0)), None, "{text:?}");
        }
        let far = format!("{0} {0} {0} {0} h", "9".repeat(40));
        let turn = Turn::parse(far.as_bytes(), at(0)).expect("a turn");
        assert_eq!(turn.lease_left(at(0)).get(), 30 * 24 * 3_600_000);
        assert_eq!(turn.since_stamp(at(0)), Some(Millis::ZERO));
        let past = Turn::parse(b"-5 -5 -5 -5 h", at(0)).expect("a turn");
        assert_eq!((past.holder(), past.token()), (None, 0));
    }

    #[test]
    fn a_holder_may_be_any_bytes() {
        let turn = granted(Turn::UNUSED.ask(ask(b" a b\0\xff ", 100, 0), 7, at(0)));
        let text = turn.write();
        assert_eq!(Turn::parse(&text, at(1)), Some(turn));
    }

    /// The same rules, said as plainly as they can be.
    #[derive(Debug, Default)]
    struct Twin {
        held: Option<(u8, i64)>,
        stamp: Option<i64>,
        token: i64,
    }

    impl Twin {
        fn pass(&mut self, now: i64) {
            if let Some((_, end)) = self.held.filter(|(_, end)| *end <= now) {
                self.held = None;
                self.stamp = Some(end);
            }
        }

        fn held_by(&self, id: u8) -> bool {
            self.held.is_some_and(|(holder, _)| holder == id)
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Ask { lease: i64, delay: i64 },
        Renew { lease: i64 },
        Release(Stamp),
        Force,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (1..300_i64, 0..300_i64).prop_map(|(lease, delay)| Step::Ask { lease, delay }),
            1 => (1..300_i64).prop_map(|lease| Step::Renew { lease }),
            3 => prop_oneof![Just(Stamp::Now), Just(Stamp::Keep)].prop_map(Step::Release),
            1 => Just(Step::Force),
        ]
    }

    /// What a step says to its caller: the status, then the wait or the token.
    fn apply(
        turn: &mut Turn<'static>,
        id: &'static [u8],
        step: &Step,
        now: UnixMillis,
    ) -> (i64, i64) {
        let next = match step {
            Step::Ask { lease, delay } => match turn.ask(ask(id, *lease, *delay), 0, now) {
                Answer::Granted(next) | Answer::Extended(next) => {
                    *turn = next;
                    return (1, next.token());
                }
                Answer::Held => return (0, -1),
                Answer::TooEarly { wait } => return (0, wait.get()),
            },
            Step::Renew { lease } => turn.renew(id, Millis::new(*lease), now),
            Step::Release(stamp) => turn.release(id, *stamp, now),
            Step::Force => turn.force(),
        };
        let done = i64::from(next.is_some());
        *turn = next.unwrap_or(*turn);
        (done, 0)
    }

    fn apply_twin(twin: &mut Twin, id: u8, step: &Step, now: i64) -> (i64, i64) {
        match step {
            Step::Ask { lease, .. } if twin.held_by(id) => {
                twin.held = twin
                    .held
                    .map(|(holder, end)| (holder, end.max(now + lease)));
                (1, twin.token)
            }
            Step::Ask { .. } if twin.held.is_some() => (0, -1),
            Step::Ask { lease, delay } => {
                let early = twin.stamp.map_or(0, |stamp| delay - (now - stamp));
                if early > 0 {
                    return (0, early);
                }
                twin.held = Some((id, now + lease));
                twin.token += 1;
                (1, twin.token)
            }
            Step::Force => (i64::from(twin.held.take().is_some()), 0),
            Step::Renew { .. } | Step::Release(_) if !twin.held_by(id) => (0, 0),
            Step::Renew { lease } => {
                twin.held = Some((id, now + lease));
                (1, 0)
            }
            Step::Release(stamp) => {
                twin.held = None;
                if *stamp == Stamp::Now {
                    twin.stamp = Some(now);
                }
                (1, 0)
            }
        }
    }

    proptest! {
        #[test]
        fn it_does_what_its_naive_twin_does(
            steps in collection::vec((0..3_u8, 0..200_i64, step()), 1..60)
        ) {
            let ids: [&'static [u8]; 3] = [b"a", b"b b", b"\0"];
            let (mut turn, mut twin, mut now) = (Turn::UNUSED, Twin::default(), 1_000_000_i64);
            for (id, pause, step) in steps {
                now += pause;
                twin.pass(now);
                let text = Box::leak(turn.write().into_boxed_slice());
                turn = Turn::parse(text, UnixMillis::new(now)).expect("what was written can be read");
                let said = apply(&mut turn, ids[usize::from(id)], &step, UnixMillis::new(now));
                prop_assert_eq!(said, apply_twin(&mut twin, id, &step, now), "{:?} at {}", step, now);
                prop_assert_eq!(turn.holder().is_some(), twin.held.is_some());
            }
        }
    }
}
