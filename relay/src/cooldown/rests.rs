//! Which accounts rest now, as a whole or for a model. One that rested by a guess is on trial afterwards: until a request
//! has succeeded there, it gets one at a time, of which all relays agree in Redis. Pure; the time is always an argument.

use std::{collections::HashMap, time::Duration};

use super::{Basis, Cause, Rest, Scope, rest::after};
use crate::time::UnixMillis;

/// More models than this of one account do not rest at once: their names are callers' words.
const MOST_MODELS: usize = 256;
/// So long one request of a relay asks whether the trial is its own, and no other one of it does.
const ASKED_FOR: Duration = Duration::from_secs(1);
/// What ends only so much later than was known is no news.
const NEWS_MS: u64 = 1_000;

/// All cooldowns that a relay knows of.
#[derive(Debug, Default)]
pub(crate) struct Rests(HashMap<Box<str>, Account>);

#[derive(Debug, Default)]
struct Account {
    whole: Option<Rest>,
    models: HashMap<Box<str>, Rest>,
}

/// How an account is for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Well,
    /// It may have one request, of all relays. Whether that is its trial as a whole or that of the model.
    OnTrial(Scope),
    Resting(Rest),
}

impl Rests {
    pub(crate) fn state(&self, account: &str, model: Option<&str>, now: UnixMillis) -> State {
        let Some(account) = self.0.get(account) else {
            return State::Well;
        };
        let of_model = model.and_then(|model| account.models.get(model));
        let both = [account.whole.as_ref(), of_model];
        let resting = both.iter().flatten().filter(|rest| rest.end() > now);
        // What was stated comes before a guess: that may be overruled where nobody else is left.
        let first = resting.max_by_key(|rest| (rest.basis == Basis::Stated, rest.end()));
        match first {
            Some(rest) => State::Resting(**rest),
            None if both[0].is_some_and(|rest| rest.is_on_trial(now)) => {
                State::OnTrial(Scope::Account)
            }
            None if both[1].is_some_and(|rest| rest.is_on_trial(now)) => {
                State::OnTrial(Scope::Model)
            }
            None => State::Well,
        }
    }

    /// The rest of an account as a whole, until it has served again: it goes on while the account is on trial.
    pub(crate) fn whole(&self, account: &str, now: UnixMillis) -> Option<Rest> {
        let rest = self.0.get(account)?.whole?;
        (rest.end() > now || rest.is_on_trial(now)).then_some(rest)
    }

    /// A request is about to go to an account: not to one that rests, and to one that is on trial alone of this relay's.
    pub(crate) fn enter(&mut self, account: &str, model: Option<&str>, now: UnixMillis) -> State {
        let state = self.state(account, model, now);
        if let (State::OnTrial(_), Some(account)) = (state, self.0.get_mut(account)) {
            let of_model = model.and_then(|model| account.models.get_mut(model));
            let both = account.whole.iter_mut().chain(of_model);
            both.filter(|rest| rest.is_on_trial(now))
                .for_each(|rest| rest.tried_until = after(now, ASKED_FOR));
        }
        state
    }

