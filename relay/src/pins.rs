//! What only the account that made it can read: stored responses, conversations and their items, which callers name by
//! id, and reasoning that comes back encrypted. All of it is known again by a digest. Pure.

use std::fmt;

use xxhash_rust::xxh3::xxh3_128_with_seed;

const ID: u64 = 0;
const REASONING: u64 = 1;

/// How the ids of thoughts begin that the relay itself has put into the words of the API: no account keeps those.
pub(crate) const OWN_REASONING: &str = "rs_weir_";

/// Something that an account has made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u128);

/// What a request continues.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pins {
    pub(crate) named: Vec<Named>,
    /// The newest.
    pub(crate) reasoning: Option<Mark>,
}

/// Something that a caller names by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) what: What,
    pub(crate) id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The one that is asked for itself.
    Stored,
    /// The one before.
    Response,
    Conversation,
    Item,
}

/// Whether the provider is to keep an answer, so that its ids may be named later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Storing {
    #[default]
    Yes,
    No,
}

/// What an answer has made, as far as it has come.
#[derive(Debug, Default)]
pub(crate) struct Made {
    storing: Storing,
    /// Whether the response itself is known: several events tell of it.
    response: bool,
    marks: Vec<Mark>,
}

impl Mark {
    pub(crate) fn of_id(id: &str) -> Self {
        Self(xxh3_128_with_seed(id.as_bytes(), ID))
    }

    pub(crate) fn of_reasoning(encrypted: &str) -> Self {
        Self(xxh3_128_with_seed(encrypted.as_bytes(), REASONING))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Pins {
    /// Of a request for a response that was stored.
    pub(crate) fn stored(id: &str) -> Self {
        Self {
            named: vec![Named {
                what: What::Stored,
                id: id.to_owned(),
            }],
            reasoning: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.named.is_empty() && self.reasoning.is_none()
    }

    /// Of all that is named, in its order, and of the reasoning after that.
    pub(crate) fn marks(&self) -> Vec<Mark> {
        let named = self.named.iter().map(|named| Mark::of_id(&named.id));
        named.chain(self.reasoning).collect()
    }
}

/// In the words of the API.
impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Stored => "Response",
            What::Response => "Previous response",
            What::Conversation => "Conversation",
            What::Item => "Item",
        };
        write!(f, "{what} with id '{:.128}'", self.id)
    }
}

impl Made {
    pub(crate) fn new(storing: Storing) -> Self {
        Self {
            storing,
            ..Self::default()
        }
    }

    /// Whether the response's own id is still to be read.
    pub(crate) fn wants_response(&self) -> bool {
        self.wants_ids() && !self.response
    }

    /// Whether ids are to be read at all: what is not stored cannot be named.
    pub(crate) fn wants_ids(&self) -> bool {
        self.storing == Storing::Yes
    }

    pub(crate) fn response(&mut self, id: &str) {
        self.response = true;
        self.marks.push(Mark::of_id(id));
    }

    pub(crate) fn item(&mut self, id: &str) {
        self.marks.push(Mark::of_id(id));
    }

    pub(crate) fn reasoning(&mut self, encrypted: &str) {
        self.marks.push(Mark::of_reasoning(encrypted));
    }

    /// What has come since the last time.
    pub(crate) fn take(&mut self) -> Vec<Mark> {
        std::mem::take(&mut self.marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_not_taken_for_reasoning() {
        assert_eq!(Mark::of_id("rs_1"), Mark::of_id("rs_1"));
        assert_ne!(Mark::of_id("rs_1"), Mark::of_id("rs_2"));
        assert_ne!(Mark::of_id("rs_1"), Mark::of_reasoning("rs_1"));
        assert_eq!(Mark::of_id("").to_string().len(), 32);
    }

    #[test]
    fn what_is_named_is_told_in_the_words_of_the_api_and_not_at_length() {
        let named = |id: &str| Named {
            what: What::Response,
            id: id.into(),
        };
        let short = named("resp_1").to_string();
        assert_eq!(short, "Previous response with id 'resp_1'");
        let long = named(&"x".repeat(1_000)).to_string();
        assert_eq!(long.len(), "Previous response with id ''".len() + 128);
    }

    #[test]
    fn what_is_not_stored_cannot_be_named() {
        let mut made = Made::new(Storing::No);
        assert!(!made.wants_ids() && !made.wants_response());
        made.reasoning("gAAAA");
        assert_eq!(made.take(), [Mark::of_reasoning("gAAAA")]);
        let mut made = Made::new(Storing::Yes);
        assert!(made.wants_response());
        made.response("resp_1");
        assert!(made.wants_ids() && !made.wants_response());
        assert_eq!(made.take(), [Mark::of_id("resp_1")]);
        assert_eq!(made.take(), []);
    }
}
