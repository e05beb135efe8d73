//! What somebody who waits takes in the server's memory: with a ticket, and with a blocked connection.

use harness::{Client, eventually};

use super::tickets::CHANNEL;
use crate::batch::Expected;
use crate::draw::Draw;
use crate::report;
use crate::room;
use crate::stand::Stand;

const TICKETS: usize = 100_000;
const BLOCKED: usize = 1_000;
const ID_BYTES: usize = 36;

pub(super) fn run() {
    report::title("Memory of those who wait");
    println!("Ids of {ID_BYTES} bytes, one gate, one channel; `used_memory` of the server.\n");
    report::table(&[
        "waiting with",
        "waiters",
        "bytes each",
        "of these counted as lines",
    ]);
    row("NOTIFY", TICKETS, tickets(), |bytes| {
        report::at_most(bytes, 250.0, 0)
    });
    row("BLOCK", BLOCKED, blocked(), |bytes| format!("{bytes:.0}"));
}

/// Bytes of the server, and of them what `INFO weir` says of the lines.
struct Memory {
    used: f64,
    lines: f64,
}

impl Memory {
    fn now(stand: &mut Stand) -> Self {
        let mut bytes = |field| -> f64 {
            let bytes = stand.control().info(field);
            bytes.parse().expect("an amount is a number")
        };
        Self {
            used: bytes("used_memory"),
            lines: bytes("weir_lines_bytes"),
        }
    }

    fn since(&self, earlier: &Self) -> Self {
        Self {
            used: self.used - earlier.used,
            lines: self.lines - earlier.lines,
        }
    }
}

fn row(clause: &str, waiters: usize, memory: Memory, each: impl Fn(f64) -> String) {
    let of_one = |bytes| bytes / waiters as f64;
    report::row(&[
        clause.into(),
        waiters.to_string(),
        each(of_one(memory.used)),
        format!("{:.0}", of_one(memory.lines)),
    ]);
}

fn tickets() -> Memory {
    let mut stand = taken();
    let mut draw = Draw::new(1);
    let before = Memory::now(&mut stand);
    stand.fill(TICKETS, |at, batch| {
        let id = id(&mut draw, at);
        let words = [&asking(&id)[..], &["NOTIFY", CHANNEL, "0"]].concat();
        batch.push(&words, Expected::Int(2));
    });
    let memory = Memory::now(&mut stand).since(&before);
    assert_eq!(waiters(&mut stand), TICKETS);
    memory
}

fn blocked() -> Memory {
    let mut stand = taken();
    let mut draw = Draw::new(1);
    // The buffers of a connection that has been used are not what waiting adds.
    let connect = |_| {
        let mut client = Client::connect(&stand.socket()).expect("the server accepts");
        client.call("PING");
        client
    };
    let mut clients: Vec<_> = (0..BLOCKED).map(connect).collect();
    let before = Memory::now(&mut stand);
    for (at, client) in clients.iter_mut().enumerate() {
        let id = id(&mut draw, at);
        client.send([&asking(&id)[..], &["BLOCK", "0"]].concat());
    }
    eventually("all wait", || match waiters(&mut stand) {
        BLOCKED => Ok(()),
        waiters => Err(format!("{waiters} wait")),
    });
    Memory::now(&mut stand).since(&before)
}

/// A server whose gate has nothing left.
fn taken() -> Stand {
    let mut stand = room::stand();
    let asked = stand.control().call(asking("holder"));
    assert_eq!(asked.items()[0], 1, "{asked:?}");
    stand
}

fn asking(id: &str) -> [&str; 7] {
    ["QGATE.ACQUIRE", "gate", id, "LIMIT", "1", "PX", "600000"]
}

fn id(draw: &mut Draw, at: usize) -> String {
    let id = format!("{}-{at:010}", draw.id());
    assert_eq!(id.len(), ID_BYTES);
    id
}

fn waiters(stand: &mut Stand) -> usize {
    let waiters = stand.control().info("weir_waiters");
    waiters.parse().expect("an amount is a number")
}
