//! Every wait ends, by a grant, at its deadline, or because somebody made it end; and every command is answered as its
//! contract says.

use super::Found;
use super::scene::Scene;
use super::visit::Visit;
use crate::record::{Act, Answer, Ask, Entry, Fault, Micros, Patience};

/// How late a deadline may be kept on a machine that has much else to do.
const LATE: Micros = 5_000_000;
/// Deadlines are whole milliseconds.
const ROUNDING: Micros = 1_000;

pub(super) fn in_time(scene: &Scene<'_>) -> Found {
    let mut found = Found::new();
    for visit in &scene.visits {
        for (entry, ask) in visit.asks() {
            let wrong = wrong_end(visit, entry, ask);
            found.extend(wrong.map(|what| (what.to_owned(), shown(visit))));
        }
    }
    let silent = |entry: &&Entry| entry.answer == Answer::Silent;
    let forgotten = scene.history.entries.iter().filter(silent);
    found.extend(forgotten.map(|entry| ("no answer".to_owned(), last_seen(scene, entry))));
    found
}

/// A forgotten ask, and where the server had it at last.
fn last_seen(scene: &Scene<'_>, entry: &Entry) -> Vec<String> {
    let mut lines = vec![entry.to_string()];
    if let Act::Ask(ask) = &entry.act {
        let looks = scene.history.looks.iter();
        let mut looks = looks.rev().filter(|look| {
            let waits = look.waiters.iter().any(|(id, _)| *id == ask.id);
            look.key == ask.key && waits && look.asked <= entry.ended
        });
        lines.extend(looks.next().map(|look| format!("{look:?}")));
    }
    lines
}

fn wrong_end(visit: &Visit<'_>, entry: &Entry, ask: &Ask) -> Option<&'static str> {
    let answered = matches!(entry.answer, Answer::Refused | Answer::Granted(_));
    let refused = entry.answer == Answer::Refused && ask.waits();
    let deadline = match ask.patience {
        Patience::Millis(ms) if ask.waits() => entry.asked + ms * 1_000,
        Patience::Endless if ask.waits() => Micros::MAX,
        _ => entry.asked,
    };
    if refused && entry.ended < deadline - ROUNDING && !was_made_to_end(visit, entry) {
        return Some("its wait ended before its time");
    }
    let late = answered && entry.ended > deadline.saturating_add(LATE);
    late.then_some("it was answered long after its deadline")
}

/// Somebody cancelled it, or asked under its id, while it waited.
fn was_made_to_end(visit: &Visit<'_>, waiting: &Entry) -> bool {
    visit.entries.iter().any(|other| {
        let ends_it = matches!(other.act, Act::Cancel { .. } | Act::Ask(_));
        let meanwhile = other.asked <= waiting.ended && other.ended >= waiting.asked;
        *other != waiting && ends_it && meanwhile
    })
}

pub(super) fn as_it_should(scene: &Scene<'_>) -> Found {
    let mut found = Found::new();
    for entry in &scene.history.entries {
        let wrong = wrong_answer(scene, entry);
        found.extend(wrong.map(|what| (what.to_owned(), vec![entry.to_string()])));
    }
    for visit in &scene.visits {
        let cancelled = visit.entries.iter().filter(|entry| {
            matches!(entry.act, Act::Cancel { .. }) && entry.answer == Answer::Count(1)
        });
        let granted = |cancel: &&&Entry| {
            visit.asks().any(|(entry, _)| {
                let is_granted = matches!(entry.answer, Answer::Granted(_));
                is_granted && entry.asked <= cancel.asked && entry.ended > cancel.asked
            })
        };
        let what = "it was cancelled, and granted";
        found.extend(
            cancelled
                .filter(granted)
                .map(|_| (what.to_owned(), shown(visit))),
        );
    }
    found
}

fn wrong_answer(scene: &Scene<'_>, entry: &Entry) -> Option<&'static str> {
    let fault = |wanted: fn(Fault) -> bool| {
        let mut entries = scene.history.entries.iter();
        entries.any(|other| {
            let wanted = matches!(other.act, Act::Fault(fault) if wanted(fault));
            wanted && other.asked <= entry.ended
        })
    };
    match (&entry.answer, &entry.act) {
        (Answer::Odd(_), _) => Some("it answers what no command answers"),
        (Answer::LineFull, Act::Ask(ask)) if ask.queue.is_none() => Some("no line is that full"),
        (Answer::Unblocked, _) if !fault(|fault| fault != Fault::Restart) => {
            Some("the server has served all the time")
        }
        (Answer::NotHere, _) if !fault(|_| true) => Some("the server has served all the time"),
        (Answer::Lost, _) if !was_killed(scene, entry) && !fault(|_| true) => {
            Some("nobody ended the connection")
        }
        _ => None,
    }
}

fn was_killed(scene: &Scene<'_>, entry: &Entry) -> bool {
    scene.history.entries.iter().any(|kill| {
        matches!(kill.act, Act::Kill { connection, .. } if connection == entry.connection)
            && kill.asked <= entry.ended
    })
}

fn shown(visit: &Visit<'_>) -> Vec<String> {
    visit.entries.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use crate::check::made::{History, assert_clean, assert_only, gate};
    use crate::record::{Act, Answer, Key};

    const ENDS: &str = "every wait ends, and neither early nor late";
    const ANSWERED: &str = "every command is answered as it should be";

    #[test]
    fn a_wait_ends_at_its_deadline() {
        let waited_until = |at| {
            let mut history = History::new();
            history.waited(gate(1, 1).blocking(100), 0, at);
            history.made()
        };
        assert_clean(&waited_until(100_100));
        assert_only(&waited_until(98_000), ENDS);
        assert_only(&waited_until(6_000_000), ENDS);
    }

    #[test]
    fn a_wait_that_somebody_cancels_may_end_early_but_in_no_grant() {
        let cancelled = |answer| {
            let mut history = History::new();
            let ask = Act::Ask(gate(1, 1).blocking(100).ask());
            history.noted(ask, 0, 500, answer);
            let cancel = Act::Cancel {
                key: Key::Gate(0),
                id: 1,
            };
            history.noted(cancel, 400, 450, Answer::Count(1));
            history.released(gate(1, 1), 600, 650);
            history
        };
        assert_eq!(cancelled(Answer::Granted(1)).broken(), [ANSWERED]);
        let mut history = cancelled(Answer::Refused);
        history.forget_last();
        assert_clean(&history.made());
    }

    #[test]
    fn who_is_never_answered_is_forgotten() {
        let mut history = History::new();
        let ask = Act::Ask(gate(1, 1).blocking(100).ask());
        history.noted(ask, 0, 5_100_000, Answer::Silent);
        assert_only(&history.made(), ENDS);
    }

    #[test]
    fn an_answer_that_nobody_asked_for_and_an_end_that_nobody_made_are_seen() {
        for answer in [
            Answer::Odd("7".into()),
            Answer::Lost,
            Answer::Unblocked,
            Answer::NotHere,
        ] {
            let mut history = History::new();
            history.noted(Act::Listen, 0, 10, answer);
            assert_only(&history.made(), ANSWERED);
        }
    }
}
