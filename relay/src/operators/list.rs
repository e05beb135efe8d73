//! Lists come in pieces: each names the place from which the next one goes on.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::Refusal;

const USUAL: u32 = 50;
const MOST: u32 = 200;
const LONGEST_CURSOR: usize = 256;

/// A piece of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    /// The `cursor` of the next piece; null after the last.
    pub(super) next: Option<String>,
}

/// Which piece.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Ask {
    /// How many items, 1 to 200; else 50.
    pub(super) limit: Option<u32>,
    /// As the piece before says.
    pub(super) cursor: Option<String>,
}

impl Ask {
    pub(super) fn limit(&self) -> Result<usize, Refusal> {
        match self.limit.unwrap_or(USUAL) {
            limit @ 1..=MOST => Ok(limit as usize),
            _ => Err(Refusal::of_field("limit", format!("must be 1 to {MOST}"))),
        }
    }

    /// Where the piece before ended.
    pub(super) fn cursor(&self) -> Result<Option<&str>, Refusal> {
        match self.cursor.as_deref() {
            Some(cursor) if cursor.len() > LONGEST_CURSOR => {
                Err(Refusal::of_field("cursor", "is none that was given"))
            }
            cursor => Ok(cursor),
        }
    }

    /// A piece of what is in memory as a whole. It is ordered by names, so that what comes and goes between two pieces moves
    /// nothing else.
    pub(super) fn cut<T>(
        &self,
        mut all: Vec<T>,
        name: impl Fn(&T) -> &str,
    ) -> Result<List<T>, Refusal> {
        let (limit, cursor) = (self.limit()?, self.cursor()?);
        all.sort_by(|one, other| name(one).cmp(name(other)));
        let begin = cursor.map_or(0, |last| all.partition_point(|item| name(item) <= last));
        let mut items = all.split_off(begin);
        let is_whole = items.len() <= limit;
        items.truncate(limit);
        let last = items.last().filter(|_| !is_whole);
        let next = last.map(|item| name(item).to_owned());
        Ok(List { items, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(limit: u32, cursor: Option<&str>) -> Ask {
        Ask {
            limit: Some(limit),
            cursor: cursor.map(str::to_owned),
        }
    }

    fn piece(ask: &Ask, all: &[&str]) -> (String, Option<String>) {
        let all = all.iter().map(|name| (*name).to_owned()).collect();
        let list = ask.cut(all, |name: &String| name).expect("it may be asked");
        (list.items.concat(), list.next)
    }

    #[test]
    fn each_piece_goes_on_where_the_one_before_ended() {
        let all = ["c", "a", "e", "b", "d"];
        let (first, next) = piece(&ask(2, None), &all);
        assert_eq!((first.as_str(), next.as_deref()), ("ab", Some("b")));
        let (second, next) = piece(&ask(2, next.as_deref()), &all);
        assert_eq!((second.as_str(), next.as_deref()), ("cd", Some("d")));
        assert_eq!(piece(&ask(2, Some("d")), &all), ("e".into(), None));
        // What ended the piece before is gone meanwhile.
        assert_eq!(piece(&ask(3, Some("bb")), &all), ("cde".into(), None));
    }

    #[test]
    fn a_piece_is_bounded() {
        for limit in [0, 201, u32::MAX] {
            assert!(ask(limit, None).limit().is_err());
        }
        assert!(ask(1, Some(&"x".repeat(257))).cursor().is_err());
    }
}
