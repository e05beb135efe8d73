//! A whole decision concerns several gates, an invariant one: what was asked of all of them is read as if it had been
//! asked of each, and answered by each what the answer says of it.

use std::collections::{HashMap, HashSet};

use crate::record::{Act, Answer, Ask, Entry, History, Id, Key, Want, Way};
use crate::whole::Whole;

/// What the answers under one id say of all its gates.
#[derive(Debug)]
struct Admission {
    whole: Whole,
    /// The gates of the group that it was granted at one time or another.
    granted: HashSet<Key>,
}

/// The history with every act on several gates told once for each of them.
pub(super) fn told_apart(history: &History) -> History {
    let mut admissions: HashMap<Id, Admission> = HashMap::new();
    for entry in &history.entries {
        let Act::Ask(Ask {
            id,
            want: Want::Whole(whole),
            ..
        }) = &entry.act
        else {
            continue;
        };
        let admission = admissions.entry(*id).or_insert(Admission {
            whole: *whole,
            granted: HashSet::new(),
        });
        admission.granted.extend(granted(whole, &entry.answer));
    }
    let entries = history.entries.iter();
    History {
        entries: entries
            .flat_map(|entry| parts(entry, &admissions))
            .collect(),
        looks: history.looks.clone(),
        rest: history.rest.clone(),
    }
}

/// The gate of the group that was granted.
fn granted(whole: &Whole, answer: &Answer) -> Option<Key> {
    match answer {
        Answer::Granted(index) => whole.any.get(usize::try_from(*index).ok()?).copied(),
        _ => None,
    }
}

fn parts(entry: &Entry, admissions: &HashMap<Id, Admission>) -> Vec<Entry> {
    let (Act::Ask(Ask { id, .. })
    | Act::Cancel { id, .. }
    | Act::Confirm { id, .. }
    | Act::Release { id, .. }) = &entry.act
    else {
        return vec![entry.clone()];
    };
    let Some(admission) = admissions.get(id) else {
        return vec![entry.clone()];
    };
    let keys = admission.whole.keys();
    keys.map(|key| part(entry, admission, key)).collect()
}

fn part(entry: &Entry, admission: &Admission, of: Key) -> Entry {
    let mut part = entry.clone();
    match &mut part.act {
        Act::Ask(ask) => ask.key = of,
        Act::Cancel { key, .. } | Act::Confirm { key, .. } | Act::Release { key, .. } => *key = of,
        _ => {}
    }
    part.answer = match (&entry.act, &entry.answer) {
        (Act::Ask(_), Answer::Granted(_)) => {
            let is_own = admission.whole.own == Some(of);
            match is_own || granted(&admission.whole, &entry.answer) == Some(of) {
                true => Answer::Granted(1),
                false => Answer::Elsewhere,
            }
        }
        (
            Act::Release {
                way: Way::LeaveAll(_),
                ..
            },
            Answer::Count(count),
        ) => left(admission, of, *count),
        (_, answer) => answer.clone(),
    };
    part
}

/// What a count of slots given back says of one gate. `Done`: nothing.
fn left(admission: &Admission, of: Key, count: i64) -> Answer {
    let is_own = admission.whole.own == Some(of);
    match count {
        0 => Answer::Count(0),
        count if count > admission.whole.slots() => {
            Answer::Odd(format!("{count} slots given back of one decision"))
        }
        count if count == admission.whole.slots() => match is_own {
            true => Answer::Count(1),
            false if admission.granted.len() == 1 => {
                Answer::Count(i64::from(admission.granted.contains(&of)))
            }
            false => Answer::Done,
        },
        _ => Answer::Done,
    }
}

#[cfg(test)]
mod tests {
    use crate::check::made::{History, assert_clean, assert_only, look, whole};
    use crate::record::{Holder, Key};
    use crate::whole::{GROUPS, OWN};

    const ACCOUNT: Key = GROUPS[0][0];
    const OTHER: Key = GROUPS[0][1];

