//! What a relay says of a request before anything of it goes upstream, so that another one can book it should this one
//! die, and operators see whose it is. Pure: as text it is `<stage> <key> <user> <group> <account> <at-ms> <input> <output>
//! <cost> <budgets> <counted-as> <model>`, with `-` for what is not known.

use crate::{
    price::{Estimate, MicroUsd},
    purse::Purse,
    time::UnixMillis,
    usage::Tokens,
};

/// Bytes of a body that make a token, as far as one can say without reading it: seven halves.
const HALF_BYTES_PER_TOKEN: u64 = 7;
const UNKNOWN: &str = "-";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) key: Box<str>,
    /// Whose key it is.
    pub(crate) user: Option<Box<str>>,
    pub(crate) group: Box<str>,
    pub(crate) account: Option<Box<str>>,
    /// Since when it asks for an account, or has a slot of one.
    pub(crate) at: UnixMillis,
    pub(crate) estimate: Estimate,
    /// Of that.
    pub(crate) cost: Option<MicroUsd>,
    /// Of which that is reserved.
    pub(crate) purses: Box<[Purse]>,
    /// The name under which its model is counted.
    pub(crate) counted_as: Box<str>,
    pub(crate) model: Option<Box<str>>,
}

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// For a slot or a turn: no account knows of it.
    Waits,
    /// An account may have seen it.
    Goes,
}

impl Stage {
    fn word(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Goes => "goes",
        }
    }

    fn read(word: &str) -> Option<Self> {
        let all = [Self::Waits, Self::Goes];
        all.into_iter().find(|stage| stage.word() == word)
    }
}

impl Intent {
    pub(crate) fn text(&self, stage: Stage) -> String {
        let [mut at, mut input, mut output, mut cost] = [itoa::Buffer::new(); 4];
        let purses = Purse::text(&self.purses);
        let words = [
            stage.word(),
            &*self.key,
            self.user.as_deref().unwrap_or(UNKNOWN),
            &*self.group,
            self.account.as_deref().unwrap_or(UNKNOWN),
            at.format(self.at.0),
            input.format(self.estimate.input.0),
            output.format(self.estimate.output.0),
            self.cost.map_or(UNKNOWN, |known| cost.format(known.0)),
            if purses.is_empty() { UNKNOWN } else { &purses },
            &*self.counted_as,
            self.model.as_deref().unwrap_or(UNKNOWN),
        ];
        words.join(" ")
    }

    pub(crate) fn read(text: &str) -> Option<(Stage, Self)> {
        let mut words = text.splitn(12, ' ');
        let known = |word: &str| (word != UNKNOWN).then(|| word.into());
        let stage = Stage::read(words.next()?)?;
        let intent = Self {
            key: words.next()?.into(),
            user: known(words.next()?),
            group: words.next()?.into(),
            account: known(words.next()?),
            at: UnixMillis(words.next()?.parse().ok()?),
            estimate: Estimate {
                input: Tokens(words.next()?.parse().ok()?),
                output: Tokens(words.next()?.parse().ok()?),
            },
            cost: match words.next()? {
                UNKNOWN => None,
                cost => Some(MicroUsd(cost.parse().ok()?)),
            },
            purses: match words.next()? {
                UNKNOWN => Box::default(),
                purses => Purse::read(purses)?,
            },
            counted_as: words.next()?.into(),
            model: known(words.next()?),
        };
        Some((stage, intent))
    }
}

/// How many tokens a body of so many bytes is likely to be.
pub(crate) fn estimate(body_bytes: usize) -> u64 {
    (body_bytes as u64).saturating_mul(2) / HALF_BYTES_PER_TOKEN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_can_be_read_again() {
        let purses = [
            Purse {
                called: "key:key_abc:2026-11-21".into(),
                until: Some(UnixMillis(1_795_305_600_000)),
            },
            Purse {
                called: "user:ann:total".into(),
                until: None,
            },
        ];
        for (user, account, model, cost) in [
            (
                Some("ann"),
                Some("a1"),
                Some("claude-mock-1"),
                Some(MicroUsd(5)),
            ),
            (None, None, Some("a model, with spaces - and more"), None),
            (Some("-x"), None, None, None),
        ] {
            let intent = Intent {
                key: "key_abc".into(),
                user: user.map(Into::into),
                group: "main".into(),
                account: account.map(Into::into),
                at: UnixMillis(1_795_183_272_163),
                estimate: Estimate {
                    input: Tokens(estimate(7_000)),
                    output: Tokens(4_096),
                },
                cost,
                purses: match cost {
                    None => Box::default(),
                    Some(_) => purses.clone().into(),
                },
                counted_as: "other".into(),
                model: model.map(Into::into),
            };
            assert_eq!(intent.estimate.input, Tokens(2_000));
            for stage in [Stage::Waits, Stage::Goes] {
                let read = Intent::read(&intent.text(stage));
                assert_eq!(read, Some((stage, intent.clone())));
            }
        }
    }

    #[test]
    fn what_is_no_intent_is_none() {
        for text in [
            "",
            "goes",
            "comes key - g a1 5 5 5 5 - c m",
            "goes key - g a1 5",
            "goes key - g a1 x 5 5 5 - c m",
            "goes key - g a1 5 -5 5 5 - c m",
            "goes key - g a1 5 5 5 x - c m",
            "goes key - g a1 5 5 5 5 k@x c m",
            "goes key - g a1 5 5 5 5 - c",
        ] {
            assert_eq!(Intent::read(text), None, "{text}");
        }
    }
}
