//! An act in words, and what the server's answer to it means.

use std::fmt;

use harness::Reply;

use crate::record::{Act, Answer, Ask, Entry, How, Id, Key, Manner, Patience, Want, Way};

/// Runs a command from within a script.
const SCRIPT: &str = "return redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2))";

/// What is written in one piece, a command or several: the answer is the last one's.
pub(crate) fn commands(act: &Act) -> Vec<Vec<String>> {
    let words = words(act);
    match act {
        Act::Ask(ask) if ask.how == How::Transaction => {
            vec![split("MULTI"), words, split("EXEC")]
        }
        Act::Ask(ask) if ask.how == How::Script => {
            let head = ["EVAL", SCRIPT, "1"].map(str::to_owned);
            let (name, key) = (words[0].clone(), words[1].clone());
            let tail = words[2..].to_vec();
            vec![[head.to_vec(), vec![key, name], tail].concat()]
        }
        _ => vec![words],
    }
}

fn words(act: &Act) -> Vec<String> {
    let family = |key: &Key| match key {
        Key::Turn(_) => "UMQ",
        Key::Gate(_) => "QGATE",
    };
    split(&match act {
        Act::Ask(ask) => ask_line(ask),
        Act::Renew { key, id, lease_ms } => match key {
            Key::Turn(_) => format!("UMQ.RENEW {key} {id} PX {lease_ms}"),
            Key::Gate(_) => format!("QGATE.RENEW {key} PX {lease_ms} {id}"),
        },
        Act::Release { key, id, way } => match way {
            Way::Release => format!("{}.RELEASE {key} {id}", family(key)),
            Way::NoStamp => format!("UMQ.RELEASE {key} {id} NOSTAMP"),
            Way::Leave => format!("QGATE.LEAVE {id} 1 {key}"),
            Way::LeaveAll(whole) => {
                let keys: Vec<_> = whole.keys().map(|key| key.to_string()).collect();
                format!("QGATE.LEAVE {id} {} {}", keys.len(), keys.join(" "))
            }
        },
        Act::Cancel { key, id } => format!("{}.CANCEL {key} {id}", family(key)),
        Act::Confirm { .. } => "WAIT 1 200".into(),
        Act::Force { key } => format!("UMQ.FORCE {key}"),
        Act::Delete { key } => format!("DEL {key}"),
        Act::Close { key, ms } => format!("QGATE.CLOSE {key} PX {ms}"),
        Act::Open { key } => format!("QGATE.OPEN {key}"),
        Act::Kill { client, .. } => format!("CLIENT KILL ID {client}"),
        Act::Pause { ms, mode } => format!("CLIENT PAUSE {ms} {mode}"),
        Act::Listen => "(listens)".into(),
        Act::Fault(fault) => format!("({fault:?})"),
    })
}

fn ask_line(ask: &Ask) -> String {
    let Ask {
        key, id, lease_ms, ..
    } = ask;
    let mut line = match ask.want {
        Want::Turn { delay_ms: 0 } => format!("UMQ.ACQUIRE {key} {id} PX {lease_ms}"),
        Want::Turn { delay_ms } => {
            format!("UMQ.ACQUIRE {key} {id} PX {lease_ms} DELAY {delay_ms}")
        }
        Want::Slot { limit } => format!("QGATE.ACQUIRE {key} {id} LIMIT {limit} PX {lease_ms}"),
        Want::Whole(whole) => format!("QGATE.ADMIT {id} PX {lease_ms} {whole}"),
    };
    let manner = match ask.manner {
        Manner::Block => "BLOCK".to_owned(),
        Manner::Ticket { channel } => format!("NOTIFY {}", self::channel(channel)),
    };
    match ask.patience {
        Patience::None => {}
        Patience::Millis(ms) => line += &format!(" {manner} {ms}"),
        Patience::Endless => line += &format!(" {manner} 0"),
    }
    if ask.flow > 0 {
        line += &format!(" FLOW {} WEIGHT {}", ask.flow, ask.weight);
    }
    if ask.waited_ms > 0 {
        line += &format!(" WAITED {}", ask.waited_ms);
    }
    ask.queue
        .map_or(line.clone(), |most| format!("{line} QUEUE {most}"))
}

