//! How an account stands, and why: the strongest of what is true of it. Pure.

use super::{
    seen::GateSeen,
    snapshot::{State, Why},
    stage::{AccountKnown, Standing},
};
use crate::{cooldown::Rest, time::UnixMillis};

/// What says that it does not serve, besides its operator's word and its gate.
#[derive(Debug)]
pub(crate) struct Signs<'a, R: Iterator<Item = (Option<&'a str>, Rest)>> {
    /// As a whole, or of a model.
    pub(crate) rests: R,
    pub(crate) paused_until: Option<UnixMillis>,
}

pub(crate) fn state<'a>(
    known: &AccountKnown,
    gate: &GateSeen,
    signs: Signs<'a, impl Iterator<Item = (Option<&'a str>, Rest)>>,
    now: UnixMillis,
) -> (State, Option<Why>) {
    match &known.standing {
        Standing::Broken(trouble) => return (State::Broken, Some(because(trouble, None))),
        Standing::Disabled => return (State::Disabled, Some(because("disabled", None))),
        Standing::Drained if gate.in_use > 0 => {
            return (State::Draining, Some(because("drained", None)));
        }
        Standing::Drained => return (State::Drained, Some(because("drained", None))),
        Standing::Serves => {}
    }
    if let Some(until) = signs.paused_until.filter(|until| *until > now) {
        let until = Some(until).filter(|until| *until < UnixMillis::NEVER);
        return (State::Paused, Some(because("paused", until)));
    }
    let resting = signs.rests.filter(|(_, rest)| rest.until > now);
    // A whole account's rest says more than that of a model, and the last to end says most.
    let longest = resting.max_by_key(|(model, rest)| (model.is_none(), rest.until));
    let why = longest.map(|(model, rest)| Why {
        model: model.map(str::to_owned),
        ..because(rest.cause.word(), Some(rest.until))
    });
    let state = match &why {
        Some(Why { model: None, .. }) => State::Resting,
        _ if is_full(known, gate) => State::Full,
        _ => State::Open,
    };
    (state, why)
}

fn is_full(known: &AccountKnown, gate: &GateSeen) -> bool {
    known.limit > 0 && gate.in_use >= u64::from(known.limit)
}

fn because(cause: &str, until: Option<UnixMillis>) -> Why {
    Why {
        cause: cause.to_owned(),
        model: None,
        until_ms: until.map(|until| until.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cooldown::{Basis, Cause};

    const NOW: UnixMillis = UnixMillis(1_000);

    fn known(standing: Standing) -> AccountKnown {
        AccountKnown {
            id: "a".into(),
            kind: None,
            limit: 2,
            turn_delay: None,
            standing,
        }
    }

    fn rest(until: u64) -> Rest {
        Rest {
            until: UnixMillis(until),
            cause: Cause::Rate,
            basis: Basis::Stated,
            times: 0,
            tried_until: UnixMillis(0),
        }
    }

    type Told = (State, Option<(String, Option<String>, Option<u64>)>);

    fn told(
        standing: Standing,
        in_use: u64,
        paused: Option<u64>,
        rests: &[(Option<&str>, Rest)],
    ) -> Told {
        let gate = GateSeen {
            in_use,
            ..GateSeen::default()
        };
        let signs = Signs {
            rests: rests.iter().copied(),
            paused_until: paused.map(UnixMillis),
        };
        let (state, why) = state(&known(standing), &gate, signs, NOW);
        (state, why.map(|why| (why.cause, why.model, why.until_ms)))
    }

    fn why(
        cause: &str,
        model: Option<&str>,
        until: Option<u64>,
    ) -> Option<(String, Option<String>, Option<u64>)> {
        Some((cause.into(), model.map(Into::into), until))
    }

    #[test]
    fn the_strongest_of_what_is_true_is_told() {
        let serves = || Standing::Serves;
        let whole = [(None, rest(5_000)), (Some("m"), rest(9_000))];
        let model = [(Some("m"), rest(9_000)), (Some("n"), rest(2_000))];
        let over = [(None, rest(1_000))];
        for (told, expected) in [
            (told(serves(), 0, None, &[]), (State::Open, None)),
            (told(serves(), 2, None, &over), (State::Full, None)),
            (told(serves(), 2, Some(1_000), &[]), (State::Full, None)),
            (
                told(serves(), 2, None, &whole),
                (State::Resting, why("rate", None, Some(5_000))),
            ),
            (
                told(serves(), 0, None, &model),
                (State::Open, why("rate", Some("m"), Some(9_000))),
            ),
            (
                told(serves(), 2, None, &model),
                (State::Full, why("rate", Some("m"), Some(9_000))),
            ),
            (
                told(serves(), 2, Some(1_001), &whole),
                (State::Paused, why("paused", None, Some(1_001))),
            ),
            (
                told(serves(), 0, Some(UnixMillis::NEVER.0), &[]),
                (State::Paused, why("paused", None, None)),
            ),
            (
                told(Standing::Drained, 1, Some(5_000), &whole),
                (State::Draining, why("drained", None, None)),
            ),
            (
                told(Standing::Drained, 0, None, &[]),
                (State::Drained, why("drained", None, None)),
            ),
            (
                told(Standing::Disabled, 1, None, &[]),
                (State::Disabled, why("disabled", None, None)),
            ),
            (
                told(Standing::Broken("no key".into()), 1, None, &[]),
                (State::Broken, why("no key", None, None)),
            ),
        ] {
            assert_eq!(told, expected);
        }
    }
}
