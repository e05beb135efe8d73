//! What a large object consists of, found in one pass over it: its members, and of each list of objects the elements.
//! None of them is looked into. Pure.

use std::borrow::Cow;

use super::{
    Container, Fault, Kind, Token, Tokens, Unfit, Value,
    value::{MOST, name},
};

#[derive(Debug)]
pub(crate) struct Outline<'a>(Vec<Member<'a>>);

#[derive(Debug)]
pub(crate) struct Member<'a> {
    name: Cow<'a, [u8]>,
    at: usize,
    pub(crate) value: Value<'a>,
    /// Where the value is a list of objects; else why it is none.
    elements: Result<Vec<Value<'a>>, Unfit>,
}

impl<'a> Outline<'a> {
    /// Fails where the text as a whole is not one object.
    pub(crate) fn of(text: &'a [u8]) -> Result<Self, Unfit> {
        let whole = Value::whole(text);
        let mut tokens = whole.open(Container::Object)?;
        let mut members = Vec::with_capacity(16);
        while let Some(key) = whole.read(tokens.next_key())? {
            if members.len() == MOST {
                return Err(whole.unfit(Fault::TooMany, key.start));
            }
            members.push(Member::read(whole, &mut tokens, key)?);
        }
        whole.close(tokens)?;
        Ok(Self(members))
    }

    /// What stands under a key, which must not stand there twice.
    pub(crate) fn get(&self, key: &'static str) -> Result<Option<&Member<'a>>, Unfit> {
        let mut found = None;
        for member in &self.0 {
            if *member.name == *key.as_bytes() && found.replace(member).is_some() {
                let (fault, at) = (Fault::Twice(key), member.at);
                return Err(Unfit { fault, at });
            }
        }
        Ok(found)
    }

    /// The same, unless it is `null`.
    pub(crate) fn told(&self, key: &'static str) -> Result<Option<&Member<'a>>, Unfit> {
        let member = self.get(key)?;
        Ok(member.filter(|member| !member.value.is_null()))
    }
}

impl<'a> Member<'a> {
    /// Of a list of objects.
    pub(crate) fn elements(&self) -> Result<&[Value<'a>], Unfit> {
        self.elements.as_deref().map_err(|unfit| *unfit)
    }

    fn read(of: Value<'a>, tokens: &mut Tokens<'a>, key: Token) -> Result<Self, Unfit> {
        let first = of.read(tokens.value())?;
        let elements = match first.kind {
            Kind::Open(Container::List) => objects(of, tokens)?,
            _ => Err(of.unfit(Fault::Type, first.start)),
        };
        let whole = match &elements {
            Ok(_) => tokens.since(first),
            Err(_) => of.read(tokens.skip(first))?,
        };
        Ok(Self {
            name: name(tokens.text(key)),
            at: key.start,
            value: of.part(tokens, whole),
            elements,
        })
    }
}

/// The elements of the list that is open, up to one that is no object.
fn objects<'a>(
    of: Value<'a>,
    tokens: &mut Tokens<'a>,
) -> Result<Result<Vec<Value<'a>>, Unfit>, Unfit> {
    let mut elements = Vec::new();
    while let Some(first) = of.read(tokens.next_element())? {
        let fault = match first.kind {
            Kind::Open(Container::Object) if elements.len() < MOST => None,
            Kind::Open(Container::Object) => Some(Fault::TooMany),
            _ => Some(Fault::Type),
        };
        let element = of.read(tokens.skip(first))?;
        match fault {
            None => elements.push(of.part(tokens, element)),
            Some(fault) => return Ok(Err(of.unfit(fault, first.start))),
        }
    }
    Ok(Ok(elements))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_elements_are_found_in_one_pass() {
        let body =
            br#" {"a":[{"b":[1]}, {}],"n":null,"\u0063":[{"x":1},5,{}],"d":[], "a b":"[{}]"} "#;
        let outline = Outline::of(body).unwrap();
        let texts = |key| {
            let member = outline.get(key).unwrap().unwrap();
            let texts = |elements: &[Value<'_>]| -> Vec<String> {
                let texts = elements.iter();
                texts.map(|it| it.text.escape_ascii().to_string()).collect()
            };
            assert_eq!(&body[member.value.range()], member.value.text);
            member.elements().map(texts)
        };
        assert_eq!(texts("a"), Ok(vec![r#"{\"b\":[1]}"#.into(), "{}".into()]));
        assert_eq!(texts("d"), Ok(vec![]));
        let fault = Fault::Type;
        assert_eq!(texts("c"), Err(Unfit { fault, at: 49 }));
        assert_eq!(
            outline.get("c").unwrap().unwrap().value.text,
            br#"[{"x":1},5,{}]"#
        );
        assert_eq!(texts("a b"), Err(Unfit { fault, at: 69 }));
        assert!(outline.told("n").unwrap().is_none() && outline.get("n").unwrap().is_some());
        assert!(outline.get("e").unwrap().is_none());
    }

    #[test]
    fn only_what_is_asked_for_must_stand_once() {
        let outline = Outline::of(br#"{"a":1,"a":2,"b":{"a":1}}"#).unwrap();
        assert!(outline.get("b").is_ok());
        let (fault, at) = (Fault::Twice("a"), 7);
        assert_eq!(outline.get("a").unwrap_err(), Unfit { fault, at });
    }

    #[test]
    fn no_body_makes_it_large() {
        let many = |part: &str, end: &str| ["{\"a\":[", &part.repeat(MOST), end].concat();
        for (text, fault) in [
            (many("{},", "{}]}"), Fault::TooMany),
            (many("{},", "0]}"), Fault::Type),
        ] {
            let outline = Outline::of(text.as_bytes()).unwrap();
            assert_eq!(outline.0[0].elements().unwrap_err().fault, fault);
        }
        let members = ["{", &"\"a\":0,".repeat(MOST), "\"b\":0}"].concat();
        assert_eq!(
            Outline::of(members.as_bytes()).unwrap_err().fault,
            Fault::TooMany
        );
    }
}
