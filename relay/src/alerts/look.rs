//! What holds at this moment, of all that somebody may be told.

use std::{collections::HashMap, sync::Arc};

use super::facts::Event;
use crate::{
    app::App,
    budget::{Budget, Spending},
    config::Alerts,
    cooldown::{Cause, Rest},
    gate::{Gate, Turn},
    price::MicroUsd,
    store::{Line, StoreError},
    time::{UnixMillis, millis},
};

/// Of a budget.
const PERCENTS: [u64; 2] = [80, 100];

pub(super) struct Look<'a> {
    config: &'a Alerts,
    /// Since when accounts are out of service, why, and until when at least.
    down: HashMap<Box<str>, Down>,
}

#[derive(Debug, Clone, Copy)]
struct Down {
    since: UnixMillis,
    cause: Cause,
    until: UnixMillis,
}

impl<'a> Look<'a> {
    pub(super) fn new(config: &'a Alerts) -> Self {
        let down = HashMap::new();
        Self { config, down }
    }

    /// Another relay looks.
    pub(super) fn forget(&mut self) {
        self.down.clear();
    }

    pub(super) async fn now(
        &mut self,
        app: &App,
        now: UnixMillis,
    ) -> Result<Vec<Event>, StoreError> {
        let mut held = self.accounts(app, now);
        held.extend(self.lines(app).await?);
        held.extend(budgets(app, now).await?);
        Ok(held)
    }

    fn accounts(&mut self, app: &App, now: UnixMillis) -> Vec<Event> {
        let served = app.roster.served();
        // What an operator has closed is no news to operators.
        let open = served.upstreams().map(|one| &one.account);
        let open = open.filter(|account| account.standing.is_open());
        let states: Vec<_> = open
            .map(|account| (account.id.clone(), app.resting.whole(&account.id, now)))
            .collect();
        self.down
            .retain(|known, _| states.iter().any(|(id, _)| id == known));
        let down = states.into_iter().filter_map(|(id, rest)| {
            let down = self.see(&id, rest, now)?;
            Some(Event::AccountDown {
                account: id.into(),
                cause: down.cause.word(),
                since_ms: down.since.0,
                until_ms: down.until.0,
            })
        });
        down.collect()
    }

    /// Whether an account is out of service for long, or until somebody acts.
    fn see(&mut self, id: &str, rest: Option<Rest>, now: UnixMillis) -> Option<Down> {
        let Some(rest) = rest else {
            self.down.remove(id);
            return None;
        };
        let down = Down {
            since: self.down.get(id).map_or(now, |down| down.since),
            cause: rest.cause,
            until: rest.until,
        };
        self.down.insert(id.into(), down);
        let is_long = now.0.saturating_sub(down.since.0) >= millis(self.config.account_down);
        let wants_somebody = matches!(down.cause, Cause::Credential | Cause::Billing);
        (is_long || wants_somebody).then_some(down)
    }

    async fn lines(&self, app: &App) -> Result<Vec<Event>, StoreError> {
        let served = app.roster.served().clone();
        let accounts: Vec<_> = served.upstreams().map(|one| &one.account).collect();
        let gates: Vec<&Gate> = accounts.iter().map(|account| &*account.gate).collect();
        let turned = accounts.iter().filter(|account| account.turn.is_some());
        let turns: Vec<&Turn> = accounts
            .iter()
            .filter_map(|account| account.turn.as_deref())
            .collect();
        let of_gates = app.store.lines_of_gates(&gates).await?;
        let of_turns = app.store.lines_of_turns(&turns).await?;
        let lines = accounts.iter().zip(of_gates).chain(turned.zip(of_turns));
        Ok(lines
            .filter_map(|(account, line)| self.above(&account.id, line))
            .collect())
    }

    fn above(&self, account: &str, line: Line) -> Option<Event> {
        let Alerts {
            waiting,
            waiting_line,
            ..
        } = *self.config;
        let is_long = !waiting.is_zero() && line.oldest >= waiting;
        let are_many = waiting_line > 0 && line.waiting >= waiting_line;
        (is_long || are_many).then(|| Event::WaitingAbove {
            account: account.into(),
            waiting: line.waiting,
            longest_ms: millis(line.oldest),
        })
    }
}

/// Of keys, users and groups whose spending is limited.
async fn budgets(app: &App, now: UnixMillis) -> Result<Vec<Event>, StoreError> {
    let mut all: Vec<Arc<Budget>> = app.keys.budgets();
    all.extend(app.roster.served().shared.budgets());
    let today = app.calendar.today(&app.settings().spend.time_zone, now);
    let spending = Spending::new(all, MicroUsd(0), &today);
    let spent = app.store.spent(&spending.purses).await?;
    let known = spending.budgets.iter().zip(&spending.purses).zip(spent);
    let reached = known.flat_map(|((budget, purse), [spent, _])| {
        let period = purse.called.rsplit(':').next().unwrap_or_default();
        let is_reached = move |percent: &u64| {
            u128::from(spent.0) * 100 >= u128::from(budget.limit.0) * u128::from(*percent)
        };
        PERCENTS
            .into_iter()
            .filter(is_reached)
            .map(move |percent| Event::BudgetReached {
                of: budget.owner.word(),
                of_id: budget.id().into(),
                period: period.into(),
                percent,
                spent_micro_usd: spent.0,
                limit_micro_usd: budget.limit.0,
            })
    });
    Ok(reached.collect())
}
