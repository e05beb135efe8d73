//! Who holds and waits: whose request a member is, asked once for each of those that are shown. Pure.

use std::{collections::HashMap, sync::Arc};

use crate::{intent::Stage, time::UnixMillis};

/// A request, as its intent tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) key: Arc<str>,
    pub(crate) model: Option<Arc<str>>,
    /// Since when it asks, or has its slot.
    pub(crate) at: UnixMillis,
    pub(crate) stage: Stage,
}

/// Those that were shown last.
#[derive(Debug, Default)]
pub(crate) struct Members {
    known: HashMap<Box<str>, Known>,
    round: u64,
}

#[derive(Debug)]
struct Known {
    who: Option<Who>,
    first_seen: UnixMillis,
    round: u64,
}

impl Members {
    /// A new look: who is in none of its lists is forgotten. Gives those of whom Redis is to be asked. Of a holder more
    /// may be known now than while it waited.
    pub(crate) fn look<'m>(
        &mut self,
        holders: impl Iterator<Item = &'m str>,
        waiters: impl Iterator<Item = &'m str>,
        now: UnixMillis,
    ) -> Vec<&'m str> {
        self.round += 1;
        let round = self.round;
        let mut unknown = Vec::new();
        let holders = holders.map(|member| (member, Stage::Goes));
        let waiters = waiters.map(|member| (member, Stage::Waits));
        for (member, stage) in holders.chain(waiters) {
            let known = match self.known.get_mut(member) {
                Some(known) => known,
                None => self.known.entry(member.into()).or_insert(Known {
                    who: None,
                    first_seen: now,
                    round: 0,
                }),
            };
            let is_old = known.round == round;
            known.round = round;
            let is_enough = |who: &Who| stage == Stage::Waits || who.stage == Stage::Goes;
            if !is_old && !known.who.as_ref().is_some_and(is_enough) {
                unknown.push(member);
            }
        }
        self.known.retain(|_, known| known.round == round);
        unknown
    }

    pub(crate) fn learn(&mut self, member: &str, who: Who) {
        if let Some(known) = self.known.get_mut(member) {
            known.who = Some(who);
        }
    }

    pub(crate) fn who(&self, member: &str) -> Option<&Who> {
        self.known.get(member)?.who.as_ref()
    }

    /// Since when a holder has its slot, as far as that is known.
    pub(crate) fn since(&self, member: &str) -> Option<UnixMillis> {
        let known = self.known.get(member)?;
        Some(known.who.as_ref().map_or(known.first_seen, |who| who.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000);

    fn who(at: u64, stage: Stage) -> Who {
        Who {
            key: "k".into(),
            model: None,
            at: UnixMillis(at),
            stage,
        }
    }

    #[test]
    fn each_member_is_asked_for_until_enough_is_known_of_it() {
        let mut members = Members::default();
        let look = |members: &mut Members, holders: &[&'static str], waiters: &[&'static str]| {
            let (holders, waiters) = (holders.iter().copied(), waiters.iter().copied());
            members.look(holders, waiters, NOW)
        };
        assert_eq!(look(&mut members, &["h"], &["w", "w"]), ["h", "w"]);
        members.learn("w", who(5, Stage::Waits));
        members.learn("h", who(7, Stage::Goes));
        assert_eq!(look(&mut members, &["h"], &["w"]), [""; 0]);
        assert_eq!(members.since("h"), Some(UnixMillis(7)));
        // The one that waited has a slot now, and since when is known a little later.
        assert_eq!(look(&mut members, &["w"], &[]), ["w"]);
        assert_eq!(look(&mut members, &["w"], &["w"]), ["w"]);
        members.learn("w", who(9, Stage::Goes));
        assert_eq!(look(&mut members, &["w"], &[]), [""; 0]);
        assert_eq!(members.who("h"), None);
        assert_eq!(look(&mut members, &["w", "h"], &[]), ["h"]);
        assert_eq!(members.since("h"), Some(NOW));
    }
}
