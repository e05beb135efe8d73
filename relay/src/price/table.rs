//! Prices by the names of models, or by what these begin with. Pure.

use std::cmp::Reverse;

use hashbrown::HashMap;

use super::Price;

#[derive(Debug, Default)]
pub(super) struct Table {
    exact: HashMap<Box<str>, Price>,
    /// The longest first.
    beginnings: Vec<Beginning>,
    /// The places of those, for models that are called no more than that.
    whole: HashMap<Box<str>, usize>,
}

/// Of the names of models.
#[derive(Debug)]
pub(super) struct Beginning {
    pub(super) name: Box<str>,
    pub(super) price: Price,
}

impl Table {
    /// Of several with the same name the last.
    pub(super) fn new<'a>(rows: impl IntoIterator<Item = (&'a str, Price)>) -> Self {
        let mut table = Self::default();
        for (name, price) in rows {
            table.put(name, price);
        }
        let all = &mut table.beginnings;
        all.sort_by_key(|one| Reverse(one.name.len()));
        let places = all.iter().enumerate();
        table.whole = places
            .map(|(place, one)| (one.name.clone(), place))
            .collect();
        table
    }

    fn put(&mut self, name: &str, price: Price) {
        let Some(beginning) = name.strip_suffix('*') else {
            self.exact.insert(name.into(), price);
            return;
        };
        self.beginnings.retain(|known| *known.name != *beginning);
        let name = beginning.into();
        self.beginnings.push(Beginning { name, price });
    }

    pub(super) fn exact(&self, model: &str) -> Option<&Price> {
        self.exact.get(model)
    }

    pub(super) fn begun(&self, model: &str) -> Option<&Beginning> {
        if let Some(place) = self.whole.get(model) {
            return self.beginnings.get(*place);
        }
        let mut all = self.beginnings.iter();
        all.find(|one| model.starts_with(&*one.name))
    }
}
