//! Which accounts of a group may serve a request: those that have its model and do not rest, as long as there are any.
//! Which one of them does, the gates decide together (`admit.rs`). Pure.

use crate::cooldown::{Basis, Rest, State};

/// An account, as one request sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Candidate {
    Serves(State),
    /// It does not serve the model.
    LacksModel,
    /// It does not have what the request continues.
    LacksPart,
    /// It has had this request already.
    Tried,
    /// An operator has disabled or drained it.
    Closed,
}

/// Why there is no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nobody {
    /// None serves the model.
    LacksModel,
    /// Those that have not been tried all rest; the first of them until then.
    Rests(Rest),
    /// All have been tried.
    Tried,
    /// Those that are left are closed.
    Closed,
}

/// The places of those that may serve. Where all rest, those may that have not refused for a stated time: nobody who is
/// the last is taken out by a guess.
pub(crate) fn eligible(candidates: &[Candidate]) -> Result<Vec<usize>, Nobody> {
    let places = |may: fn(&State) -> bool| -> Vec<usize> {
        let serves = |candidate: &Candidate| match candidate {
            Candidate::Serves(state) => may(state),
            Candidate::LacksModel | Candidate::LacksPart => false,
            Candidate::Tried | Candidate::Closed => false,
        };
        let all = candidates.iter().enumerate();
        all.filter(|(_, candidate)| serves(candidate))
            .map(|(place, _)| place)
            .collect()
    };
    let mut found = places(|state| matches!(state, State::Well | State::OnTrial(_)));
    if found.is_empty() {
        found = places(is_unsure);
    }
    match found.is_empty() {
        true => Err(nobody(candidates)),
        false => Ok(found),
    }
}

fn is_unsure(state: &State) -> bool {
    match state {
        State::Resting(rest) => rest.basis != Basis::Stated,
        State::Well | State::OnTrial(_) => false,
    }
}

fn nobody(candidates: &[Candidate]) -> Nobody {
    let rests = candidates.iter().filter_map(|candidate| match candidate {
        Candidate::Serves(State::Resting(rest)) => Some(*rest),
        _ => None,
    });
    match rests.min_by_key(Rest::end) {
        Some(rest) => Nobody::Rests(rest),
        None if candidates.contains(&Candidate::Tried) => Nobody::Tried,
        None if candidates.contains(&Candidate::Closed) => Nobody::Closed,
        None => Nobody::LacksModel,
    }
}

/// Why an account has a request, for its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It has what the request continues.
    Pinned,
    /// It has the conversation.
    Affinity,
    /// Another one has it or was chosen before, and did not get free in time.
    Spilled,
    /// No other one could.
    Only,
    /// Those with a lower priority number were full.
    Tier,
    LeastLoaded,
}

