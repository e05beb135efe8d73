//! One walk over a message: its digest, and whose it is. Left out is what clients change or drop between turns: cache
//! marks, reasoning, signatures, and a system text about billing. Pure.

use super::{Form, chain::Role, kept::Kept};
use crate::json::{Container, Kind, NotJson, Token, Tokens, Value};

/// Text of a client about itself, which differs from turn to turn.
const BILLING: &[u8] = b"\"x-anthropic-billing-header:";

/// The digest of a message, and whose it is; nobody's if it does not count.
pub(super) fn message(form: Form, message: Value<'_>) -> Result<(Option<Role>, u64), NotJson> {
    let mut walk = Walk::new(form, message);
    let first = walk.tokens.next()?;
    let role = walk.members_of_message(first)?;
    Ok((role, walk.kept.digest()))
}

/// The digest of what stands for a message: one, or its content alone.
pub(super) fn content(form: Form, content: Value<'_>) -> Result<u64, NotJson> {
    let mut walk = Walk::new(form, content);
    let first = walk.tokens.next()?;
    match first.kind {
        Kind::Open(Container::Object) => walk.members_of_message(first).map(drop)?,
        _ => walk.content(first)?,
    }
    Ok(walk.kept.digest())
}

struct Walk<'a> {
    form: Form,
    tokens: Tokens<'a>,
    kept: Kept<'a>,
}

/// Whose blocks are walked. Deeper ones, and all else in a block, are kept as they are.
#[derive(Clone, Copy)]
enum Level {
    Message,
    /// The result of a tool.
    Block,
}

/// A key that counts, and the first token of its value.
type Member<'a> = (&'a [u8], Token);

impl<'a> Walk<'a> {
    fn new(form: Form, value: Value<'a>) -> Self {
        Self {
            form,
            tokens: Tokens::new(value.text),
            kept: Kept::new(value.text),
        }
    }

    /// Keeps a message; says whose it is, or nothing of one that does not count.
    fn members_of_message(&mut self, first: Token) -> Result<Option<Role>, NotJson> {
        self.kept.keep(first);
        let mut whose = Whose::default();
        while let Some((key, value)) = self.member()? {
            match key {
                br#""role""# => whose.role = self.tokens.text(value),
                br#""type""# => whose.kind = self.tokens.text(value),
                _ => {}
            }
            match key {
                br#""content""# | br#""parts""# => self.content(value)?,
                _ => self.keep(value)?,
            }
        }
        Ok(whose.role(self.form))
    }

    /// A list of blocks; a string is the same as one block of text.
    fn content(&mut self, value: Token) -> Result<(), NotJson> {
        match value.kind {
            Kind::Open(Container::List) => self.blocks(value, Level::Message),
            Kind::String if self.tokens.text(value).starts_with(BILLING) => {
                self.kept.insert(b"[]");
                Ok(())
            }
            Kind::String => {
                self.kept.insert(match self.form {
                    Form::Messages | Form::Chat => br#"[{"type":"text","text":"#,
                    Form::Responses => br#"[{"type":"input_text","text":"#,
                    Form::Contents => br#"[{"text":"#,
                });
                self.kept.keep(value);
                self.kept.insert(b"}]");
                Ok(())
            }
            _ => self.keep(value),
        }
    }

    fn blocks(&mut self, list: Token, of: Level) -> Result<(), NotJson> {
        self.kept.keep(list);
        while let Some(block) = self.element()? {
            match block.kind {
                Kind::Open(Container::Object) => self.block(block, of)?,
                _ => self.keep(block)?,
            }
        }
        Ok(())
    }

    fn block(&mut self, first: Token, of: Level) -> Result<(), NotJson> {
        let before = self.kept.mark();
        self.kept.keep(first);
        let mut counts = true;
        while let Some((key, value)) = self.member()? {
            let text = self.tokens.text(value);
            counts &= match key {
                br#""type""# => !matches!(text, br#""thinking""# | br#""redacted_thinking""#),
                br#""thought""# => text != b"true",
                br#""text""# => !text.starts_with(BILLING),
                _ => true,
            };
            match (key, value.kind, of) {
                (br#""content""#, Kind::Open(Container::List), Level::Message) => {
                    self.blocks(value, Level::Block)?;
                }
                _ => self.keep(value)?,
            }
        }
        if !counts {
            self.kept.undo(before);
            self.kept.leave_out();
        }
        Ok(())
    }

    /// Keeps a whole value as it is.
    fn keep(&mut self, first: Token) -> Result<(), NotJson> {
        let whole = self.tokens.skip(first)?;
        self.kept.keep(whole);
        Ok(())
    }

    /// The next member that counts of the object that is open, its key kept; or none at its end, which is kept.
    fn member(&mut self) -> Result<Option<Member<'a>>, NotJson> {
        loop {
            let token = self.tokens.next()?;
            match token.kind {
                Kind::Key if counts(self.tokens.text(token)) => {
                    self.kept.keep(token);
                    let colon = self.tokens.next()?;
                    self.kept.keep(colon);
                    let value = self.tokens.next()?;
                    return Ok(Some((self.tokens.text(token), value)));
                }
                Kind::Key => {
                    let value = self.tokens.value()?;
                    self.tokens.skip(value)?;
                    self.kept.leave_out();
                }
                Kind::Comma => self.kept.keep_comma(token),
                _ => {
                    self.kept.keep(token);
                    return Ok(None);
                }
            }
        }
    }

    /// The next element of the list that is open; or none at its end, which is kept.
    fn element(&mut self) -> Result<Option<Token>, NotJson> {
        loop {
            let token = self.tokens.next()?;
            match token.kind {
                Kind::Comma => self.kept.keep_comma(token),
                Kind::Close(_) => {
                    self.kept.keep(token);
                    return Ok(None);
                }
                _ => return Ok(Some(token)),
            }
        }
    }
}

/// Whether a member is part of the conversation.
fn counts(key: &[u8]) -> bool {
    !matches!(
        key,
        br#""cache_control""#
            | br#""thoughtSignature""#
            | br#""thought_signature""#
            | br#""reasoning_content""#
            | br#""reasoning_details""#
    )
}

/// What a message says of its author, with quotes.
#[derive(Default)]
struct Whose<'a> {
    role: &'a [u8],
    kind: &'a [u8],
}

impl Whose<'_> {
    fn role(&self, form: Form) -> Option<Role> {
        Some(match (self.role, self.kind) {
            (br#""user""#, _) => Role::User,
            (br#""assistant""# | br#""model""#, _) => Role::Assistant,
            (br#""system""# | br#""developer""#, _) => Role::System,
            (br#""tool""# | br#""function""#, _) => Role::Tool,
            (b"", br#""reasoning""#) => return None,
            (b"", kind) if kind.ends_with(br#"_output""#) => Role::Tool,
            (b"", b"") if form == Form::Contents => Role::User,
            (b"", kind) if !kind.is_empty() => Role::Assistant,
            _ => Role::Other,
        })
    }
}
