//! What others do to keys and clients while visitors come and go: gates closed and opened, turns forced, keys deleted,
//! clients paused.

use std::time::Duration;

use crate::record::{Act, Answer, Entry, Key};
use crate::stage::Stage;
use crate::teller::Teller;
use harness::Draw;

/// The stream of numbers that only the meddler draws.
const STREAM: u64 = u64::MAX;

/// Meddles until the run is over.
pub(crate) fn meddle(stage: &Stage, seed: u64) -> Vec<Entry> {
    let mut draw = Draw::new(seed, STREAM);
    let mut teller = Teller::new(stage);
    let mut wire = stage.connect();
    while !stage.is_over() {
        let answer = teller.tell(&mut wire, act(&mut draw));
        let pause = Duration::from_millis(draw.between(1, 10).unsigned_abs());
        let gone = matches!(answer, Answer::NotHere | Answer::Lost | Answer::Silent);
        if gone || !teller.listen(&mut wire, pause) {
            wire = stage.connect();
        }
    }
    teller.into_entries()
}

fn act(draw: &mut Draw) -> Act {
    let key = draw.weighted(&[(75, Key::Gate(1)), (25, Key::Gate(4))]);
    let close = Act::Close {
        key,
        ms: draw.between(1, 30),
    };
    let pause = Act::Pause {
        ms: draw.between(1, 20),
        mode: draw.one_of(&["WRITE", "ALL"]),
    };
    let open = Act::Open { key };
    draw.weighted(&[
        (30, close),
        (30, open),
        (15, Act::Force { key: Key::Turn(2) }),
        (10, Act::Delete { key: Key::Turn(2) }),
        (10, Act::Delete { key: Key::Gate(2) }),
        (5, pause),
    ])
}
