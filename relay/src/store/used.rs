//! Reads the counters that `booking` writes: a hash per caller and hour, one per caller and day, and for each hour and day
//! the set of those that have one.

use super::{Batch, Reply, Store, StoreError, list, names};
use crate::tally::{Counted, Numbers, Span};

const READ: &str = "HGETALL";
const WHO: &str = "SMEMBERS";
/// Hashes that are read in one step.
const AT_ONCE: usize = 200;

impl Store {
    /// What was counted of one caller in each of these spans.
    pub(crate) async fn used(
        &self,
        key: &str,
        spans: &[Span],
    ) -> Result<Vec<(Span, Counted)>, StoreError> {
        let asked: Vec<_> = spans.iter().map(|span| (*span, key)).collect();
        let mut used = Vec::new();
        for some in asked.chunks(AT_ONCE) {
            self.read_some(some, |span, counted| used.push((span, counted)))
                .await?;
        }
        Ok(used)
    }

    /// The same of all callers in one span, as it is read: of how many.
    pub(crate) async fn used_by_all(
        &self,
        span: Span,
        mut each: impl FnMut(Span, Counted),
    ) -> Result<usize, StoreError> {
        let mut batch = Batch::of(WHO);
        batch.arg(names::users(span));
        let reply = self.domain.ask_one(&batch).await?;
        let keys = list(WHO, &reply)?.iter().filter_map(Reply::text);
        let asked: Vec<_> = keys.map(|key| (span, key)).collect();
        for some in asked.chunks(AT_ONCE) {
            self.read_some(some, &mut each).await?;
        }
        Ok(asked.len())
    }

    async fn read_some(
        &self,
        asked: &[(Span, &str)],
        mut each: impl FnMut(Span, Counted),
    ) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        for (span, key) in asked {
            batch.command(READ).arg(names::usage(*span, key));
        }
        let replies = self.domain.ask(&batch).await?;
        for ((span, key), reply) in asked.iter().zip(&replies) {
            let fields = list(READ, reply)?.as_chunks().0;
            read(key, fields)
                .into_iter()
                .for_each(|counted| each(*span, counted));
        }
        Ok(())
    }
}

/// A field is `<what>:<group>:<account>:<model>`. What is stored is input: others are passed over.
fn read(key: &str, fields: &[[Reply; 2]]) -> Vec<Counted> {
    let mut all: Vec<Counted> = Vec::new();
    for [name, number] in fields {
        let (Some(name), Some(number)) = (name.text(), number.text()) else {
            continue;
        };
        let (Some((what, who)), Ok(number)) = (name.split_once(':'), number.parse()) else {
            continue;
        };
        let mut who = who.splitn(3, ':');
        let (Some(group), Some(account), Some(model)) = (who.next(), who.next(), who.next()) else {
            continue;
        };
        let same = |one: &&mut Counted| {
            (&*one.group, &*one.account, &*one.model) == (group, account, model)
        };
        match all.iter_mut().find(same) {
            Some(counted) => counted.numbers.add(what, number),
            None => {
                let mut numbers = Numbers::default();
                numbers.add(what, number);
                all.push(Counted {
                    key: key.into(),
                    group: group.into(),
                    account: account.into(),
                    model: model.into(),
                    numbers,
                });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Reply {
        Reply::Text(text.to_owned().into())
    }

    #[test]
    fn a_field_tells_what_was_counted_of_whom() {
        let fields = [
            ("requests:g:a1:claude-opus-5-5", "2"),
            ("input:g:a1:claude-opus-5-5", "300"),
            ("requests:g:a1:ft:gpt:x/y", "1"),
            ("requests:g", "7"),
            ("requests", "7"),
            ("input:g:a1:claude-opus-5-5", "spoiled"),
        ]
        .map(|(name, number)| [text(name), text(number)]);
        let seen = read("k", &fields);
        assert_eq!(seen.len(), 2);
        assert_eq!(&*seen[0].model, "claude-opus-5-5");
        assert_eq!(
            (seen[0].numbers.of("requests"), seen[0].numbers.of("input")),
            (2, 300)
        );
        assert_eq!((&*seen[1].account, &*seen[1].model), ("a1", "ft:gpt:x/y"));
    }
}
