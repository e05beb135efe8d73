//! JSON objects of which every member is accounted for: what is not taken, and is no harmless hint, is refused by its name.
//! So nothing that a caller asks for is lost without a word. Pure.

use std::fmt::Display;

use serde_json::{Map, Number, Value};

use super::hints::{Part, is_harmless};

/// No more of a name that is not known is quoted.
const QUOTED: usize = 64;

/// Why a request cannot be put into the other API's words. The caller's fault, or nobody's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{place}` {fault}")]
pub(crate) struct Unfit {
    /// Where, from the top of the body: `messages.2.content.0`.
    place: String,
    fault: Fault,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("has no equal in the API of the account that would serve this request")]
    NoEqual,
    #[error(
        "is of type `{0}`, which has no equal in the API of the account that would serve this request"
    )]
    Kind(String),
    #[error("has another type than it should")]
    Type,
    #[error("is missing")]
    Missing,
    #[error("{0}")]
    Other(&'static str),
}

/// What is left of an object.
#[derive(Debug)]
pub(super) struct Members(Map<String, Value>);

impl Unfit {
    pub(super) fn new(place: impl Display, fault: Fault) -> Self {
        let place = place.to_string();
        Self { place, fault }
    }

    /// Of a block, tool or the like, by what it says that it is.
    pub(super) fn kind(kind: &str) -> Self {
        Self::new("", Fault::Kind(quoted(kind)))
    }

    /// The same, in the caller's words: what they are for the settings of a chat.
    pub(super) fn called(mut self, names: &[(&str, &str)]) -> Self {
        let renamed = names.iter().find_map(|(name, known)| {
            let rest = self.place.strip_prefix(name)?;
            (rest.is_empty() || rest.starts_with('.')).then(|| format!("{known}{rest}"))
        });
        self.place = renamed.unwrap_or(self.place);
        self
    }

    /// The same, as seen from further out.
    fn within(mut self, outer: impl Display) -> Self {
        self.place = match self.place.is_empty() {
            true => outer.to_string(),
            false => format!("{outer}.{}", self.place),
        };
        self
    }
}

/// Says where an error is.
pub(super) fn at<T>(outer: impl Display, done: Result<T, Unfit>) -> Result<T, Unfit> {
    done.map_err(|unfit| unfit.within(outer))
}

/// Does the same with each of a list, and says which one is at fault.
pub(super) fn each<T>(
    list: Vec<Value>,
    mut one: impl FnMut(Value) -> Result<T, Unfit>,
) -> Result<Vec<T>, Unfit> {
    let all = list.into_iter().enumerate();
    all.map(|(place, value)| at(place, one(value))).collect()
}

impl Members {
    pub(super) fn read(body: &[u8]) -> Result<Self, Unfit> {
        let body: Value =
            serde_json::from_slice(body).map_err(|_| Unfit::new("body", Fault::Type))?;
        at("body", Self::of(body))
    }

    pub(super) fn of(value: Value) -> Result<Self, Unfit> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(Unfit::new("", Fault::Type)),
        }
    }

    /// With the names of its members as Google's APIs write them, which take `like_this` for `likeThis`.
    pub(super) fn camel(self) -> Self {
        let members = self.0.into_iter();
        Self(members.map(|(name, value)| (camel(&name), value)).collect())
    }

    /// All that is left.
    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// A member that is `null` is not there.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.swap_remove(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Unfit> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Unfit::new(name, Fault::Type)),
        }
    }

    pub(super) fn needed_text(&mut self, name: &str) -> Result<String, Unfit> {
        let missing = || Unfit::new(name, Fault::Missing);
        self.text(name)?.ok_or_else(missing)
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Unfit> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Unfit::new(name, Fault::Type)),
        }
    }

    pub(super) fn number(&mut self, name: &str) -> Result<Option<Number>, Unfit> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number)),
            Some(_) => Err(Unfit::new(name, Fault::Type)),
        }
    }

    /// Empty where there is none.
    pub(super) fn list(&mut self, name: &str) -> Result<Vec<Value>, Unfit> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(Unfit::new(name, Fault::Type)),
        }
    }

    pub(super) fn object(&mut self, name: &str) -> Result<Option<Self>, Unfit> {
        let object = self.take(name).map(Self::of);
        at(name, object.transpose())
    }

    /// Nothing may be left but hints without a meaning on the other side.
    pub(super) fn finish(self, of: Part) -> Result<(), Unfit> {
        let mut left = self.0.into_iter();
        let lost = left.find(|(name, value)| !value.is_null() && !is_harmless(of, name, value));
        match lost {
            None => Ok(()),
            Some((name, _)) => Err(Unfit::new(quoted(&name), Fault::NoEqual)),
        }
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

fn quoted(name: &str) -> String {
    name.chars().take(QUOTED).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_is_refused_by_its_name_unless_it_is_a_hint() {
        let of = |value| Members::of(value).unwrap();
        let mut members = of(json!({"text": "a", "cache_control": {"type": "ephemeral"}}));
        assert_eq!(members.text("text"), Ok(Some("a".into())));
        assert_eq!(members.finish(Part::Block), Ok(()));
        let left = of(json!({"null": null, "citations": [{"url": "x"}]}));
        let unfit = at("messages.3", at("content.0", left.finish(Part::Block))).unwrap_err();
        assert_eq!(
            unfit.to_string(),
            "`messages.3.content.0.citations` has no equal in the API of the account that would serve this request"
        );
    }

    #[test]
    fn members_may_be_written_in_either_way() {
        let of = json!({"system_instruction": 1, "topK": 2, "plain": 3});
        let members = Members::of(of).unwrap().camel().into_value();
        assert_eq!(
            members,
            json!({"systemInstruction": 1, "topK": 2, "plain": 3})
        );
    }

    #[test]
    fn a_member_has_its_type() {
        let mut members = Members::of(json!({"a": 1, "b": "x", "c": null})).unwrap();
        let unfit = members.text("a").unwrap_err();
        assert_eq!(unfit.to_string(), "`a` has another type than it should");
        assert!(members.list("b").is_err());
        assert_eq!(members.flag("c"), Ok(None));
        let missing = members.needed_text("d").unwrap_err();
        assert_eq!(missing.to_string(), "`d` is missing");
        let long = Members::of(json!({"x".repeat(1000): 1})).unwrap();
        assert!(long.finish(Part::Block).unwrap_err().to_string().len() < 200);
    }
}
