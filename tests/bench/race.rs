//! Contenders measured in turns, A B A B, in short windows: what else the machine does meanwhile hits all of
//! them alike, and the median drops what hit only one.

use std::time::Duration;

use harness::time;

use crate::batch::Batch;
use crate::stand::Stand;

/// How long and how often is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) rounds: usize,
    pub(crate) window: Duration,
    /// Commands on the wire at once.
    pub(crate) depth: usize,
    /// Entries of the largest trie.
    pub(crate) chains: usize,
    /// How many wait for the same turn.
    pub(crate) queue: usize,
    /// For how long flows share a gate.
    pub(crate) shared: Duration,
}

impl Pace {
    pub(crate) const FULL: Self = Self {
        rounds: 15,
        window: Duration::from_millis(200),
        depth: 16,
        chains: 1_000_000,
        queue: 50,
        shared: Duration::from_secs(60),
    };
    pub(crate) const QUICK: Self = Self {
        rounds: 5,
        window: Duration::from_millis(60),
        depth: 16,
        chains: 100_000,
        queue: 20,
        shared: Duration::from_secs(6),
    };
}

/// One way of doing the operation that is measured.
pub(crate) struct Contender<'a> {
    /// The commands whose own time counts, as `INFO commandstats` names them.
    timed: &'static [&'static str],
    /// Adds the commands of one operation.
    operation: Box<dyn FnMut(&mut Batch) + 'a>,
}

/// What one operation costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// The commands' own time, in microseconds.
    pub(crate) own: f64,
    /// CPU time of the server, sockets and parsing included, in microseconds.
    pub(crate) cpu: f64,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(
        timed: &'static [&'static str],
        operation: impl FnMut(&mut Batch) + 'a,
    ) -> Self {
        Self {
            timed,
            operation: Box::new(operation),
        }
    }
}

/// The medians over all rounds, one per contender.
pub(crate) fn race<const N: usize>(
    stand: &mut Stand,
    pace: &Pace,
    mut contenders: [Contender<'_>; N],
) -> [Cost; N] {
    let mut rounds: [Vec<Cost>; N] = std::array::from_fn(|_| Vec::with_capacity(pace.rounds));
    for contender in &mut contenders {
        window(stand, pace, contender);
    }
    for _ in 0..pace.rounds {
        for (contender, costs) in contenders.iter_mut().zip(&mut rounds) {
            costs.push(window(stand, pace, contender));
        }
    }
    rounds.map(|costs| Cost {
        own: median(costs.iter().map(|cost| cost.own).collect()),
        cpu: median(costs.iter().map(|cost| cost.cpu).collect()),
    })
}

fn window(stand: &mut Stand, pace: &Pace, contender: &mut Contender<'_>) -> Cost {
    let mut batch = Batch::default();
    let mut operations = 0_u32;
    stand.reset_spent();
    let (begun, cpu) = (time::now(), stand.cpu());
    while begun.elapsed() < pace.window {
        while batch.len() < pace.depth {
            (contender.operation)(&mut batch);
            operations += 1;
        }
        stand.send(&batch);
        batch.clear();
    }
    let cpu = stand.cpu().since(cpu).ran.as_secs_f64() * 1e6;
    // The server's own account goes on while another program has the CPU.
    let own = (stand.spent(contender.timed) as f64).min(cpu);
    Cost {
        own: own / f64::from(operations),
        cpu: cpu / f64::from(operations),
    }
}

/// # Panics
/// When there are no values.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        return values[middle];
    }
    f64::midpoint(values[middle - 1], values[middle])
}
