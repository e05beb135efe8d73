//! What the relay's memory is while it carries many streams at once, each with a delta a second.

use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until};

use super::PLAIN;
use super::caller::{hold, one};
use super::scene::Scene;
use crate::{report, room};

const STREAMS: [usize; 2] = [1_000, 5_000];
const STREAM: &str = "/v1/messages?mock=chunks=600;delay_ms=1000;delta_bytes=48";
/// How long all of them are held.
const SECONDS: usize = 10;
/// What the relay may have of the memory, idle and with most streams, in kilobytes.
const MOST_IDLE_KB: f64 = 25_000.0;
const MOST_KB: f64 = 300_000.0;

pub(crate) fn run() {
    report::title("The relay's memory");
    if !room::make() {
        return println!(
            "Not measured: the system does not let a process have so many connections."
        );
    }
    println!(
        "Plaintext, 1 KB in, one delta a second; resident, the highest of {SECONDS} looks a second apart.\n"
    );
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    LocalSet::new().block_on(&runtime, async {
        let scene = Scene::start();
        one(&scene.relay().path(PLAIN)).await;
        scene.until_quiet().await;
        let idle = scene.resident_kb();
        report::table(&["streams at once", "MB", "KB each", "MB after"]);
        let megabytes = |kb: u64| kb as f64 / 1e3;
        report::row(&[
            "0".into(),
            report::at_most(megabytes(idle), MOST_IDLE_KB / 1e3, 1),
            "–".into(),
            "–".into(),
        ]);
        for streams in STREAMS {
            let held = measure(&scene, streams).await;
            let after = scene.resident_kb();
            report::row(&[
                streams.to_string(),
                report::at_most(megabytes(held), MOST_KB / 1e3, 1),
                format!("{:.1}", (held.saturating_sub(idle)) as f64 / streams as f64),
                format!("{:.1}", megabytes(after)),
            ]);
        }
    });
}

/// Kilobytes.
async fn measure(scene: &Scene, streams: usize) -> u64 {
    let held = hold(&scene.relay().path(STREAM), streams).await;
    let (mut look, mut most) = (Instant::now(), 0);
    for _ in 0..SECONDS {
        look += Duration::from_secs(1);
        sleep_until(look).await;
        most = most.max(scene.resident_kb());
    }
    drop(held);
    scene.until_quiet().await;
    most
}
