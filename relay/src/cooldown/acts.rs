//! Whatever happens to an account meanwhile, it rests for as long as it has said. (Tests only.)

use std::time::Duration;

use proptest::{
    collection::vec,
    prop_assert, prop_oneof, proptest,
    strategy::{Just, Strategy},
};

use super::{Basis, Cause, Rests, State};
use crate::time::UnixMillis;

pub(super) fn at(seconds: u64) -> UnixMillis {
    UnixMillis(1_000_000 + seconds * 1000)
}

pub(super) fn resting_until(rests: &Rests, model: &str, now: UnixMillis) -> Option<UnixMillis> {
    match rests.state("a", Some(model), now) {
        State::Resting(rest) => Some(rest.until),
        State::Well | State::OnTrial(_) => None,
    }
}

#[derive(Debug, Clone)]
enum Act {
    Refused(Option<u8>, Cause, Option<u64>),
    Succeeded(u8),
    Foreseen(u8, u64),
    Wait(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let cause = prop_oneof![
        Just(Cause::Fault),
        Just(Cause::Rate),
        Just(Cause::Model),
        Just(Cause::Overloaded)
    ];
    let model = prop_oneof![Just(None), (0..2_u8).prop_map(Some)];
    let stated = prop_oneof![Just(None), (1..100_u64).prop_map(Some)];
    prop_oneof![
        (model, cause, stated)
            .prop_map(|(model, cause, stated)| Act::Refused(model, cause, stated)),
        (0..2_u8).prop_map(Act::Succeeded),
        (0..2_u8, 1..100_u64).prop_map(|(model, seconds)| Act::Foreseen(model, seconds)),
        (0..400_u64).prop_map(Act::Wait),
    ]
}

proptest! {
    #[test]
    fn a_stated_time_is_kept_whatever_happens_meanwhile(acts in vec(act(), 0..40)) {
        let mut rests = Rests::default();
        let (mut now, mut stated_until) = (0, 0);
        for act in acts {
            match act {
                Act::Refused(model, cause, stated) => {
                    let name = model.map(|model| model.to_string());
                    let stated = stated.map(Duration::from_secs);
                    let found = rests.refused("a", name.as_deref(), cause, stated, at(now));
                    let rest = found.map(|(_, rest)| rest);
                    let ours = rest.filter(|rest| rest.basis == Basis::Stated && cause == Cause::Fault);
                    stated_until = ours.map_or(stated_until, |rest| stated_until.max(rest.until.0));
                    prop_assert!(rest.is_none_or(|rest| rest.until > at(now)));
                }
                Act::Succeeded(model) => drop(rests.succeeded("a", Some(&model.to_string()), at(now))),
                Act::Foreseen(model, seconds) => {
                    let span = Duration::from_secs(seconds);
                    rests.foreseen("a", &model.to_string(), span, at(now));
                }
                Act::Wait(seconds) => now += seconds,
            }
            if stated_until > at(now).0 {
                let until = resting_until(&rests, "0", at(now));
                prop_assert!(until.is_some_and(|until| until.0 >= stated_until), "{until:?}");
            }
        }
    }
}
