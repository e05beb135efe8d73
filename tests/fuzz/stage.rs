//! Does on a server what a step says, and tells the model what came of it: the reply, what was heard, and what the keys
//! hold that it may have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use harness::Reply;

use crate::grammar::{self, Ask, waiting::Patience};
use crate::model::keyspace::{Name, Value};
use crate::model::shape::flat;
use crate::model::{Caller, LISTENED, Manner, Message, Raw, Verdict, World};
use crate::op::{Op, Protocol};
use crate::server::{FEW_ENTRIES, Server, Variant};
use crate::wire::Wire;

pub(crate) const CONNECTIONS: usize = 3;
pub(crate) const DATABASES: usize = 2;

/// After so many answers the server has done all that it had put off, one thing after the other.
const TURNS: usize = 5;
/// How many events of those who wait are awaited one by one in one step.
const EVENTS: usize = 40;

/// What a server may take more when everything has gone than it took the last time, in bytes.
const LEFT_OVER: i64 = 300_000;

/// What is asked of a key to see it whole.
const LOOKS: [&str; 7] = [
    "TYPE",
    "PEXPIRETIME",
    "GET",
    "ZRANGE",
    "HGETALL",
    "LLEN",
    "XRANGE",
];

#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) server: Server,
    askers: Vec<Wire>,
    listener: Wire,
    eye: Wire,
    pub(crate) world: World,
    /// Of the last command.
    pub(crate) replied: Option<Reply>,
    pub(crate) messages: Vec<Message>,
    /// The bytes that the server took when everything had gone.
    left_over: Option<i64>,
}

impl Stage {
    pub(crate) fn set(variant: Variant, part: i64) -> io::Result<Self> {
        let server = Server::start(variant, part);
        let mut listener = server.connect()?;
        for channel in LISTENED {
            listener.call(["SSUBSCRIBE", channel])?;
        }
        let askers: io::Result<Vec<Wire>> = (0..CONNECTIONS).map(|_| server.connect()).collect();
        let entries = match variant {
            Variant::Bounded => FEW_ENTRIES,
            Variant::Alone | Variant::Appending | Variant::Replica => usize::MAX,
        };
        let world = World::new(server.clock.micros(), entries);
        Ok(Self {
            askers: askers?,
            eye: server.connect()?,
            listener,
            server,
            world,
            replied: None,
            messages: Vec::new(),
            left_over: None,
        })
    }

    /// With a while after it, in which it is noticed, where otherwise nobody could say who is still there.
    pub(crate) fn perform(&mut self, op: &Op) -> Verdict {
        self.perform_one(op)?;
        while self.world.is_unsure() {
            let leap = Op::Leap { ms: 100 };
            let leapt = self.perform_one(&leap);
            leapt.map_err(|wrong| format!("{leap}: {wrong}"))?;
        }
        Ok(())
    }

    fn perform_one(&mut self, op: &Op) -> Verdict {
        self.replied = None;
        self.messages.clear();
        let done = match op {
            Op::Send {
                connection,
                manner,
                words,
            } => self.send(*connection, *manner, words),
            Op::Pass { ms } => self.pass(*ms),
            Op::Leap { ms } => self.leap(*ms),
            Op::Reconnect {
                connection,
                protocol,
            } => self.reconnect(*connection, *protocol),
            Op::Reload => self.reload(),
            Op::Check => self.check(),
            Op::Clear => return self.clear(),
        };
        done.map_err(|error| format!("the server is gone: {error}"))??;
        let touched = std::mem::take(&mut self.world.keys.touched);
        let settled = self.settle(&touched);
        settled.map_err(|error| format!("the server is gone: {error}"))?
    }

    fn send(
        &mut self,
        connection: usize,
        manner: Manner,
        words: &[Vec<u8>],
    ) -> io::Result<Verdict> {
        let db = self.world.selected.get(&connection).copied().unwrap_or(0);
        if self.world.is_moot(db, words) {
            return Ok(Ok(()));
        }
        let manner = possible(manner, words);
        let asker = &mut self.askers[connection];
        let reply = match manner {
            Manner::Plain => asker.call(words)?,
            Manner::Transaction => {
                let commands = [
                    vec![b"MULTI".to_vec()],
                    words.to_vec(),
                    vec![b"EXEC".to_vec()],
                ];
                in_transaction(asker.pipeline(&commands)?)
            }
            Manner::Script => {
                let source = "return redis.pcall(unpack(ARGV))";
                let eval = ["EVAL", source, "0"].map(|word| word.as_bytes().to_vec());
                asker.call([&eval[..], words].concat())?
            }
        };
        let reply = flat(reply);
        let heard = self.hear()?;
        self.replied = Some(reply.clone());
        let caller = Caller { connection, manner };
        let verdict = self.world.step(caller, words, &reply, heard);
        let named = words.iter().skip(1).map(|word| Name {
            db,
            key: word.clone(),
        });
        let known: BTreeSet<Name> = self.world.names().into_iter().collect();
        let named = named.filter(|name| known.contains(name));
        self.world.keys.touched.extend(named);
        Ok(verdict)
    }

