//! A cooldown as it is written for other relays and for people: a field `account` or `account/model` of one hash, with
//! `until-ms basis times cause`. Pure.

use super::{Basis, Cause, Rest};
use crate::time::UnixMillis;

/// An account, and its model if only that rests. Ids of accounts have no `/`.
pub(crate) fn field(account: &str, model: Option<&str>) -> String {
    match model {
        Some(model) => [account, "/", model].concat(),
        None => account.to_owned(),
    }
}

pub(crate) fn of_field(field: &str) -> (&str, Option<&str>) {
    match field.split_once('/') {
        Some((account, model)) => (account, Some(model)),
        None => (field, None),
    }
}

impl Rest {
    pub(crate) fn written(&self) -> String {
        let basis = match self.basis {
            Basis::Stated => "stated",
            Basis::Guessed => "guessed",
            Basis::Foreseen => "foreseen",
        };
        format!(
            "{} {basis} {} {}",
            self.until.0,
            self.times,
            self.cause.word()
        )
    }

    /// None of what is not one of ours.
    pub(crate) fn read(written: &str) -> Option<Self> {
        let mut words = written.split(' ');
        let rest = Self {
            until: UnixMillis(words.next()?.parse().ok()?),
            basis: match words.next()? {
                "stated" => Basis::Stated,
                "guessed" => Basis::Guessed,
                "foreseen" => Basis::Foreseen,
                _ => return None,
            },
            times: words.next()?.parse().ok()?,
            cause: Cause::of_word(words.next()?)?,
            tried_until: UnixMillis(0),
        };
        words.next().is_none().then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for (basis, text) in [
            (Basis::Stated, "7 stated 3 rate"),
            (Basis::Guessed, "7 guessed 3 rate"),
            (Basis::Foreseen, "7 foreseen 3 rate"),
        ] {
            let rest = Rest {
                until: UnixMillis(7),
                cause: Cause::Rate,
                basis,
                times: 3,
                tried_until: UnixMillis(0),
            };
            assert_eq!(rest.written(), text);
            assert_eq!(Rest::read(text), Some(rest));
        }
        for text in [
            "",
            "7",
            "7 stated 3",
            "x stated 3 rate",
            "7 x 3 rate",
            "7 stated 3 x",
            "7 stated 3 rate 5",
        ] {
            assert_eq!(Rest::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_field_is_an_account_and_perhaps_a_model() {
        for (account, model, text) in [("a", None, "a"), ("a", Some("x/y"), "a/x/y")] {
            assert_eq!(field(account, model), text);
            assert_eq!(of_field(text), (account, model));
        }
    }
}
