//! How long lines are: `QGATE.INFO` and `UMQ.INFO` of many keys at once.

use std::time::Duration;

use super::{Batch, Reply, Store, StoreError, list};
use crate::gate::{Gate, Turn};

const OF_GATE: &str = "QGATE.INFO";
const OF_TURN: &str = "UMQ.INFO";

/// A gate's or a turn's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// How many hold a slot, or the turn.
    pub(crate) held: u64,
    pub(crate) waiting: u64,
    /// The longest wait.
    pub(crate) oldest: Duration,
}

impl Store {
    pub(crate) async fn lines_of_gates(&self, gates: &[&Gate]) -> Result<Vec<Line>, StoreError> {
        let names = gates.iter().map(|gate| &*gate.name);
        self.lines(OF_GATE, names, |info| number(info, "in-use"))
            .await
    }

    pub(crate) async fn lines_of_turns(&self, turns: &[&Turn]) -> Result<Vec<Line>, StoreError> {
        let names = turns.iter().map(|turn| &*turn.name);
        let held = |info: &[Reply]| {
            let holder = field(info, "holder")?;
            Some(u64::from(*holder != Reply::Nil))
        };
        self.lines(OF_TURN, names, held).await
    }

    async fn lines<'a>(
        &self,
        command: &'static str,
        names: impl Iterator<Item = &'a str>,
        held: impl Fn(&[Reply]) -> Option<u64>,
    ) -> Result<Vec<Line>, StoreError> {
        let mut batch = Batch::new();
        for name in names {
            batch.command(command).arg(name);
        }
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let replies = self.domain.ask(&batch).await?;
        let line = |reply: &Reply| {
            let info = list(command, reply)?;
            let line = || {
                Some(Line {
                    held: held(info)?,
                    waiting: number(info, "waiting")?,
                    oldest: Duration::from_millis(number(info, "oldest-wait-ms")?),
                })
            };
            line().ok_or(StoreError::Form { command })
        };
        replies.iter().map(line).collect()
    }
}

fn number(info: &[Reply], name: &str) -> Option<u64> {
    u64::try_from(field(info, name)?.int()?).ok()
}

/// Of a map, which is the list of its keys and values in turn.
fn field<'a>(info: &'a [Reply], name: &str) -> Option<&'a Reply> {
    let mut fields = info.as_chunks().0.iter();
    let found = fields.find(|[known, _]: &&[Reply; 2]| known.text() == Some(name));
    found.map(|[_, value]| value)
}
