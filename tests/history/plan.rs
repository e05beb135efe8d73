//! What a client is going to do in one visit to a key, drawn in full before it begins: what the server answers
//! decides only how far the plan is carried out, so that a seed always gives the same plans.

use crate::record::{Ask, FlowNumber, How, Id, Key, Manner, Patience, Want, Way};
use crate::whole::{self, GROUPS, OWN, Preferred, Rates, Whole};
use harness::Draw;

/// The keys, with how often each is visited, in percent.
pub(crate) const KEYS: [(i64, Key); 12] = [
    // Flows of weights 1, 2 and 4.
    (20, Key::Turn(0)),
    // Spaced.
    (5, Key::Turn(1)),
    // Spaced and forced, and the key deleted.
    (5, Key::Turn(2)),
    // A steady limit, flows of equal weight.
    (20, Key::Gate(0)),
    // A limit that changes from time to time; closed and opened.
    (12, Key::Gate(1)),
    // Every visitor names a limit of its own, or none; the key deleted.
    (12, Key::Gate(2)),
    // Accounts: by one decision with others, or alone; the second one closed and opened.
    (8, Key::Gate(3)),
    (10, Key::Gate(4)),
    (8, Key::Gate(5)),
    // Callers' own, which only whole decisions name.
    (0, Key::Gate(6)),
    (0, Key::Gate(7)),
    (0, Key::Gate(8)),
];

/// How many visits long a limit of the second gate lasts.
const LIMIT_LASTS: u64 = 40;

/// Leases that never end by themselves unless something is lost.
const LONG_LEASES: [i64; 2] = [800, 1_200];

/// What the asker does while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    Nothing,
    HangUp,
    /// Its connection is killed over another one.
    Kill,
    Cancel,
    /// Over another connection, under the same id.
    AskAgain,
}

/// What it does while it holds what it was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holding {
    Nothing,
    Renew { lease_ms: i64 },
    AskAgain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    GiveBack(Way),
    /// The lease ends by itself.
    LetEnd,
}

/// What it does when its connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterLoss {
    AskAgain,
    /// Gives back whatever it may hold.
    GiveUp,
    /// Nothing: who had waited holds nothing.
    Vanish,
}

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) ask: Ask,
    pub(crate) meanwhile: Meanwhile,
    pub(crate) meanwhile_after_ms: u64,
    pub(crate) pings: i64,
    pub(crate) listen_ms: u64,
    pub(crate) holding: Holding,
    pub(crate) ending: Ending,
    pub(crate) after_loss: AfterLoss,
}

impl Plan {
    /// The plan of a client's visit of that number.
    pub(crate) fn draw(draw: &mut Draw, id: Id, visit: u64) -> Self {
        let key = draw.weighted(&KEYS);
        let leases = match draw.percent(12) {
            true => [1, 6],
            false => LONG_LEASES,
        };
        let lease_ms = draw.between(leases[0], leases[1]);
        let way = match key {
            Key::Turn(_) => Way::NoStamp,
            Key::Gate(_) => Way::Leave,
        };
        let give_back = Ending::GiveBack(draw.weighted(&[(90, Way::Release), (10, way)]));
        let listen_ms = draw.between(1, 4);
        Self {
            ask: ask(draw, key, id, visit, lease_ms),
            meanwhile: draw.weighted(&[
                (75, Meanwhile::Nothing),
                (6, Meanwhile::HangUp),
                (6, Meanwhile::Kill),
                (7, Meanwhile::Cancel),
                (6, Meanwhile::AskAgain),
            ]),
            meanwhile_after_ms: draw.one_of(&[0, 0, 1, 4]),
            pings: draw.between(0, 5),
            listen_ms: draw.weighted(&[(85, 0), (15, listen_ms.unsigned_abs())]),
            holding: match draw.between(1, 100) {
                1..=15 => Holding::Renew {
                    lease_ms: draw.between(leases[0], leases[1]),
                },
                16..=25 => Holding::AskAgain,
                _ => Holding::Nothing,
            },
            ending: match leases != LONG_LEASES && draw.percent(60) {
                true => Ending::LetEnd,
                false => give_back,
            },
            after_loss: draw.weighted(&[
                (40, AfterLoss::AskAgain),
                (30, AfterLoss::GiveUp),
                (30, AfterLoss::Vanish),
            ]),
        }
    }