    /// The first one is granted at once, the second one when it asks.
    fn two(second_asks_at: i64) -> History {
        let mut history = History::new();
        history.granted(whole(1), 0, 50, 0);
        history.left(whole(1), 900, 950, 2);
        history.granted(whole(2), second_asks_at, second_asks_at + 50, 1);
        history.left(whole(2), second_asks_at + 100, second_asks_at + 150, 2);
        history
    }

    #[test]
    fn a_grant_takes_a_slot_of_the_own_gate_too() {
        assert_clean(&two(1_000).made());
        assert_only(
            &two(200).made(),
            "a gate never has more holders than its limit",
        );
    }

    #[test]
    fn one_gate_of_the_group_is_held_and_no_other() {
        let seen = |key, holders: &[u64]| {
            let mut history = two(1_000).made();
            let holder = |id: &u64| Holder {
                id: *id,
                lease_left_ms: 500,
            };
            history.looks.push(look(key, 500));
            let look = history.looks.last_mut().unwrap();
            look.holders = holders.iter().map(holder).collect();
            history
        };
        for key in [OWN[0], ACCOUNT] {
            let holds = "who was granted holds it, until it ends";
            assert_clean(&seen(key, &[1]));
            assert_only(&seen(key, &[]), holds);
        }
        let gone = "who has gone holds nothing and waits for nothing";
        assert_clean(&seen(OTHER, &[]));
        assert_only(&seen(OTHER, &[1]), gone);
    }

    #[test]
    fn who_holds_a_gate_of_the_group_is_not_granted_another_one() {
        let again = |index| {
            let mut history = History::new();
            history.granted(whole(1), 0, 50, 0);
            history.granted(whole(1), 100, 150, index);
            history.left(whole(1), 900, 950, 2);
            history.made()
        };
        assert_clean(&again(0));
        assert_only(&again(1), "who was granted holds it, until it ends");
    }

    #[test]
    fn a_waiter_is_idle_only_where_all_that_it_needs_has_room() {
        let seen = |with_room: &[Key]| {
            let mut history = History::new();
            history.waited(whole(1).blocking(900), 0, 900_100);
            for at in (10_000..=80_000).step_by(10_000) {
                history.looked_for_room(at, &[1], with_room);
            }
            history.made()
        };
        assert_clean(&seen(&[OWN[0]]));
        assert_clean(&seen(&[ACCOUNT, OTHER]));
        let idle = "nothing is idle while somebody waits";
        assert_only(&seen(&[OWN[0], OTHER]), idle);
    }

    #[test]
    fn those_who_want_the_same_are_served_in_the_order_in_which_they_came() {
        let granted = |first: u64, second: u64| {
            let mut history = History::new();
            history.granted(whole(1), 0, 50, 0);
            history.looked_for_room(300, &[2, 3], &[]);
            history.left(whole(1), 400, 500, 2);
            let waited = |id| whole(id).blocking(100);
            history.granted(waited(first), 100 + first as i64, 480, 0);
            history.looked_for_room(600, &[second], &[]);
            history.left(whole(first), 700, 800, 2);
            history.granted(waited(second), 100 + second as i64, 780, 0);
            history.left(whole(second), 900, 950, 2);
            let mut history = history.made();
            let seen = history.looks.iter_mut().find(|look| look.asked == 300);
            seen.unwrap().holders.push(Holder {
                id: 1,
                lease_left_ms: 500,
            });
            let seen = history.looks.iter_mut().find(|look| look.asked == 600);
            seen.unwrap().holders.push(Holder {
                id: first,
                lease_left_ms: 500,
            });
            history
        };
        assert_clean(&granted(2, 3));
        assert_only(&granted(3, 2), "first come, first served within a flow");
    }

    #[test]
    fn fewer_slots_than_were_granted_can_be_left_when_leases_have_ended_but_never_more() {
        let left = |count| {
            let mut history = History::new();
            history.granted(whole(1).leased(10), 0, 50, 0);
            history.left(whole(1), 20_000, 20_050, count);
            history.made()
        };
        assert_clean(&left(0));
        assert_clean(&left(1));
        assert_only(&left(3), "every command is answered as it should be");
    }
}
