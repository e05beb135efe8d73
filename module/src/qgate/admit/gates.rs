//! The gates of a `QGATE.ADMIT`, each named once however many ask about it: to be looked at, and to be waited for.

use super::ask::{Ask, GateWords};
use crate::call::Call;
use crate::line::name::{Family, KeyName};
use crate::line::plan::{Form, Wanted, Wants};
use crate::qgate::memory::Memory;
use crate::qgate::take::Gate;
use crate::wake;

#[derive(Debug)]
pub(super) struct Gates<'a> {
    pub(super) all: Vec<Gate<'a>>,
    pub(super) any: Vec<Gate<'a>>,
}

impl<'a> Gates<'a> {
    /// As the command names them; taken are those for which others wait.
    pub(super) fn of(call: &'a Call<'_>, ask: &Ask<'_>) -> Self {
        Self {
            all: look_up(call, &ask.all),
            any: look_up(call, &ask.any),
        }
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &Gate<'a>> {
        self.all.iter().chain(&self.any)
    }

    /// Remembers the limits.
    pub(super) fn name_limits(&self) {
        self.each().for_each(|gate| gate.memory.name(gate.limit));
    }

    /// The limits, for those who wait.
    pub(super) fn limits(&self, call: &Call<'_>) -> Vec<(KeyName, usize)> {
        let limited = self.each().filter(|gate| gate.limit > 0);
        limited.map(|gate| (key(call, gate), gate.limit)).collect()
    }

    pub(super) fn wants(&self, call: &Call<'_>) -> Wants {
        let wanted = |gate: &Gate<'_>| Wanted {
            key: key(call, gate),
            unlimited: gate.limit == 0,
            priority: gate.priority,
        };
        Wants {
            form: Form::Admit,
            all: self.all.iter().map(wanted).collect(),
            any: self.any.iter().map(wanted).collect(),
        }
    }
}

fn look_up<'a>(call: &'a Call<'_>, words: &[GateWords<'_>]) -> Vec<Gate<'a>> {
    let somebody_waits = wake::somebody_waits();
    let gates = words.iter().enumerate().map(|(index, gate)| {
        let name = call.string(gate.key);
        let key = somebody_waits.then(|| call.name(Family::Gate, name));
        let is_wanted = |key: &KeyName| gate.limit > 0 && wake::is_wanted(key);
        Gate {
            name,
            index,
            memory: Memory::of(call, gate.key.bytes),
            limit: gate.limit,
            priority: gate.priority,
            taken: key.as_ref().is_some_and(is_wanted),
            key,
        }
    });
    gates.collect()
}

fn key(call: &Call<'_>, gate: &Gate<'_>) -> KeyName {
    let named = gate.key.clone();
    named.unwrap_or_else(|| call.name(Family::Gate, gate.name))
}