    /// Whether it is to lose its connection while it stands in line.
    pub(crate) fn breaks_off(&self) -> bool {
        let goes = matches!(self.meanwhile, Meanwhile::HangUp | Meanwhile::Kill);
        goes && self.ask.waits() && self.meanwhile_after_ms > 0
    }
}

fn ask(draw: &mut Draw, key: Key, id: Id, visit: u64, lease_ms: i64) -> Ask {
    let patience_ms = match key {
        // A wait that ends has the line looked at: here that is left to the one who looks from time to time.
        Key::Turn(2) | Key::Gate(2) => draw.one_of(&[200, 500]),
        Key::Turn(_) | Key::Gate(_) => draw.one_of(&[1, 5, 20, 60, 200, 500]),
    };
    let flow = flow(draw, key);
    Ask {
        key,
        id,
        want: want(draw, key, visit),
        lease_ms,
        patience: draw.weighted(&[
            (15, Patience::None),
            (65, Patience::Millis(patience_ms)),
            (20, Patience::Endless),
        ]),
        manner: Manner::Block,
        how: draw.weighted(&[(88, How::Plain), (6, How::Transaction), (6, How::Script)]),
        flow,
        weight: match key {
            Key::Turn(0) => 1 << (flow.max(1) - 1),
            Key::Turn(_) | Key::Gate(_) => 1,
        },
        waited_ms: match draw.percent(8) {
            true => draw.between(1, 50),
            false => 0,
        },
        queue: draw.percent(5).then(|| draw.between(0, 6)),
    }
}

fn want(draw: &mut Draw, key: Key, visit: u64) -> Want {
    match key {
        Key::Turn(0) => Want::Turn { delay_ms: 0 },
        Key::Turn(_) => Want::Turn {
            delay_ms: draw.between(0, 3),
        },
        Key::Gate(0) => Want::Slot { limit: 2 },
        Key::Gate(1) => Want::Slot {
            limit: [1, 3, 2, 4][(visit / LIMIT_LASTS % 4) as usize],
        },
        Key::Gate(2) => Want::Slot {
            limit: draw.between(0, 4),
        },
        Key::Gate(_) => match draw.percent(75) {
            true => Want::Whole(whole(draw, key)),
            false => Want::Slot {
                limit: whole::limit(key),
            },
        },
    }
}

/// A decision that this account would do for.
fn whole(draw: &mut Draw, account: Key) -> Whole {
    let groups: Vec<_> = GROUPS
        .into_iter()
        .filter(|group| group.contains(&account))
        .collect();
    let preferred = Preferred {
        key: account,
        patience_ms: draw.one_of(&[0, 2, 20, 100]),
    };
    Whole {
        own: draw.weighted(&[
            (20, None),
            (20, Some(OWN[0])),
            (30, Some(OWN[1])),
            (30, Some(OWN[2])),
        ]),
        any: draw.one_of(&groups),
        preferred: draw.percent(20).then_some(preferred),
        rates: draw.weighted(&[(80, Rates::None), (20, Rates::Ample)]),
    }
}

fn flow(draw: &mut Draw, key: Key) -> FlowNumber {
    match key {
        Key::Turn(0) | Key::Gate(0) => draw.one_of(&[1, 2, 3]),
        Key::Turn(1) | Key::Gate(1) => 0,
        Key::Turn(_) | Key::Gate(_) => draw.one_of(&[0, 1, 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;
    use harness::Draw;

    #[test]
    fn a_seed_gives_the_same_plans_and_another_one_others() {
        let plans = |seed| {
            let mut draw = Draw::new(seed, 3);
            let plans = (0..200).map(|visit| Plan::draw(&mut draw, visit, visit));
            format!("{:?}", plans.collect::<Vec<_>>())
        };
        assert_eq!(plans(7), plans(7));
        assert_ne!(plans(7), plans(8));
    }
}
