//! The rows of the screen: each account, with its slots, its turn and the beginning of its lines. Pure.

use std::collections::HashSet;

use crate::{
    cli::frame::{account_line, slot_words, span, waiter_words},
    live::{
        queue::{Of, Queue},
        snapshot::{AccountShown, Snapshot, WaiterShown},
    },
};

/// Waiters of a line that is not unfolded.
const FEW: usize = 5;

/// One line of text, and what can be done to what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) account: Box<str>,
    pub(super) shows: Shows,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shows {
    Account,
    Holder(Queue, Box<str>),
    Waiter(Queue, Box<str>),
    Rest,
}

pub(super) fn head(snapshot: &Snapshot) -> String {
    let totals = &snapshot.totals;
    format!(
        "{} in flight  {} waiting  {:.1} requests/s  {:.1} errors/s  {:.0} tokens/s  ${:.2} today  {} relays",
        totals.in_flight,
        totals.waiting,
        totals.requests_per_s,
        totals.errors_per_s,
        totals.tokens_per_s,
        totals.spend_today_micro_usd as f64 / 1e6,
        snapshot.relays.len()
    )
}

pub(super) fn rows(snapshot: &Snapshot, unfolded: &HashSet<Box<str>>) -> Vec<Row> {
    let accounts = snapshot.accounts.iter();
    let rows = accounts.flat_map(|account| {
        let most = match unfolded.contains(&*account.id) {
            true => usize::MAX,
            false => FEW,
        };
        of_account(account, most, snapshot.at_ms)
    });
    rows.collect()
}

fn of_account(account: &AccountShown, most: usize, now_ms: u64) -> Vec<Row> {
    let row = |text: String, shows: Shows| Row {
        text,
        account: (*account.id).into(),
        shows,
    };
    let queue = |of: Of| Queue {
        of,
        id: (*account.id).into(),
    };
    let mut rows = vec![row(account_line(account, now_ms), Shows::Account)];
    for slot in account.slots.iter().take(most) {
        let text = format!("    slot   {}", slot_words(slot, now_ms));
        let holds = Shows::Holder(queue(Of::Account), slot.member.clone());
        rows.push(row(text, holds));
    }
    let mut line = |of: Of, name: &str, line: &[WaiterShown], all: u64| {
        for waiter in line.iter().take(most) {
            let words = waiter_words(waiter, now_ms);
            let text = format!("    {name} {:>3}  {words}", waiter.position);
            let waits = Shows::Waiter(queue(of), waiter.member.clone());
            rows.push(row(text, waits));
        }
        let more = all.saturating_sub(line.len().min(most) as u64);
        if more > 0 {
            rows.push(row(format!("    {name} and {more} more"), Shows::Rest));
        }
    };
    line(Of::Account, "line", &account.line, account.waiting);
    if let Some(turn) = &account.turn {
        line(Of::Turn, "turn", &turn.line, turn.waiting);
        let text = match (&turn.holder, turn.next_at_ms) {
            (Some(holder), _) => Some(format!("    turn   {}", slot_words(holder, now_ms))),
            (None, Some(at)) => Some(format!(
                "    turn   free in {}",
                span(at.saturating_sub(now_ms))
            )),
            (None, None) => None,
        };
        let member = turn.holder.as_ref().map(|holder| holder.member.clone());
        let shows = member.map_or(Shows::Rest, |member| Shows::Holder(queue(Of::Turn), member));
        rows.extend(text.map(|text| row(text, shows)));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::snapshot::{SlotShown, State, TotalsShown, TurnShown};

    fn waiter(position: usize) -> WaiterShown {
        WaiterShown {
            member: format!("req_{position}").into(),
            key: Some("key_1".into()),
            key_name: Some("Ann".into()),
            model: Some("opus".into()),
            since_ms: 90_000,
            position,
        }
    }

    fn snapshot() -> Snapshot {
        let slot = SlotShown {
            member: "req_h".into(),
            key: Some("key_1".into()),
            key_name: None,
            model: None,
            since_ms: 40_000,
        };
        let account = AccountShown {
            id: "main".into(),
            kind: Some("anthropic"),
            state: State::Full,
            why: None,
            in_use: 1,
            limit: 1,
            waiting: 7,
            slots: vec![slot.clone()],
            slots_more: 0,
            line: (1..=7).map(waiter).collect(),
            line_more: 0,
            turn: Some(TurnShown {
                holder: Some(slot),
                next_at_ms: None,
                waiting: 0,
                line: Vec::new(),
                line_more: 0,
            }),
        };
        Snapshot {
            at_ms: 100_000,
            totals: TotalsShown {
                in_flight: 1,
                waiting: 7,
                spend_today_micro_usd: 1_234_567,
                ..TotalsShown::default()
            },
            accounts: vec![account],
            keys: Vec::new(),
            callers: Vec::new(),
            relays: Vec::new(),
        }
    }

    #[test]
    fn each_row_says_what_it_shows_and_what_can_be_done_to_it() {
        let queue = |of: Of| Queue {
            of,
            id: "main".into(),
        };
        let rows = rows(&snapshot(), &HashSet::new());
        let text: Vec<&str> = rows.iter().map(|row| row.text.trim()).collect();
        assert!(
            text[0].starts_with("main             full         1/1        7 wait"),
            "{text:?}"
        );
        assert!(text[1].starts_with("slot   req_h  key_1 ") && text[1].ends_with("1m00s"));
        assert!(text[2].starts_with("line   1  req_1  Ann ") && text[2].ends_with("10s"));
        assert_eq!(text[7], "line and 2 more");
        assert!(text[8].starts_with("turn   req_h"));
        assert_eq!(
            rows[1].shows,
            Shows::Holder(queue(Of::Account), "req_h".into())
        );
        assert_eq!(
            rows[2].shows,
            Shows::Waiter(queue(Of::Account), "req_1".into())
        );
        assert_eq!(
            rows[8].shows,
            Shows::Holder(queue(Of::Turn), "req_h".into())
        );
        assert!(rows.iter().all(|row| &*row.account == "main"));
    }

    #[test]
    fn an_unfolded_account_shows_its_whole_line() {
        let unfolded = HashSet::from(["main".into()]);
        let rows = rows(&snapshot(), &unfolded);
        assert_eq!(rows.len(), 10);
        assert!(
            head(&snapshot()).starts_with("1 in flight  7 waiting")
                && head(&snapshot()).contains("$1.23")
        );
    }
}