    /// An account refused. Gives the cooldown if there is a new one, and whether only the model rests; refusals of requests
    /// that were on their way when it began make none, nor what is one model's affair where none was named.
    pub(crate) fn refused<'m>(
        &mut self,
        account: &str,
        model: Option<&'m str>,
        cause: Cause,
        stated: Option<Duration>,
        now: UnixMillis,
    ) -> Option<(Option<&'m str>, Rest)> {
        let model = match cause.scope() {
            Scope::Nothing => return None,
            Scope::Account => None,
            Scope::Model => Some(model?),
        };
        let account = self.0.entry(account.into()).or_default();
        let before = account.rest(model);
        let rest = match stated.filter(|_| cause.has_reset()) {
            Some(span) => Rest::known(Basis::Stated, cause, span, now),
            None => Rest::guessed(before, cause, now),
        };
        if before.is_some_and(|before| before.until > now && !rest.outlasts(before)) {
            return None;
        }
        account.set(model, rest, now).then_some((model, rest))
    }

    /// An account has served, and says that nothing is left for so long. Gives the cooldown if that is news.
    pub(crate) fn foreseen(
        &mut self,
        account: &str,
        model: &str,
        span: Duration,
        now: UnixMillis,
    ) -> Option<Rest> {
        let account = self.0.entry(account.into()).or_default();
        let rest = Rest::known(Basis::Foreseen, Cause::Rate, span, now);
        let is_news = account.rest(Some(model)).is_none_or(|before| {
            let is_later = before.until.0 + NEWS_MS < rest.until.0;
            before.end() <= now || (before.basis == Basis::Foreseen && is_later)
        });
        (is_news && account.set(Some(model), rest, now)).then_some(rest)
    }

    /// A request has succeeded; says whether that ended a trial. One that was sent before a rest began ends none.
    pub(crate) fn succeeded(
        &mut self,
        account: &str,
        model: Option<&str>,
        now: UnixMillis,
    ) -> bool {
        let Some(known) = self.0.get_mut(account) else {
            return false;
        };
        let is_over = |rest: &Rest| rest.until <= now;
        let whole = known.whole.take_if(|rest| is_over(rest)).is_some();
        let of_model = model.is_some_and(|model| {
            let over = known.models.get(model).is_some_and(is_over);
            over && known.models.remove(model).is_some()
        });
        self.drop_if_well(account);
        whole || of_model
    }

    /// What another relay has found, unless we know of something that lasts longer.
    pub(crate) fn learn(
        &mut self,
        account: &str,
        model: Option<&str>,
        rest: Rest,
        now: UnixMillis,
    ) {
        let known = self.0.entry(account.into()).or_default();
        if known
            .rest(model)
            .is_none_or(|ours| ours.yields_to(&rest, now))
        {
            known.set(model, rest, now);
        }
    }

    /// Another relay has found it well.
    pub(crate) fn forget(&mut self, account: &str, model: Option<&str>) {
        let Some(known) = self.0.get_mut(account) else {
            return;
        };
        match model {
            Some(model) => drop(known.models.remove(model)),
            None => known.whole = None,
        }
        self.drop_if_well(account);
    }

    fn drop_if_well(&mut self, account: &str) {
        let is_well = |known: &Account| known.whole.is_none() && known.models.is_empty();
        if self.0.get(account).is_some_and(is_well) {
            self.0.remove(account);
        }
    }
}

impl Account {
    fn rest(&self, model: Option<&str>) -> Option<&Rest> {
        match model {
            Some(model) => self.models.get(model),
            None => self.whole.as_ref(),
        }
    }

