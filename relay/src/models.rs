//! Which models an account serves and how its upstream calls them; other names that a group gives to models. Pure.

use std::{borrow::Cow, collections::HashMap};

/// Of a name, in bytes.
const MOST_WRITTEN: usize = 256;

/// From the names that callers use to the upstream's. A name that ends with `*` is a beginning; if what it is called
/// ends with `*` too, what follows the beginning is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Models {
    exact: HashMap<Box<str>, Box<str>>,
    /// The longest first.
    beginnings: Vec<(Box<str>, Box<str>)>,
}

impl Models {
    pub(crate) fn new<'a>(map: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut models = Self::default();
        for (name, called) in map {
            match name.strip_suffix('*') {
                Some(beginning) => models.beginnings.push((beginning.into(), called.into())),
                None => drop(models.exact.insert(name.into(), called.into())),
            }
        }
        let by_length = |(beginning, _): &(Box<str>, Box<str>)| std::cmp::Reverse(beginning.len());
        models.beginnings.sort_by_key(by_length);
        models
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.beginnings.is_empty()
    }

    /// All that upstreams may be asked for by it, beginnings of names among them.
    pub(crate) fn all_called(&self) -> impl Iterator<Item = &str> {
        let beginnings = self.beginnings.iter().map(|(_, called)| &**called);
        self.exact
            .values()
            .map(|called| &**called)
            .chain(beginnings)
    }

    /// The whole names by which callers may ask.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.exact.keys().map(|name| &**name)
    }

    /// What the upstream calls a model; none where it does not serve it. An empty map serves all.
    pub(crate) fn called<'m>(&'m self, model: &'m str) -> Option<Cow<'m, str>> {
        if self.is_empty() {
            return Some(Cow::Borrowed(model));
        }
        if let Some(called) = self.exact.get(model) {
            return Some(Cow::Borrowed(called));
        }
        self.beginnings.iter().find_map(|(beginning, called)| {
            let rest = model.strip_prefix(&**beginning)?;
            Some(match called.strip_suffix('*') {
                Some(start) if start == &**beginning => Cow::Borrowed(model),
                Some(start) => Cow::Owned([start, rest].concat()),
                None => Cow::Borrowed(&**called),
            })
        })
    }
}

/// As much of what a caller calls a model as is written down: anybody may call it anything.
pub(crate) fn written(name: &str) -> &str {
    &name[..name.floor_char_boundary(MOST_WRITTEN)]
}

/// As `Models::new` takes them.
pub(crate) fn pairs(names: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    let names = names.iter();
    names.map(|(name, called)| (name.as_str(), called.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_map, prop_assert_eq, proptest};

    use super::*;

    fn called<'m>(models: &'m Models, model: &'m str) -> Option<String> {
        models.called(model).map(Cow::into_owned)
    }

    #[test]
    fn an_exact_name_comes_before_the_longest_beginning() {
        let models = Models::new([
            ("claude-*", "anthropic/claude-*"),
            ("claude-opus-*", "best"),
            ("claude-opus-4-6", "exactly"),
            ("gpt-*", "gpt-*"),
        ]);
        for (model, expected) in [
            ("claude-opus-4-6", Some("exactly")),
            ("claude-opus-4-5", Some("best")),
            ("claude-haiku-4-5", Some("anthropic/claude-haiku-4-5")),
            ("gpt-5", Some("gpt-5")),
            ("gpt-", Some("gpt-")),
            ("gpt", None),
            ("gemini-3", None),
        ] {
            assert_eq!(called(&models, model).as_deref(), expected, "{model}");
        }
    }

    #[test]
    fn an_empty_map_serves_all_and_a_star_alone_the_rest() {
        assert_eq!(called(&Models::default(), "x").as_deref(), Some("x"));
        let models = Models::new([("*", "default"), ("x", "y")]);
        assert_eq!(called(&models, "x").as_deref(), Some("y"));
        assert_eq!(called(&models, "z").as_deref(), Some("default"));
    }

    proptest! {
        #[test]
        fn the_longest_beginning_counts(
            map in btree_map("[ab]{0,3}\\*?", "[xy]{1,2}\\*?", 1..6),
            model in "[ab]{0,4}",
        ) {
            let models = Models::new(map.iter().map(|(name, called)| (name.as_str(), called.as_str())));
            let fits = |name: &&String| match name.strip_suffix('*') {
                Some(beginning) => model.starts_with(beginning),
                None => **name == model,
            };
            // An exact name is longer than any beginning of it, and one of equal length ends with a star.
            let best = map.keys().filter(fits).max_by_key(|name| (name.trim_end_matches('*').len(), !name.ends_with('*')));
            let naive = best.map(|name| {
                let rest = &model[name.trim_end_matches('*').len()..];
                match map[name].strip_suffix('*') {
                    Some(start) if name.ends_with('*') => format!("{start}{rest}"),
                    _ => map[name].clone(),
                }
            });
            prop_assert_eq!(called(&models, &model), naive);
        }
    }
}