/// Where tickets are told what became of them.
pub(crate) fn channel(number: u64) -> String {
    format!("grants:{number}")
}

fn split(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// What the answers to an act's commands mean.
pub(crate) fn answer(act: &Act, replies: &[Reply]) -> Answer {
    let error = replies.iter().find_map(|reply| match reply {
        Reply::Error(line) => Some(line.as_str()),
        _ => None,
    });
    if let Some(line) = error {
        return refused_with(line);
    }
    let odd = || Answer::Odd(format!("{replies:?}"));
    match (act, replies.last()) {
        (Act::Ask(ask), Some(Reply::Array(items))) => match (ask.how, items.as_slice()) {
            (How::Transaction, [Reply::Array(items)]) => status(ask, items),
            (How::Transaction, [Reply::Error(line)]) => refused_with(line),
            (How::Plain | How::Script, items) => status(ask, items),
            (How::Transaction, _) => odd(),
        },
        (Act::Ask(_), _) => odd(),
        (Act::Renew { .. }, Some(Reply::Array(counts))) => match counts.as_slice() {
            [Reply::Int(count)] => Answer::Count(*count),
            _ => odd(),
        },
        (_, Some(Reply::Int(count))) => Answer::Count(*count),
        (_, Some(Reply::Status(text))) if text == "OK" => Answer::Done,
        _ => odd(),
    }
}

fn status(ask: &Ask, items: &[Reply]) -> Answer {
    let number = match ask.want {
        Want::Turn { .. } => items.get(2),
        Want::Slot { .. } | Want::Whole(_) => items.get(1),
    };
    match (items.first(), number) {
        (Some(Reply::Int(1)), Some(Reply::Int(number))) => Answer::Granted(*number),
        (Some(Reply::Int(2)), Some(_)) if ask.manner != Manner::Block => Answer::Queued,
        (Some(Reply::Int(0)), Some(_)) => Answer::Refused,
        (Some(Reply::Int(-1)), Some(_)) => Answer::LineFull,
        _ => Answer::Odd(format!("{items:?}")),
    }
}

/// What a ticket was told, and whose it is. `None`: this is no such message.
pub(crate) fn message(push: &Reply) -> Option<(Id, Answer)> {
    let Reply::Array(items) = push else {
        return None;
    };
    let [_, _, Reply::Text(text)] = items.as_slice() else {
        return None;
    };
    let text = String::from_utf8_lossy(text);
    let mut parts = text.splitn(3, ':');
    let (word, number, id) = (parts.next()?, parts.next()?, parts.next()?);
    let answer = match (word, number) {
        ("granted", number) => Answer::Granted(number.parse().ok()?),
        ("timeout" | "cancelled", "0") => Answer::Refused,
        ("moved", "0") => Answer::Unblocked,
        _ => return None,
    };
    Some((id.parse().ok()?, answer))
}

fn refused_with(line: &str) -> Answer {
    match line.split(' ').next() {
        Some("UNBLOCKED") => Answer::Unblocked,
        Some("READONLY" | "LOADING" | "EXECABORT") => Answer::NotHere,
        _ => Answer::Odd(line.to_owned()),
    }
}

/// As a person reads it: when, over which connection, what, and the answer.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = commands(&self.act)
            .iter()
            .map(|words| words.join(" "))
            .collect();
        let (asked, ended) = (self.asked as f64 / 1e3, self.ended as f64 / 1e3);
        write!(
            f,
            "{asked:.3}..{ended:.3} ms, connection {}: {} -> {:?}",
            self.connection,
            lines.join("; "),
            self.answer
        )
    }
}
