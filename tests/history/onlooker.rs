//! Looks at one key after the other while visitors come and go: all that a look says was read at one instant.
//! And the last look, when everybody has gone.

use std::io;

use harness::{Reply, eventually};

use crate::plan::KEYS;
use crate::record::{FlowNumber, Holder, Id, Key, Look, Micros, Rest};
use crate::stage::Stage;
use crate::whole;
use crate::wire::Wire;

/// How long what was left behind may take to end: the longest lease, and some time.
const REST_WITHIN: Micros = 6_000_000;

/// Looks until the run is over.
pub(crate) fn look_around(stage: &Stage) -> Vec<Look> {
    let mut looks = Vec::new();
    let mut wire = stage.connect();
    for (_, key) in KEYS.iter().cycle() {
        if stage.is_over() {
            break;
        }
        match look(stage, &mut wire, *key) {
            Ok(look) => looks.push(look),
            Err(_) => wire = stage.connect(),
        }
    }
    looks
}

/// The error: there is no primary behind this connection any more, or a new one has come meanwhile.
fn look(stage: &Stage, wire: &mut Wire, key: Key) -> io::Result<Look> {
    let family = match key {
        Key::Turn(_) => "UMQ",
        Key::Gate(_) => "QGATE",
    };
    let holders = match key {
        Key::Turn(_) => "PING".into(),
        Key::Gate(_) => format!("QGATE.MEMBERS {key} COUNT 10000"),
    };
    let parts: Vec<Key> = match whole::is_part(key) {
        true => whole::parts().collect(),
        false => Vec::new(),
    };
    let mut lines = vec![
        "MULTI".into(),
        "ROLE".into(),
        "TIME".into(),
        format!("PTTL {key}"),
        format!("{family}.INFO {key}"),
        format!("{family}.WAITERS {key} COUNT 10000"),
        holders,
    ];
    lines.extend(parts.iter().map(|key| format!("QGATE.INFO {key}")));
    lines.push("EXEC".into());
    let (reign, asked) = (stage.reign(), stage.now());
    let executed = wire.call_all(&lines)?;
    let ended = stage.now();
    let Reply::Array(replies) = executed else {
        return Err(io::Error::other(format!("{executed:?}")));
    };
    let [role, time, ttl, info, waiters, members, rooms @ ..] = replies.as_slice() else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    if role.items()[0] != "master" || stage.reign() != reign {
        return Err(io::Error::other("another server serves"));
    }
    let optional = |name| match info.field(name) {
        Reply::Int(value) => Some(*value),
        _ => None,
    };
    let (token, since_stamp_ms, closed_ms) = match key {
        Key::Turn(_) => (info.field("token").int(), optional("since-stamp-ms"), 0),
        Key::Gate(_) => (0, None, info.field("closed-ms").int()),
    };
    Ok(Look {
        key,
        asked,
        ended,
        server_us: micros(time),
        reign,
        holders: match key {
            Key::Turn(_) => turn_holder(info),
            Key::Gate(_) => members.items().iter().map(gate_holder).collect(),
        },
        waiters: waiters.items().iter().map(waiter).collect(),
        token,
        since_stamp_ms,
        closed_ms,
        with_room: with_room(&parts, rooms),
        ttl_ms: ttl.int(),
    })
}

/// Those of these gates in which a slot is free, by what `QGATE.INFO` says of each.
fn with_room(gates: &[Key], infos: &[Reply]) -> Vec<Key> {
    let has_room = |gate: Key, info: &Reply| {
        let is_open = info.field("closed-ms").int() == 0;
        is_open && info.field("in-use").int() < whole::limit(gate)
    };
    let gates = gates.iter().copied().zip(infos);
    let open = gates.filter(|(gate, info)| has_room(*gate, info));
    open.map(|(gate, _)| gate).collect()
}

fn turn_holder(info: &Reply) -> Vec<Holder> {
    let lease_left_ms = info.field("lease-ms").int();
    let holder = info.field("holder");
    let held = (*holder != Reply::Nil).then(|| Holder {
        id: number(holder),
        lease_left_ms,
    });
    held.into_iter().collect()
}

fn gate_holder(row: &Reply) -> Holder {
    Holder {
        id: number(&row.items()[0]),
        lease_left_ms: row.items()[1].int(),
    }
}

fn waiter(row: &Reply) -> (Id, FlowNumber) {
    let flow = match &row.items()[1] {
        Reply::Nil => 0,
        flow => FlowNumber::try_from(number(flow)).expect("flows are small numbers"),
    };
    (number(&row.items()[0]), flow)
}

/// All names that visitors use are numbers.
fn number(text: &Reply) -> u64 {
    text.text().parse().expect("ids and flows are numbers")
}

fn micros(time: &Reply) -> i64 {
    let part = |index: usize| -> i64 {
        let text = time.items()[index].text();
        text.parse().expect("TIME answers two numbers")
    };
    part(0) * 1_000_000 + part(1)
}

/// What is left when everybody has gone and the leases have had time to end.
pub(crate) fn rest(stage: &Stage) -> Rest {
    let begun = stage.now();
    let mut wire = stage.connect();
    eventually("the rest can be looked at", || {
        let rest = rest_now(stage, &mut wire).map_err(|error| error.to_string())?;
        let clean = rest == Rest::default();
        if clean || stage.now() - begun > REST_WITHIN {
            Ok(rest)
        } else {
            Err(format!("{rest:?}"))
        }
    })
}

fn rest_now(stage: &Stage, wire: &mut Wire) -> io::Result<Rest> {
    let mut rest = Rest::default();
    for (_, key) in KEYS {
        let look = look(stage, wire, key)?;
        let held = look
            .holders
            .iter()
            .map(|holder| format!("{key} by {}", holder.id));
        rest.held.extend(held);
        let waiting = look.waiters.iter().map(|(id, _)| format!("{id} for {key}"));
        rest.waiting.extend(waiting);
    }
    let info = wire.call("INFO everything")?.text();
    let field = |name: &str| -> i64 {
        let line = info.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|line| line.strip_prefix(':')?.parse().ok());
        value.expect("the server and the module say so in INFO")
    };
    rest.blocked_clients = field("blocked_clients");
    rest.panics = field("weir_panics");
    Ok(rest)
}