    fn pass(&mut self, ms: i64) -> io::Result<Verdict> {
        let until = self.world.now + ms;
        for _ in 0..EVENTS {
            let event = self.world.events().into_iter().find(|at| *at < until);
            let Some(event) = event else { break };
            if let Err(wrong) = self.leap(event - self.world.now)? {
                return Ok(Err(wrong));
            }
        }
        self.leap(until - self.world.now)
    }

    fn leap(&mut self, ms: i64) -> io::Result<Verdict> {
        self.server.clock.forward(ms)?;
        let heard = self.hear()?;
        if let Err(wrong) = self.world.pass(ms, heard) {
            return Ok(Err(wrong));
        }
        let touched = std::mem::take(&mut self.world.keys.touched);
        self.settle(&touched)
    }

    fn reconnect(&mut self, connection: usize, protocol: Protocol) -> io::Result<Verdict> {
        self.askers[connection] = self.server.connect()?;
        if protocol == Protocol::Resp3 {
            self.askers[connection].call("HELLO 3")?;
        }
        let heard = self.hear()?;
        Ok(self.world.reconnect(connection, heard))
    }

    fn reload(&mut self) -> io::Result<Verdict> {
        let command = match self.server.variant {
            Variant::Appending => "DEBUG LOADAOF",
            // It would have to copy everything anew.
            Variant::Replica => "PING",
            Variant::Alone | Variant::Bounded => "DEBUG RELOAD",
        };
        let reply = self.eye.call(command)?;
        if reply.is_error() {
            return Ok(Err(format!("{command} is answered {reply:?}")));
        }
        self.check()
    }

    /// Lets the server do all that it has put off: what was heard meanwhile.
    fn hear(&mut self) -> io::Result<Vec<Message>> {
        let mut heard = Vec::new();
        for _ in 0..TURNS {
            self.listener.send(&[b"PING".to_vec()])?;
            while let Some(message) = message(self.listener.receive()?) {
                heard.push(message);
            }
        }
        self.messages.extend(heard.iter().cloned());
        Ok(heard)
    }

    fn check(&mut self) -> io::Result<Verdict> {
        let mut names: BTreeSet<Name> = self.world.names().into_iter().collect();
        for db in 0..DATABASES {
            self.eye.call(format!("SELECT {db}"))?;
            for key in self.eye.call("KEYS *")?.items() {
                let Reply::Text(key) = key else { continue };
                names.insert(Name {
                    db,
                    key: key.clone(),
                });
            }
        }
        if let Err(wrong) = self.settle(&names)? {
            return Ok(Err(wrong));
        }
        let info = self.eye.call("INFO weir")?.text();
        let waiters = self.world.waiters.len();
        let expected = [
            "weir_panics:0".to_owned(),
            format!("weir_waiters:{waiters}"),
        ];
        for line in &expected {
            if !info.lines().any(|shown| shown == line) {
                let name = line.split_once(':').map_or("", |(name, _)| name);
                let said = info.lines().find(|shown| shown.starts_with(name));
                return Ok(Err(format!("INFO weir should say {line}, not {said:?}")));
            }
        }
        if !self.server.is_followed(&mut self.eye)? {
            return Ok(Err("the replica holds something else".to_owned()));
        }
        Ok(Ok(()))
    }

    fn settle(&mut self, names: &BTreeSet<Name>) -> io::Result<Verdict> {
        let seen = self.look(names)?;
        for (name, raw) in seen {
            if let Err(wrong) = self.world.settle(&name, raw) {
                let key = name.key.escape_ascii();
                return Ok(Err(format!("key {key} of database {}: {wrong}", name.db)));
            }
        }
        self.world.keys.touched.clear();
        Ok(Ok(()))
    }

    fn look(&mut self, names: &BTreeSet<Name>) -> io::Result<BTreeMap<Name, Option<Raw>>> {
        let mut commands = Vec::new();
        for name in names {
            let db = name.db.to_string().into_bytes();
            commands.push(vec![b"SELECT".to_vec(), db]);
            commands.extend(LOOKS.map(|look| {
                let more = match look {
                    "ZRANGE" => &["0", "-1", "WITHSCORES"][..],
                    "XRANGE" => &["-", "+"],
                    _ => &[],
                };
                let more = more.iter().map(|word| word.as_bytes().to_vec());
                let words = vec![look.as_bytes().to_vec(), name.key.clone()];
                words.into_iter().chain(more).collect()
            }));
        }
        let replies = self.eye.pipeline(&commands)?;
        let seen = replies
            .chunks(LOOKS.len() + 1)
            .map(|replies| raw(&replies[1..]));
        Ok(names.iter().cloned().zip(seen).collect())
    }

