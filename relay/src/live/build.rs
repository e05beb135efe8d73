//! Builds a snapshot from what Redis has said and what is known beforehand. Pure.

use std::{collections::HashMap, sync::Arc};

use super::{
    fairness::{Running, Window},
    members::Members,
    rates::Rates,
    seen::{AccountSeen, GateSeen, Glance, TurnSeen, WaiterSeen},
    snapshot::{
        AccountShown, CallerShown, KeyShown, RelayShown, SlotShown, Snapshot, TotalsShown,
        TurnShown, WaiterShown,
    },
    stage::{AccountKnown, Stage},
    state::{Signs, state},
};
use crate::time::{UnixMillis, millis};

/// Callers whose shares are shown.
const MOST_CALLERS: usize = 100;

/// What is remembered from one look to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) members: Members,
    pub(crate) window: Window,
    pub(crate) rates: Rates,
}

pub(crate) fn snapshot(
    stage: &Stage,
    memory: &Memory,
    glance: Glance,
    now: UnixMillis,
) -> Snapshot {
    let build = Build {
        stage,
        members: &memory.members,
        now,
    };
    let callers = build.callers(&memory.window, &glance);
    let accounts = stage.accounts.iter().zip(&glance.accounts);
    let of_turns = accounts.clone().filter_map(|(_, seen)| seen.turn.as_ref());
    let totals = TotalsShown {
        in_flight: accounts.clone().map(|(_, seen)| seen.gate.in_use).sum(),
        // Each request that waits for slots names one key, and those that wait for a turn have their slots.
        waiting: glance.keys.iter().map(|key| key.waiting).sum::<u64>()
            + of_turns.map(|turn| turn.waiting).sum::<u64>(),
        ..memory.rates.shown()
    };
    let shown = accounts.map(|(known, seen)| build.account(known, seen, &glance));
    Snapshot {
        at_ms: now.0,
        totals,
        accounts: shown.collect(),
        keys: build.keys(&glance),
        callers,
        relays: glance
            .relays
            .into_iter()
            .map(|relay| RelayShown {
                process: relay.process,
                since_ms: relay.since.0,
            })
            .collect(),
    }
}

struct Build<'a> {
    stage: &'a Stage,
    members: &'a Members,
    now: UnixMillis,
}

impl Build<'_> {
    fn account(&self, known: &AccountKnown, seen: &AccountSeen, glance: &Glance) -> AccountShown {
        let gate = &seen.gate;
        let rests = glance.rests.iter();
        let rests = rests.filter(|(account, ..)| **account == *known.id);
        let signs = Signs {
            rests: rests.map(|(_, model, rest)| (model.as_deref(), *rest)),
            paused_until: glance
                .pauses
                .iter()
                .find(|(account, _)| **account == *known.id)
                .map(|(_, until)| *until),
        };
        let (state, why) = state(known, gate, signs, self.now);
        let slots = self.slots(gate);
        let line = self.line(&gate.line);
        AccountShown {
            id: Arc::clone(&known.id),
            kind: known.kind,
            state,
            why,
            in_use: gate.in_use,
            limit: known.limit,
            waiting: gate.waiting,
            slots_more: gate.in_use.saturating_sub(slots.len() as u64),
            slots,
            line_more: gate.waiting.saturating_sub(line.len() as u64),
            line,
            turn: known
                .turn_delay
                .zip(seen.turn.as_ref())
                .map(|(delay, turn)| self.turn(turn, millis(delay))),
        }
    }

    /// The oldest first: so each stays in its place until it ends.
    fn slots(&self, gate: &GateSeen) -> Vec<SlotShown> {
        let mut slots: Vec<_> = gate
            .holders
            .iter()
            .map(|member| self.slot(member))
            .collect();
        slots.sort_by(|one, other| {
            (one.since_ms, &one.member).cmp(&(other.since_ms, &other.member))
        });
        slots
    }

    fn slot(&self, member: &str) -> SlotShown {
        let who = self.members.who(member);
        let key = who.map(|who| Arc::clone(&who.key));
        SlotShown {
            member: member.into(),
            key_name: key.as_deref().and_then(|key| self.stage.name(key)),
            key,
            model: who.and_then(|who| who.model.clone()),
            since_ms: self.members.since(member).unwrap_or(self.now).0,
        }
    }

    fn line(&self, line: &[WaiterSeen]) -> Vec<WaiterShown> {
        let waiters = (1..).zip(line);
        waiters
            .map(|(position, seen)| self.waiter(position, seen))
            .collect()
    }

    fn waiter(&self, position: usize, seen: &WaiterSeen) -> WaiterShown {
        let who = self.members.who(&seen.member);
        let of_flow = seen.flow.as_deref().map(|flow| self.stage.id(flow));
        let key = of_flow.or_else(|| who.map(|who| Arc::clone(&who.key)));
        WaiterShown {
            member: seen.member.clone(),
            key_name: key.as_deref().and_then(|key| self.stage.name(key)),
            key,
            model: who.and_then(|who| who.model.clone()),
            since_ms: self.now.0.saturating_sub(seen.waited_ms),
            position,
        }
    }

    fn turn(&self, turn: &TurnSeen, delay_ms: u64) -> TurnShown {
        let line = self.line(&turn.line);
        let left = turn
            .since_stamp_ms
            .map(|since| delay_ms.saturating_sub(since));
        let left = left.filter(|left| *left > 0 && turn.holder.is_none());
        TurnShown {
            holder: turn.holder.as_deref().map(|member| self.slot(member)),
            next_at_ms: left.map(|left| self.now.0 + left),
            waiting: turn.waiting,
            line_more: turn.waiting.saturating_sub(line.len() as u64),
            line,
        }
    }

    fn keys(&self, glance: &Glance) -> Vec<KeyShown> {
        let busy = glance.keys.iter().filter(|key| key.is_busy());
        let shown = busy.map(|seen| {
            let known = self.stage.key(&seen.id);
            KeyShown {
                id: Arc::clone(&seen.id),
                name: known.map(|key| Arc::clone(&key.name)),
                in_use: seen.in_use,
                limit: known.map_or(0, |key| key.limit),
                waiting: seen.waiting,
            }
        });
        shown.collect()
    }

    fn callers(&self, window: &Window, glance: &Glance) -> Vec<CallerShown> {
        let holders = glance.accounts.iter().flat_map(|seen| &seen.gate.holders);
        let holds = holders.filter_map(|member| {
            let who = self.members.who(member)?;
            Some(Running::Holds {
                key: &who.key,
                since: who.at,
            })
        });
        // One that would take any of several accounts stands in the line of each.
        let lines = glance.accounts.iter().flat_map(AccountSeen::lines);
        let waiters: HashMap<&str, &WaiterSeen> =
            lines.map(|waiter| (&*waiter.member, waiter)).collect();
        let waits = waiters.values().filter_map(|waiter| {
            Some(Running::Waits {
                key: waiter.flow.as_deref()?,
                waited_ms: waiter.waited_ms,
            })
        });
        let shares = window.shares(holds.chain(waits), MOST_CALLERS, self.now);
        let shown = shares.into_iter().map(|share| CallerShown {
            key_name: self.stage.name(&share.key),
            key: share.key,
            share: share.share,
            wait_p50_ms: share.wait_p50_ms,
            wait_p95_ms: share.wait_p95_ms,
        });
        shown.collect()
    }
}

#[cfg(test)]
mod tests;
