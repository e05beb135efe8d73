//! Things by name, of which some can have their turn, and which of these comes first. Pure.
//! Most flows have one strand, and many lines one flow: one alone needs neither a map nor an order.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;

use hashbrown::HashMap;

/// What can have its turn at times.
pub(super) trait Rank {
    /// The lowest comes first, and no two are equal.
    type Rank: Copy + Debug + Ord;

    /// `None`: it cannot have its turn now.
    fn rank(&self) -> Option<Self::Rank>;
}

#[derive(Debug)]
pub(super) enum Ranked<K, V: Rank> {
    AtMostOne(Option<(K, V)>),
    Many(Box<Many<K, V>>),
}

#[derive(Debug)]
pub(super) struct Many<K, V: Rank> {
    /// Boxed: a table keeps room for more than it holds.
    by_name: HashMap<K, Box<V>>,
    ranks: BTreeSet<V::Rank>,
}

impl<K, V: Rank> Default for Ranked<K, V> {
    fn default() -> Self {
        Self::AtMostOne(None)
    }
}

impl<K: Clone + Eq + Hash, V: Default + Rank> Ranked<K, V> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::AtMostOne(one) => usize::from(one.is_some()),
            Self::Many(many) => many.by_name.len(),
        }
    }

    /// Of this name, which comes as it is kept.
    pub(super) fn get(&self, name: &K) -> Option<(&K, &V)> {
        match self {
            Self::AtMostOne(one) => {
                let one = one.as_ref().filter(|(own, _)| own == name);
                one.map(|(own, value)| (own, value))
            }
            Self::Many(many) => {
                let one = many.by_name.get_key_value(name);
                one.map(|(own, value)| (own, &**value))
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (one, many) = match self {
            Self::AtMostOne(one) => (one.as_ref(), None),
            Self::Many(many) => (None, Some(&many.by_name)),
        };
        let one = one.map(|(name, value)| (name, value)).into_iter();
        let many = many.into_iter().flatten();
        one.chain(many.map(|(name, value)| (name, &**value)))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// Of those that can have their turn.
    pub(super) fn first(&self) -> Option<V::Rank> {
        match self {
            Self::AtMostOne(one) => one.as_ref()?.1.rank(),
            Self::Many(many) => many.ranks.first().copied(),
        }
    }

    /// Changes the one of this name, which comes if it was not there.
    pub(super) fn change<T>(&mut self, name: &K, change: impl FnOnce(&mut V) -> T) -> T {
        if let Self::AtMostOne(one) = self
            && let Some(one) = one.take_if(|(own, _)| own != name)
        {
            *self = Self::Many(Box::new(Many::of(one)));
        }
        match self {
            Self::AtMostOne(one) => {
                let (_, value) = one.get_or_insert_with(|| (name.clone(), V::default()));
                change(value)
            }
            Self::Many(many) => many.change(name, change),
        }
    }

    pub(super) fn remove(&mut self, name: &K) {
        match self {
            Self::AtMostOne(one) => {
                one.take_if(|(own, _)| own == name);
            }
            Self::Many(many) => many.remove(name),
        }
    }
}

impl<K: Clone + Eq + Hash, V: Default + Rank> Many<K, V> {
    fn of((name, value): (K, V)) -> Self {
        Self {
            ranks: value.rank().into_iter().collect(),
            by_name: HashMap::from_iter([(name, Box::new(value))]),
        }
    }

    fn change<T>(&mut self, name: &K, change: impl FnOnce(&mut V) -> T) -> T {
        let value = self.by_name.entry(name.clone()).or_default();
        let before = value.rank();
        let done = change(value);
        let after = value.rank();
        if before != after {
            before.map(|before| self.ranks.remove(&before));
            self.ranks.extend(after);
        }
        done
    }

    fn remove(&mut self, name: &K) {
        let rank = self.by_name.remove(name).and_then(|value| value.rank());
        rank.map(|rank| self.ranks.remove(&rank));
    }
}
