//! The places of one strand, in the order in which they are served. Most come last and go first. Pure.
//! Most strands have one waiter: it alone needs no list.

use std::collections::VecDeque;

use super::Number;
use crate::time::UnixMillis;

/// A place within a strand: since when, then in which order they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) since: UnixMillis,
    pub(crate) number: Number,
}

#[derive(Debug)]
pub(super) enum Places {
    AtMostOne(Option<Place>),
    #[expect(clippy::box_collection, reason = "what is alone takes the less room")]
    Many(Box<VecDeque<Place>>),
}

impl Default for Places {
    fn default() -> Self {
        Self::AtMostOne(None)
    }
}

impl Places {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::AtMostOne(one) => usize::from(one.is_some()),
            Self::Many(many) => many.len(),
        }
    }

    pub(super) fn first(&self) -> Option<Place> {
        match self {
            Self::AtMostOne(one) => *one,
            Self::Many(many) => many.front().copied(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Place> {
        let (one, many) = match self {
            Self::AtMostOne(one) => (*one, None),
            Self::Many(many) => (None, Some(many.iter())),
        };
        one.into_iter().chain(many.into_iter().flatten().copied())
    }

    /// How many come before this one.
    pub(super) fn before(&self, place: Place) -> usize {
        match self {
            Self::AtMostOne(one) => usize::from(one.is_some_and(|one| one < place)),
            Self::Many(many) => many.partition_point(|other| *other < place),
        }
    }

    pub(super) fn insert(&mut self, place: Place) {
        if let Self::AtMostOne(one) = self
            && let Some(one) = one.take()
        {
            *self = Self::Many(Box::new(VecDeque::from([one])));
        }
        let index = self.before(place);
        match self {
            Self::AtMostOne(one) => *one = Some(place),
            Self::Many(many) => many.insert(index, place),
        }
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, place: Place) -> bool {
        let index = self.before(place);
        match self {
            Self::AtMostOne(one) => one.take_if(|one| *one == place).is_some(),
            Self::Many(many) => {
                let is_there = many.get(index) == Some(&place);
                if is_there {
                    many.remove(index);
                }
                is_there
            }
        }
    }
}
