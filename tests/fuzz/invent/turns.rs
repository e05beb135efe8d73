//! `UMQ.*`

use super::names::{TURNS, clause, id_of, key, lease};
use super::{Line, words};
use crate::model::{Family, World};
use harness::Draw;

const VERBS: [(i64, &str); 7] = [
    (50, "ACQUIRE"),
    (6, "RENEW"),
    (24, "RELEASE"),
    (4, "CANCEL"),
    (3, "FORCE"),
    (6, "INFO"),
    (6, "WAITERS"),
];

pub(super) fn line(draw: &mut Draw, world: &World) -> Line {
    let verb = draw.weighted(&VERBS);
    let key = key(draw, &TURNS);
    let mut line = words([format!("UMQ.{verb}").into_bytes(), key.clone()]);
    match verb {
        "ACQUIRE" => {
            let waiting = world.waiting_ids(Family::Turn, &key);
            let again = if draw.percent(15) {
                waiting
            } else {
                Vec::new()
            };
            line.push(id_of(draw, &again));
            line.extend(lease(draw));
            if draw.percent(40) {
                let ms = draw.one_of(&["0", "1", "30", "100", "1000", "70000", "86400000"]);
                line.extend(words(["DELAY", ms]));
            }
            // Nobody listens on the last one.
            line.extend(clause(draw, &["n:1", "n:1", "n:2", "n:2", "n:3"]));
        }
        "RENEW" => {
            line.push(id_of(draw, &world.holder_ids(&key)));
            line.extend(lease(draw));
        }
        "RELEASE" => {
            line.push(id_of(draw, &world.holder_ids(&key)));
            if draw.percent(40) {
                line.extend(words(["NOSTAMP"]));
            }
        }
        "CANCEL" => line.push(id_of(draw, &world.waiting_ids(Family::Turn, &key))),
        "WAITERS" if draw.percent(30) => line.extend(words(["COUNT", "2"])),
        _ => {}
    }
    line
}
