//! The lines that want the same key, and which of them has it next. Pure.
//! Each line has a virtual time of its own; a key sees it shifted, so that lines which are served elsewhere too stand
//! behind here, but never by more than one service of every flow.

use super::plan::LineName;
use super::{Number, UNIT};

/// A virtual time as a key sees it.
type Level = i128;

const MOST_AHEAD: Level = UNIT as Level;

/// Most keys are wanted in one line alone.
#[derive(Debug)]
pub(super) enum Rivals {
    AtMostOne(Option<LineName>),
    Several(Box<Contest>),
}

#[derive(Debug)]
struct Rival {
    line: LineName,
    /// What is added to the line's own virtual time; `None`: it has not met another yet.
    shift: Option<Level>,
}

#[derive(Debug, Default)]
pub(super) struct Contest {
    rivals: Vec<Rival>,
    /// Where the one stood that had the key last.
    level: Level,
}

impl Default for Rivals {
    fn default() -> Self {
        Self::AtMostOne(None)
    }
}

impl Rivals {
    pub(super) fn lines(&self) -> impl Iterator<Item = &LineName> {
        let (one, several) = match self {
            Self::AtMostOne(one) => (one.as_ref(), &[][..]),
            Self::Several(contest) => (None, &contest.rivals[..]),
        };
        one.into_iter()
            .chain(several.iter().map(|rival| &rival.line))
    }

    pub(super) fn add(&mut self, line: &LineName) {
        if self.lines().any(|other| other == line) {
            return;
        }
        if let Self::AtMostOne(one) = self
            && let Some(one) = one.take()
        {
            let mut contest = Contest::default();
            contest.add(one);
            *self = Self::Several(Box::new(contest));
        }
        match self {
            Self::AtMostOne(one) => *one = Some(line.clone()),
            Self::Several(contest) => contest.add(line.clone()),
        }
    }

    pub(super) fn retain(&mut self, stays: impl Fn(&LineName) -> bool) {
        match self {
            Self::AtMostOne(one) => {
                one.take_if(|line| !stays(line));
            }
            Self::Several(contest) => contest.rivals.retain(|rival| stays(&rival.line)),
        }
    }

    /// The virtual time of a line at which those begin who come now.
    pub(super) fn clock(&self, line: &LineName) -> Option<u64> {
        match self {
            Self::AtMostOne(_) => None,
            Self::Several(contest) => contest.clock(line),
        }
    }

    /// The line that has the key next. `head` is the tag of a line's first, and its arrival; `None`: it has nobody.
    pub(super) fn next(
        &mut self,
        mut head: impl FnMut(&LineName) -> Option<(u64, Number)>,
    ) -> Option<LineName> {
        match self {
            Self::AtMostOne(one) => one.clone().filter(|line| head(line).is_some()),
            Self::Several(contest) => contest.next(head),
        }
    }
}

impl Contest {
    fn add(&mut self, line: LineName) {
        self.rivals.push(Rival { line, shift: None });
    }

    fn clock(&self, line: &LineName) -> Option<u64> {
        let rival = self.rivals.iter().find(|rival| rival.line == *line)?;
        u64::try_from(self.level - rival.shift?).ok()
    }

    fn next(
        &mut self,
        mut head: impl FnMut(&LineName) -> Option<(u64, Number)>,
    ) -> Option<LineName> {
        if let [only] = &*self.rivals {
            return head(&only.line).map(|_| only.line.clone());
        }
        let heads: Vec<_> = self.rivals.iter().map(|rival| head(&rival.line)).collect();
        let met = self.rivals.iter().zip(&heads);
        let met = met.filter_map(|(rival, head)| Some(rival.shift? + Level::from((*head)?.0)));
        // Who has been away comes back at the virtual time, and who is new begins there.
        let level = met.min().unwrap_or(self.level).max(self.level);
        let mut best: Option<(Level, Number, usize)> = None;
        for (index, (rival, head)) in self.rivals.iter_mut().zip(&heads).enumerate() {
            let Some((tag, number)) = *head else { continue };
            let tag = Level::from(tag);
            let at = rival.shift.map_or(level, |shift| shift + tag);
            let at = at.clamp(level, level + MOST_AHEAD);
            rival.shift = Some(at - tag);
            let this = (at, number, index);
            best = Some(best.map_or(this, |best| best.min(this)));
        }
        self.level = level;
        best.map(|(_, _, index)| self.rivals[index].line.clone())
    }
}
