//! The only way in which a request's body is ever changed: bytes put in the place of others.

use std::{borrow::Cow, ops::Range};

use bytes::{Bytes, BytesMut};

use crate::json;

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
}

#[cfg(test)]
mod tests {
    use super::*;

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
