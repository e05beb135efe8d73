//! A run: steps drawn from a seed, done on a server until one of them shows something wrong.

use std::fmt;

use crate::invent::{self, Mood};
use crate::model::{Message, Verdict};
use crate::op::{Op, quoted};
use crate::server::Variant;
use crate::stage::Stage;
use harness::Draw;

/// What a run needs to be done again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) variant: Variant,
    pub(crate) steps: usize,
}

/// What was done until something was wrong.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) steps: Vec<Op>,
    pub(crate) wrong: String,
}

impl Plan {
    /// The part of a millisecond that the clock shows all along.
    fn part(self) -> i64 {
        i64::try_from(self.seed % 1_000).expect("it is below a thousand")
    }

    /// Draws and does the steps.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut steps = Vec::new();
        let ended = self.run_into(&mut steps);
        ended.map_err(|wrong| Failure { steps, wrong })
    }

    fn run_into(self, steps: &mut Vec<Op>) -> Verdict {
        let mut draw = Draw::new(self.seed, 0);
        let mut stage = self.stage()?;
        let mut mood = Mood::new(&mut draw);
        for step in 0..=self.steps {
            let clears = step > 0 && step % (self.steps / 3).max(1) == 0;
            let op = if clears {
                mood = Mood::new(&mut draw);
                Op::Clear
            } else {
                invent::next(&mut draw, &stage.world, mood)
            };
            steps.push(op.clone());
            do_step(&mut stage, &op)?;
        }
        Ok(())
    }

    /// Does these steps, as far as nothing is wrong.
    pub(crate) fn replay(self, steps: &[Op]) -> Result<(), Failure> {
        let mut done = Vec::new();
        let ended = self.replay_into(steps, &mut done);
        ended.map_err(|wrong| Failure { steps: done, wrong })
    }

    fn replay_into(self, steps: &[Op], done: &mut Vec<Op>) -> Verdict {
        let mut stage = self.stage()?;
        for op in steps {
            done.push(op.clone());
            do_step(&mut stage, op)?;
        }
        Ok(())
    }

    fn stage(self) -> Verdict<Stage> {
        Stage::set(self.variant, self.part()).map_err(|error| error.to_string())
    }
}

fn do_step(stage: &mut Stage, op: &Op) -> Verdict {
    let before = stage.world.clone();
    let verdict = stage.perform(op);
    verdict.map_err(|wrong| {
        let (replied, log) = (&stage.replied, stage.server.log());
        let heard: Vec<String> = stage.messages.iter().map(shown).collect();
        let panics = log.lines().filter(|line| line.contains("panicked"));
        let panics: Vec<&str> = panics.collect();
        let waiting = before.waiters.iter().map(ToString::to_string);
        let waiting: Vec<String> = waiting.collect();
        format!(
            "{wrong}\nreplied: {replied:?}\nheard: {heard:?}\nwaiting before: {}\n{}",
            waiting.join(", "),
            panics.join("\n")
        )
    })
}

fn shown(message: &Message) -> String {
    format!("{} {}", quoted(&message.channel), quoted(&message.text))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, op) in self.steps.iter().enumerate() {
            writeln!(f, "{number:4} {op}")?;
        }
        writeln!(f, "{}", self.wrong)
    }
}
