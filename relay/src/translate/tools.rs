//! What a caller calls the tools that a chat knows by one plain name each. Pure.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

/// No function of OpenAI's has a longer name.
const LONGEST: usize = 64;
/// Of a name that is cut, this many letters of its digest tell it from its like.
const DIGEST: usize = 8;

/// By their plain names, those tools that have another one too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tools(BTreeMap<String, Named>);

/// A tool of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Tools {
    /// The plain name of a tool, by which it will be known again.
    pub(super) fn plain(&mut self, namespace: Option<String>, name: String) -> String {
        let Some(namespace) = namespace else {
            return name;
        };
        let plain = short(format!("{namespace}__{name}"));
        self.0.insert(plain.clone(), Named { namespace, name });
        plain
    }

    /// What the caller calls the tool, if that is not its plain name.
    pub(super) fn known(&self, plain: &str) -> Option<&Named> {
        self.0.get(plain)
    }
}

fn short(name: String) -> String {
    if name.len() <= LONGEST {
        return name;
    }
    let digest = hex::encode(Sha256::digest(&name));
    let kept = name.floor_char_boundary(LONGEST - DIGEST - 1);
    format!("{}_{}", &name[..kept], &digest[..DIGEST])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_of_a_namespace_is_known_again_by_its_plain_name() {
        let mut tools = Tools::default();
        assert_eq!(tools.plain(None, "look".into()), "look");
        assert_eq!(
            tools.plain(Some("crew".into()), "close".into()),
            "crew__close"
        );
        let named = tools.known("crew__close").unwrap();
        assert_eq!((&*named.namespace, &*named.name), ("crew", "close"));
        assert_eq!(tools.known("look"), None);
    }

    #[test]
    fn long_names_are_cut_and_stay_different() {
        let mut tools = Tools::default();
        let mut plain = |name: &str| tools.plain(Some("n".repeat(60)), name.into());
        let (one, other) = (plain("one"), plain("two"));
        assert_eq!((one.len(), other.len()), (LONGEST, LONGEST));
        assert_ne!(one, other);
    }
}
