//! What all keys of a user, or of a group, may use together. Those without limits are not here.

use std::{collections::HashMap, sync::Arc};

use crate::{
    allowance::{Allowance, Owner},
    budget::Budget,
    config::Limits,
};

#[derive(Debug, Default)]
pub(crate) struct Shared {
    users: Of,
    groups: Of,
}

type Of = HashMap<String, Arc<Allowance>>;

impl Shared {
    /// Where two have one name the last one counts. Who waits at a gate that was there before meets its new limit.
    pub(super) fn after(
        before: &Self,
        users: impl Iterator<Item = (String, Limits)>,
        groups: impl Iterator<Item = (String, Limits)>,
    ) -> Self {
        Self {
            users: after(Owner::User, &before.users, users.collect()),
            groups: after(Owner::Group, &before.groups, groups.collect()),
        }
    }

    /// What all of them may spend, where that is limited.
    pub(crate) fn budgets(&self) -> Vec<Arc<Budget>> {
        let all = self.users.values().chain(self.groups.values());
        let budgets = all.flat_map(|allowance| &allowance.budgets);
        budgets.cloned().collect()
    }

    pub(crate) fn of_user(&self, id: &str) -> Option<Arc<Allowance>> {
        self.users.get(id).cloned()
    }

    pub(crate) fn of_group(&self, id: &str) -> Option<Arc<Allowance>> {
        self.groups.get(id).cloned()
    }
}

fn after(owner: Owner, before: &Of, mut limits: HashMap<String, Limits>) -> Of {
    limits.retain(|_, limits| *limits != Limits::default());
    let gone = before.iter().filter(|(id, _)| !limits.contains_key(*id));
    let gates = gone.filter_map(|(_, gone)| gone.gate.as_ref());
    gates.for_each(|gate| gate.set_limit(0));
    let all = limits.into_iter().map(|(id, limits)| {
        let allowance = Allowance::new(owner, &id, limits);
        let known = before.get(&id).map(|known| &**known);
        (id, Arc::new(allowance.after(known)))
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_most(max_concurrent: u32) -> Limits {
        Limits {
            max_concurrent,
            ..Limits::default()
        }
    }

    fn shared(before: &Shared, users: &[(&str, u32)]) -> Shared {
        let users = users
            .iter()
            .map(|(id, most)| ((*id).to_owned(), at_most(*most)));
        Shared::after(before, users, [].into_iter())
    }

    #[test]
    fn who_waits_at_a_gate_meets_its_new_limit() {
        let first = shared(&Shared::default(), &[("ann", 2), ("bob", 3), ("eve", 0)]);
        assert!(first.of_user("eve").is_none() && first.of_group("ann").is_none());
        let gate = |of: &Shared, id: &str| of.of_user(id).unwrap().gate.clone().unwrap();
        let [ann, bob] = ["ann", "bob"].map(|id| gate(&first, id));
        let second = shared(&first, &[("ann", 5)]);
        assert_eq!((ann.limit(), bob.limit()), (5, 0));
        assert!(Arc::ptr_eq(&ann, &gate(&second, "ann")));
        assert!(second.of_user("bob").is_none());
    }
}