    /// Everything goes, and everybody. Nothing that the server takes then may grow from time to time.
    fn clear(&mut self) -> Verdict {
        let steps = (0..CONNECTIONS).map(|connection| Op::Reconnect {
            connection,
            protocol: Protocol::Resp2,
        });
        let steps = steps.chain([Op::plain(&["FLUSHALL"]), Op::Pass { ms: 1_000 }, Op::Check]);
        for step in steps {
            let performed = self.perform(&step);
            performed.map_err(|wrong| format!("{step}: {wrong}"))?;
        }
        let used = self.used().map_err(|error| error.to_string())?;
        let before = self.left_over.replace(used);
        let grown = used - before.unwrap_or(used);
        // Where all is done once more elsewhere, what is on its way there takes memory too.
        let is_alone = matches!(self.server.variant, Variant::Alone | Variant::Bounded);
        if is_alone && grown > LEFT_OVER {
            return Err(format!(
                "nothing takes {used} bytes, {grown} more than before"
            ));
        }
        Ok(())
    }

    fn used(&mut self) -> io::Result<i64> {
        let info = self.eye.call("INFO memory")?.text();
        let mut lines = info.lines();
        let used = lines.find_map(|line| line.strip_prefix("used_memory:"));
        Ok(used.and_then(|used| used.parse().ok()).unwrap_or(0))
    }
}

/// A connection that blocks could not go on; what the server refuses before it runs has a line of its own in scripts.
fn possible(manner: Manner, words: &[Vec<u8>]) -> Manner {
    let Some(name) = grammar::ours(words) else {
        return Manner::Plain;
    };
    if grammar::has_wrong_arity(&name, words) {
        return Manner::Plain;
    }
    let clause = match grammar::read(&name, words) {
        Ok(Ask::Turn(_, grammar::turns::Umq::Acquire(ask))) => Some(ask.clause),
        Ok(Ask::Gate(_, grammar::gates::Qgate::Acquire(ask))) => Some(ask.clause),
        Ok(Ask::Admit(admit)) => Some(admit.clause),
        _ => None,
    };
    let patience = clause.and_then(|clause| clause.patience);
    let blocks = patience == Some(Patience::Block);
    if blocks && manner == Manner::Plain {
        Manner::Transaction
    } else {
        manner
    }
}

/// What stands in the reply of `EXEC`, or why there is none.
fn in_transaction(replies: Vec<Reply>) -> Reply {
    match &replies[..] {
        [_, _, Reply::Array(items)] if items.len() == 1 => items[0].clone(),
        [_, queued, _] => queued.clone(),
        _ => Reply::Nil,
    }
}

/// `None`: the answer to a `PING`.
fn message(reply: Reply) -> Option<Message> {
    let Reply::Array(items) = reply else {
        return None;
    };
    match &items[..] {
        [kind, Reply::Text(channel), Reply::Text(text)] if *kind == "smessage" => Some(Message {
            channel: channel.clone(),
            text: text.clone(),
        }),
        _ => None,
    }
}

/// A key, from the replies to `LOOKS`.
fn raw(replies: &[Reply]) -> Option<Raw> {
    let [kind, end, text, scores, fields, length, entries] = replies else {
        return None;
    };
    let value = match kind.text().as_str() {
        "string" => Value::Text(bytes(text)),
        "zset" => {
            let pairs = scores.items().chunks_exact(2);
            let score = |reply: &Reply| reply.text().parse().unwrap_or(f64::NAN);
            let scores = pairs.map(|pair| (bytes(&pair[0]), score(&pair[1])));
            Value::Scores(scores.collect())
        }
        "hash" => {
            let pairs = fields.items().chunks_exact(2);
            Value::Fields(
                pairs
                    .map(|pair| (bytes(&pair[0]), bytes(&pair[1])))
                    .collect(),
            )
        }
        "list" => Value::List(length.int()),
        "stream" => {
            let words = |entry: &Reply| entry.items()[1].items().iter().map(bytes).collect();
            Value::Entries(entries.items().iter().map(words).collect())
        }
        _ => return None,
    };
    let end = Some(end.int()).filter(|end| *end >= 0);
    Some(Raw { value, end })
}

fn bytes(reply: &Reply) -> Vec<u8> {
    match reply {
        Reply::Text(bytes) => bytes.clone(),
        other => panic!("a string was expected, not {other:?}"),
    }
}
