//! A conversation as the module's tries know it: one digest if its session has a name, and one more of a sub-agent; else one
//! per message. Pure.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Form, Session};

/// What the module takes: a chain of as many segments, which at sixteen bytes each are also as many bytes as it takes.
/// Of a longer conversation the oldest count: a chain is found by how it begins.
const MOST_SEGMENTS: usize = 4_096;
/// The letter of what is known by a name.
pub(super) const SESSION: char = 'i';
/// A digest in base 36.
const LONGEST_DIGEST: usize = 13;

/// What a request's body says of its conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conversation {
    form: Form,
    pub(super) session: Option<Session>,
    system: Option<u64>,
    messages: Vec<(Role, u64)>,
}

/// Whose message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    System,
    User,
    Assistant,
    Tool,
    Other,
}

impl Conversation {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            session: None,
            system: None,
            messages: Vec::new(),
        }
    }

    pub(super) fn of_session(form: Form, session: Session) -> Self {
        Self {
            session: Some(session),
            ..Self::new(form)
        }
    }

    pub(super) fn set_system(&mut self, digest: u64) {
        self.system = Some(digest);
    }

    pub(super) fn push(&mut self, role: Role, digest: u64) {
        // The first segments are the model's and the system's.
        if self.messages.len() < MOST_SEGMENTS - 2 {
            self.messages.push((role, digest));
        }
    }

    /// None where there is nothing to know it by. A prompt cache is one model's, so the model is in every chain.
    pub(crate) fn chain(&self, model: &str) -> Option<String> {
        let form = self.form as u64;
        if let Some(session) = self.session {
            let digest = xxh3_64_with_seed(model.as_bytes(), session.name ^ form);
            let chain = spell(String::new(), SESSION, digest);
            // A sub-agent begins where its session is, and goes on where it was served.
            return Some(match session.agent {
                Some(agent) => spell(chain, SESSION, agent),
                None => chain,
            });
        }
        if self.messages.is_empty() {
            return None;
        }
        let segments = self.messages.len() + 2;
        let chain = String::with_capacity(segments * (LONGEST_DIGEST + 3));
        let mut chain = spell(chain, 'd', xxh3_64_with_seed(model.as_bytes(), form));
        if let Some(system) = self.system {
            chain = spell(chain, Role::System.letter(), system);
        }
        let messages = self.messages.iter();
        Some(messages.fold(chain, |chain, (role, digest)| {
            spell(chain, role.letter(), *digest)
        }))
    }
}

impl Role {
    fn letter(self) -> char {
        match self {
            Self::System => 's',
            Self::User => 'u',
            Self::Assistant => 'a',
            Self::Tool => 't',
            Self::Other => 'o',
        }
    }
}

/// Adds one segment.
fn spell(mut chain: String, letter: char, digest: u64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    if !chain.is_empty() {
        chain.push('-');
    }
    chain.push(letter);
    chain.push(':');
    let mut digits = [0; LONGEST_DIGEST];
    let mut first = LONGEST_DIGEST;
    let mut rest = digest;
    loop {
        first -= 1;
        digits[first] = DIGITS[(rest % 36) as usize];
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    chain.extend(digits[first..].iter().map(|digit| char::from(*digit)));
    chain
}

#[cfg(test)]
mod tests {
    use super::super::session::named;
    use super::*;

    #[test]
    fn digests_are_spelled_in_base_36() {
        for (digest, spelled) in [
            (0, "u:0"),
            (35, "u:z"),
            (36, "u:10"),
            (u64::MAX, "u:3w5e11264sgsf"),
        ] {
            assert_eq!(spell(String::new(), 'u', digest), spelled);
        }
        assert_eq!(spell("u:1".into(), 'a', 2), "u:1-a:2");
    }

    #[test]
    fn the_longest_chain_is_one_that_the_module_takes() {
        let mut long = Conversation::new(Form::Chat);
        long.set_system(u64::MAX);
        for _ in 0..5_000 {
            long.push(Role::User, u64::MAX);
        }
        let chain = long.chain("m").unwrap();
        assert_eq!(chain.split('-').count(), MOST_SEGMENTS);
        assert!(chain.len() <= 64 * 1024, "{}", chain.len());
        let before = chain.clone();
        long.push(Role::User, 1);
        assert_eq!(long.chain("m").unwrap(), before);
    }

    #[test]
    fn a_chain_is_one_models_and_one_forms() {
        let of = |form, model| {
            let mut conversation = Conversation::new(form);
            conversation.push(Role::User, 1);
            let chain = conversation.chain(model).unwrap();
            conversation.session = Some(named("session"));
            [chain, conversation.chain(model).unwrap()]
        };
        let mut all = [
            of(Form::Chat, "a"),
            of(Form::Chat, "b"),
            of(Form::Messages, "a"),
            of(Form::Contents, "a"),
        ]
        .concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 8);
    }

    #[test]
    fn without_a_message_there_is_no_chain() {
        let mut conversation = Conversation::new(Form::Messages);
        conversation.set_system(1);
        assert_eq!(conversation.chain("m"), None);
    }
}
