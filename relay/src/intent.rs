//! What a relay says of a request before anything of it goes upstream, so that another one can book it should this one
//! die. Pure: as text it is `<key> <account> <at-ms> <estimate> <model>`, with `-` for what is not known yet.

use crate::time::UnixMillis;

/// Bytes of a body that make a token, as far as one can say without reading it: seven halves.
const HALF_BYTES_PER_TOKEN: u64 = 7;
const UNKNOWN: &str = "-";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) key: Box<str>,
    pub(crate) account: Option<Box<str>>,
    pub(crate) at: UnixMillis,
    /// The tokens of its body.
    pub(crate) estimate: u64,
    pub(crate) model: Option<Box<str>>,
}

impl Intent {
    pub(crate) fn text(&self) -> String {
        let (mut at, mut estimate) = (itoa::Buffer::new(), itoa::Buffer::new());
        let words = [
            &*self.key,
            self.account.as_deref().unwrap_or(UNKNOWN),
            at.format(self.at.0),
            estimate.format(self.estimate),
            self.model.as_deref().unwrap_or(UNKNOWN),
        ];
        words.join(" ")
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut words = text.splitn(5, ' ');
        let known = |word: &str| (word != UNKNOWN).then(|| word.into());
        Some(Self {
            key: words.next()?.into(),
            account: known(words.next()?),
            at: UnixMillis(words.next()?.parse().ok()?),
            estimate: words.next()?.parse().ok()?,
            model: known(words.next()?),
        })
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
        for (account, model) in [
            (Some("a1"), Some("claude-mock-1")),
            (None, Some("a model, with spaces - and more")),
            (None, None),
        ] {
            let intent = Intent {
                key: "key_abc".into(),
                account: account.map(Into::into),
                at: UnixMillis(1_795_183_272_163),
                estimate: estimate(7_000),
                model: model.map(Into::into),
            };
            assert_eq!(intent.estimate, 2_000);
            assert_eq!(Intent::read(&intent.text()), Some(intent));
        }
    }

    #[test]
    fn what_is_no_intent_is_none() {
        for text in [
            "",
            "key",
            "key a1 5",
            "key a1 x 5 m",
            "key a1 5 -5 m",
            "key a1 5 5",
        ] {
            assert_eq!(Intent::read(text), None, "{text}");
        }
    }
}
