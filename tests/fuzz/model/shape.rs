//! What a reply may be: mostly one thing, here and there one of several.

use harness::{Reply, error};

#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Is(Reply),
    /// An integer, both ends included.
    Between(i64, i64),
    Items(Vec<Shape>),
    OneOf(Vec<Shape>),
    /// These, in any order.
    Set(Vec<Shape>),
}

impl Shape {
    pub(crate) fn int(value: i64) -> Self {
        Self::Is(Reply::Int(value))
    }

    pub(crate) fn count(count: usize) -> Self {
        Self::int(i64::try_from(count).expect("nothing is counted so far"))
    }

    pub(crate) fn ints<const N: usize>(values: [i64; N]) -> Self {
        Self::Items(values.into_iter().map(Self::int).collect())
    }

    pub(crate) fn ok() -> Self {
        Self::Is(Reply::Status("OK".to_owned()))
    }

    pub(crate) fn nil() -> Self {
        Self::Is(Reply::Nil)
    }

    pub(crate) fn text(bytes: &[u8]) -> Self {
        Self::Is(Reply::from(bytes))
    }

    pub(crate) fn error(line: &str) -> Self {
        Self::Is(error(line))
    }

    pub(crate) fn wrong_type() -> Self {
        Self::error("WRONGTYPE Operation against a key holding the wrong kind of value")
    }

    /// A map, as RESP2 has it.
    pub(crate) fn fields(fields: Vec<(&str, Shape)>) -> Self {
        let pairs = fields.into_iter();
        let flat = pairs.flat_map(|(name, value)| [Self::text(name.as_bytes()), value]);
        Self::Items(flat.collect())
    }

    pub(crate) fn fits(&self, reply: &Reply) -> bool {
        match (self, reply) {
            (Self::Is(expected), reply) => expected == reply,
            (Self::Between(low, high), Reply::Int(value)) => (low..=high).contains(&value),
            (Self::Items(shapes), Reply::Array(items)) => {
                let mut pairs = shapes.iter().zip(items);
                shapes.len() == items.len() && pairs.all(|(shape, item)| shape.fits(item))
            }
            (Self::OneOf(shapes), reply) => shapes.iter().any(|shape| shape.fits(reply)),
            (Self::Set(shapes), Reply::Array(items)) => {
                shapes.len() == items.len() && is_matched(shapes, items)
            }
            (Self::Between(..) | Self::Items(_) | Self::Set(_), _) => false,
        }
    }
}

/// No two shapes of a set fit the same item.
fn is_matched(shapes: &[Shape], items: &[Reply]) -> bool {
    let fitting = |shape: &Shape| items.iter().any(|item| shape.fits(item));
    shapes.iter().all(fitting)
}

/// Maps as RESP2 has them, so that both protocols are one.
pub(crate) fn flat(reply: Reply) -> Reply {
    match reply {
        Reply::Map(pairs) => {
            let flat_pairs = pairs.into_iter().flat_map(|(name, value)| [name, value]);
            Reply::Array(flat_pairs.map(flat).collect())
        }
        Reply::Array(items) => Reply::Array(items.into_iter().map(flat).collect()),
        other => other,
    }
}
