//! The only way in which a request's body is ever changed: bytes put in the place of others.

use std::{borrow::Cow, ops::Range};

use bytes::{Bytes, BytesMut};

use crate::json::{self, Container, Kind, NotJson, Tokens};

/// What to put where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Splice {
    pub(crate) at: Range<usize>,
    pub(crate) with: Cow<'static, str>,
}

impl Splice {
    /// The body with all of them, none of which reaches into another. Without any it is not copied.
    pub(crate) fn apply(mut splices: Vec<Self>, body: &Bytes) -> Bytes {
        if splices.is_empty() {
            return body.clone();
        }
        splices.sort_unstable_by_key(|splice| splice.at.start);
        let added: usize = splices.iter().map(|splice| splice.with.len()).sum();
        let mut spliced = BytesMut::with_capacity(body.len() + added);
        let mut from = 0;
        for splice in splices {
            spliced.extend_from_slice(&body[from..splice.at.start]);
            spliced.extend_from_slice(splice.with.as_bytes());
            from = splice.at.end;
        }
        spliced.extend_from_slice(&body[from..]);
        spliced.freeze()
    }

    /// Puts another model's name in the place of the one in the body, where one is.
    pub(crate) fn model(body: &[u8], name: &str) -> Option<Self> {
        let at = json::member(body, br#""model""#)?;
        // A name of a model has no quotes.
        let with = Cow::Owned(format!("\"{name}\""));
        Some(Self { at, with })
    }

    /// The same in a body of Gemini's, where the path names the model: there only those that name it again, in the body,
    /// in what is to be counted, or in each of several texts to be embedded.
    pub(crate) fn gemini_models(body: &[u8], said: &str, name: &str) -> Vec<Self> {
        let mut named = Vec::new();
        // The scan has found it to be JSON.
        find_models(&mut Tokens::new(body), &mut named).unwrap_or_default();
        let same = |at: &Range<usize>| {
            let model = body[at.clone()].strip_prefix(b"\"models/");
            model.and_then(|model| model.strip_suffix(b"\"")) == Some(said.as_bytes())
        };
        let named = named.into_iter().filter(same);
        let with = |at| Self {
            at,
            with: Cow::Owned(format!("\"models/{name}\"")),
        };
        named.map(with).collect()
    }
}

/// Where models are named in a request of Gemini's.
fn find_models(tokens: &mut Tokens<'_>, found: &mut Vec<Range<usize>>) -> Result<(), NotJson> {
    tokens.next()?;
    while let Some(key) = tokens.next_key()? {
        let value = tokens.value()?;
        match (tokens.text(key), value.kind) {
            (br#""model""#, Kind::String) => found.push(value.start..value.end),
            (
                br#""generateContentRequest""# | br#""generate_content_request""#,
                Kind::Open(Container::Object),
            ) => find_model(tokens, found)?,
            (br#""requests""#, Kind::Open(Container::List)) => {
                while let Some(request) = tokens.next_element()? {
                    match request.kind {
                        Kind::Open(Container::Object) => find_model(tokens, found)?,
                        _ => drop(tokens.skip(request)?),
                    }
                }
            }
            _ => drop(tokens.skip(value)?),
        }
    }
    Ok(())
}

/// Of the object that is open.
fn find_model(tokens: &mut Tokens<'_>, found: &mut Vec<Range<usize>>) -> Result<(), NotJson> {
    while let Some(key) = tokens.next_key()? {
        let value = tokens.value()?;
        match (tokens.text(key), value.kind) {
            (br#""model""#, Kind::String) => found.push(value.start..value.end),
            _ => drop(tokens.skip(value)?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gemini_s_model_is_replaced_wherever_it_is_named_again() {
        let spliced = |body: &'static str| {
            let body = Bytes::from_static(body.as_bytes());
            let splices = Splice::gemini_models(&body, "fast", "slow");
            String::from_utf8(Splice::apply(splices, &body).to_vec()).unwrap()
        };
        for (body, expected) in [
            (
                r#"{"requests":[{"model":"models/fast","content":{"model":"models/fast"}}, 5, {"content":1,"model": "models/fast" }]}"#,
                r#"{"requests":[{"model":"models/slow","content":{"model":"models/fast"}}, 5, {"content":1,"model": "models/slow" }]}"#,
            ),
            (
                r#"{"model":"models/fast","contents":[]}"#,
                r#"{"model":"models/slow","contents":[]}"#,
            ),
            (
                r#"{"generateContentRequest":{"contents":[],"model":"models/fast"}}"#,
                r#"{"generateContentRequest":{"contents":[],"model":"models/slow"}}"#,
            ),
        ] {
            assert_eq!(spliced(body), expected);
        }
        for other in [
            r#"{"model":"models/other","requests":{"model":"models/fast"}}"#,
            r#"{"model":"fast"}"#,
            r#"{"model":{"model":"models/fast"}}"#,
            "[]",
        ] {
            assert_eq!(spliced(other), other);
        }
    }

    #[test]
    fn nothing_but_what_is_spliced_is_changed() {
        let body = Bytes::from_static(br#"{ "x": {"model": 1}, "model" : "fast" , "stream":true}"#);
        let model = Splice::model(&body, "slow").unwrap();
        let more = Splice {
            at: body.len() - 1..body.len() - 1,
            with: ",\"more\":1".into(),
        };
        let spliced = Splice::apply(vec![more, model], &body);
        assert_eq!(
            spliced,
            br#"{ "x": {"model": 1}, "model" : "slow" , "stream":true,"more":1}"#[..]
        );
        assert_eq!(Splice::apply(Vec::new(), &body), body);
        assert_eq!(Splice::model(b"{}", "m"), None);
        assert_eq!(Splice::model(b"no json", "m"), None);
    }
}