impl Reason {
    /// `places` are those that could, `chosen` is one of them, `known` is the one that has the conversation.
    pub(crate) fn of(
        places: &[usize],
        priority: impl Fn(usize) -> u32,
        chosen: usize,
        known: Option<usize>,
    ) -> Self {
        let better = |place: &&usize| priority(**place) < priority(chosen);
        match known.filter(|known| places.contains(known)) {
            Some(known) if known == chosen => Self::Affinity,
            Some(_) => Self::Spilled,
            None if places.len() == 1 => Self::Only,
            None if places.iter().any(|place| better(&place)) => Self::Tier,
            None => Self::LeastLoaded,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Affinity => "affinity",
            Self::Spilled => "spilled",
            Self::Only => "only",
            Self::Tier => "tier",
            Self::LeastLoaded => "least_loaded",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{
        collection::vec,
        prop_assert, prop_assert_eq, prop_oneof, proptest,
        strategy::{Just, Strategy},
    };

    use super::*;
    use crate::{
        cooldown::{Cause, Scope},
        time::UnixMillis,
    };

    fn rest(basis: Basis, until: u64) -> Rest {
        Rest {
            until: UnixMillis(until),
            cause: Cause::Rate,
            basis,
            times: 1,
            tried_until: UnixMillis(0),
        }
    }

    fn resting(basis: Basis, until: u64) -> Candidate {
        Candidate::Serves(State::Resting(rest(basis, until)))
    }

    const WELL: Candidate = Candidate::Serves(State::Well);

    #[test]
    fn who_rests_is_passed_over_unless_nobody_else_is_left() {
        let guess = resting(Basis::Guessed, 5);
        let stated = resting(Basis::Stated, 3);
        let trial = Candidate::Serves(State::OnTrial(Scope::Model));
        for (candidates, expected) in [
            (&[WELL, guess, stated, trial][..], Ok(vec![0, 3])),
            (&[guess, stated, Candidate::LacksModel], Ok(vec![0])),
            (&[stated, resting(Basis::Foreseen, 9), WELL], Ok(vec![2])),
            (&[stated, resting(Basis::Foreseen, 9)], Ok(vec![1])),
            (
                &[stated, resting(Basis::Stated, 2)],
                Err(Nobody::Rests(rest(Basis::Stated, 2))),
            ),
            (&[Candidate::LacksModel; 2], Err(Nobody::LacksModel)),
            (&[Candidate::Closed, WELL], Ok(vec![1])),
            (
                &[Candidate::LacksModel, Candidate::Closed],
                Err(Nobody::Closed),
            ),
            (
                &[Candidate::Tried, Candidate::LacksModel],
                Err(Nobody::Tried),
            ),
            (
                &[Candidate::Tried, stated],
                Err(Nobody::Rests(rest(Basis::Stated, 3))),
            ),
        ] {
            assert_eq!(eligible(candidates), expected, "{candidates:?}");
        }
    }

    #[test]
    fn the_record_says_why() {
        let priority = |place: usize| [0, 0, 7][place];
        for (places, chosen, known, reason) in [
            (&[0, 1, 2][..], 1, Some(1), Reason::Affinity),
            (&[0, 1, 2], 0, Some(1), Reason::Spilled),
            (&[0, 2], 0, Some(1), Reason::LeastLoaded),
            (&[0, 1, 2], 2, None, Reason::Tier),
            (&[0, 1], 1, None, Reason::LeastLoaded),
            (&[2], 2, None, Reason::Only),
        ] {
            assert_eq!(Reason::of(places, priority, chosen, known), reason);
        }
    }

    fn candidate() -> impl Strategy<Value = Candidate> {
        let basis = prop_oneof![
            Just(Basis::Stated),
            Just(Basis::Guessed),
            Just(Basis::Foreseen)
        ];
        prop_oneof![
            Just(WELL),
            Just(Candidate::Serves(State::OnTrial(Scope::Account))),
            Just(Candidate::LacksModel),
            Just(Candidate::LacksPart),
            Just(Candidate::Tried),
            Just(Candidate::Closed),
            (basis, 1..9_u64).prop_map(|(basis, until)| resting(basis, until)),
        ]
    }

    proptest! {
        #[test]
        fn nobody_is_left_only_when_nobody_may(candidates in vec(candidate(), 0..6)) {
            let may = |candidate: &Candidate| match candidate {
                Candidate::Serves(State::Resting(rest)) => rest.basis != Basis::Stated,
                Candidate::Serves(_) => true,
                Candidate::LacksModel | Candidate::LacksPart => false,
                Candidate::Tried | Candidate::Closed => false,
            };
            match eligible(&candidates) {
                Ok(places) => {
                    prop_assert!(places.iter().all(|place| may(&candidates[*place])));
                    let well = candidates.contains(&WELL);
                    prop_assert!(!well || places.iter().any(|place| candidates[*place] == WELL));
                }
                Err(_) => prop_assert_eq!(candidates.iter().filter(|one| may(one)).count(), 0),
            }
        }
    }
}