    /// Whether there was room.
    fn set(&mut self, model: Option<&str>, rest: Rest, now: UnixMillis) -> bool {
        let Some(model) = model else {
            self.whole = Some(rest);
            return true;
        };
        if self.models.len() >= MOST_MODELS && !self.models.contains_key(model) {
            self.models.retain(|_, rest| rest.until > now);
        }
        let room = self.models.len() < MOST_MODELS || self.models.contains_key(model);
        if room {
            self.models.insert(model.into(), rest);
        }
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cooldown::acts::{at, resting_until};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_guess_grows_from_refusal_to_refusal_up_to_a_cap() {
        let mut rests = Rests::default();
        let mut now = at(0);
        let mut spans = Vec::new();
        for _ in 0..8 {
            let (_, rest) = rests.refused("a", None, Cause::Fault, None, now).unwrap();
            spans.push((rest.until.0 - now.0) / 1000);
            now = rest.until;
        }
        assert_eq!(spans, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(rests.succeeded("a", None, now));
        let (_, rest) = rests.refused("a", None, Cause::Fault, None, now).unwrap();
        assert_eq!(rest.until.0 - now.0, 1000);
    }

    #[test]
    fn refusals_of_one_moment_count_once() {
        let mut rests = Rests::default();
        assert!(
            rests
                .refused("a", None, Cause::Fault, None, at(0))
                .is_some()
        );
        assert!(
            rests
                .refused("a", None, Cause::Fault, None, at(0))
                .is_none()
        );
        let stated = rests.refused("a", None, Cause::Fault, Some(SECOND * 9), at(0));
        assert_eq!(stated.map(|(_, rest)| rest.basis), Some(Basis::Stated));
        assert!(
            rests
                .refused("a", None, Cause::Fault, Some(SECOND * 5), at(0))
                .is_none()
        );
        assert_eq!(resting_until(&rests, "m", at(8)), Some(at(9)));
    }

    #[test]
    fn after_a_guess_comes_a_trial_and_after_a_stated_time_none() {
        let mut rests = Rests::default();
        rests.refused("a", Some("m"), Cause::Rate, None, at(0));
        assert_eq!(resting_until(&rests, "m", at(4)), Some(at(5)));
        assert_eq!(
            rests.state("a", Some("m"), at(5)),
            State::OnTrial(Scope::Model)
        );
        assert_eq!(rests.state("a", Some("other"), at(0)), State::Well);
        assert!(!rests.succeeded("a", Some("other"), at(6)));
        assert!(rests.succeeded("a", Some("m"), at(6)));
        assert_eq!(rests.state("a", Some("m"), at(6)), State::Well);
        rests.refused("a", Some("m"), Cause::Rate, Some(SECOND), at(6));
        assert_eq!(rests.state("a", Some("m"), at(7)), State::Well);
    }

    #[test]
    fn a_trial_is_asked_for_by_one_request_at_a_time() {
        let mut rests = Rests::default();
        rests.refused("a", None, Cause::Fault, None, at(0));
        assert_eq!(
            rests.enter("a", Some("m"), at(1)),
            State::OnTrial(Scope::Account)
        );
        assert!(matches!(
            rests.enter("a", Some("m"), at(1)),
            State::Resting(_)
        ));
        assert!(matches!(rests.state("a", None, at(1)), State::Resting(_)));
        assert_eq!(
            rests.enter("a", None, at(2)),
            State::OnTrial(Scope::Account)
        );
        assert!(rests.succeeded("a", None, at(2)));
        assert_eq!(rests.enter("a", Some("m"), at(2)), State::Well);
    }

    #[test]
    fn a_success_on_its_way_does_not_end_a_rest() {
        let mut rests = Rests::default();
        rests.refused("a", None, Cause::Credential, None, at(0));
        assert!(!rests.succeeded("a", Some("m"), at(1)));
        assert_eq!(resting_until(&rests, "m", at(1)), Some(at(60)));
    }

    #[test]
    fn nothing_rests_for_what_is_not_its_fault() {
        let mut rests = Rests::default();
        for cause in [Cause::Overloaded, Cause::Caller] {
            assert_eq!(
                rests.refused("a", Some("m"), cause, Some(SECOND), at(0)),
                None
            );
        }
        assert!(rests.0.is_empty());
    }

    #[test]
    fn what_is_foreseen_makes_no_trial_and_gives_way_to_what_is_stated() {
        let mut rests = Rests::default();
        let foreseen = |rests: &mut Rests, seconds: u32, now| {
            let found = rests.foreseen("a", "m", SECOND * seconds, at(now));
            found.map(|rest| rest.until)
        };
        assert_eq!(foreseen(&mut rests, 10, 0), Some(at(10)));
        assert_eq!(foreseen(&mut rests, 10, 1), None, "no news");
        assert_eq!(foreseen(&mut rests, 10, 2), Some(at(12)));
        assert!(!rests.succeeded("a", Some("m"), at(3)));
        assert_eq!(resting_until(&rests, "m", at(11)), Some(at(12)));
        assert_eq!(resting_until(&rests, "other", at(3)), None);
        assert_eq!(rests.state("a", Some("m"), at(12)), State::Well);
        assert_eq!(foreseen(&mut rests, 10, 20), Some(at(30)));
        rests.refused("a", Some("m"), Cause::Rate, Some(SECOND * 15), at(21));
        assert_eq!(foreseen(&mut rests, 60, 22), None);
        assert_eq!(resting_until(&rests, "m", at(35)), Some(at(36)));
    }

    #[test]
    fn a_stated_time_is_not_given_up_for_what_another_relay_foresees() {
        let [mut one, mut other] = [Rests::default(), Rests::default()];
        one.refused("a", Some("m"), Cause::Rate, Some(SECOND * 5), at(0));
        let rest = other.foreseen("a", "m", SECOND * 60, at(0)).unwrap();
        one.learn("a", Some("m"), rest, at(1));
        assert_eq!(resting_until(&one, "m", at(1)), Some(at(5)));
        one.learn("a", Some("m"), rest, at(6));
        assert_eq!(one.state("a", Some("m"), at(6)), State::Resting(rest));
    }

    #[test]
    fn names_of_models_do_not_pile_up() {
        let mut rests = Rests::default();
        for model in 0..2 * MOST_MODELS {
            let name = format!("m{model}");
            let rested = rests
                .refused("a", Some(&name), Cause::Model, None, at(0))
                .is_some();
            assert_eq!(rested, model < MOST_MODELS);
        }
        let later = rests.refused("a", Some("new"), Cause::Model, None, at(10_000));
        assert!(later.is_some());
        assert_eq!(rests.0["a"].models.len(), 1);
    }

    #[test]
    fn what_one_relay_finds_another_learns_and_forgets() {
        let [mut one, mut other] = [Rests::default(), Rests::default()];
        let (_, rest) = one
            .refused("a", Some("m"), Cause::Model, None, at(0))
            .unwrap();
        other.learn("a", Some("m"), rest, at(1));
        assert_eq!(other.state("a", Some("m"), at(1)), State::Resting(rest));
        other.forget("a", Some("m"));
        assert_eq!(other.state("a", Some("m"), at(1)), State::Well);
        assert!(other.0.is_empty());
    }
}
