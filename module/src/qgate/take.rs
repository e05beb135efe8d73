//! Takes a slot of each of some gates and of one of others, together or not at all. First everything is looked at, then
//! everything is written: who is refused has changed nothing. `acquire` and `admit` say what it is for.

use redis_module::RedisString;

use super::choice::Candidate;
use super::gate::{Answer, Room};
use super::memory::Memory;
use super::stored::{Found, Stored};
use crate::call::Call;
use crate::error::Error;
use crate::ffi::key::Access;
use crate::line::name::{Family, KeyName};
use crate::time::{Millis, UnixMillis};
use crate::{events, stats, wake};

/// A gate that somebody wants.
#[derive(Debug)]
pub(super) struct Gate<'a> {
    pub(super) name: &'a RedisString,
    /// By what those who wait for it know it, if anybody waits at all.
    pub(super) key: Option<KeyName>,
    /// Where it stands among `any`.
    pub(super) index: usize,
    /// 0 for none.
    pub(super) limit: usize,
    pub(super) priority: i64,
    pub(super) memory: Memory,
    /// Whether others wait for it: then only who holds it has it.
    pub(super) taken: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Order<'a> {
    pub(super) member: &'a RedisString,
    pub(super) lease: Millis,
    pub(super) all: &'a [Gate<'a>],
    pub(super) any: &'a [Gate<'a>],
    /// By its index.
    pub(super) preferred: Option<usize>,
    /// The gate of which is to be said whether it has more; without one, the last that is taken.
    pub(super) about: Option<&'a [u8]>,
}

/// What stands in the way.
#[derive(Debug)]
pub(super) struct Obstacle<'a> {
    open: Open<'a>,
    pub(super) room: Room,
    pub(super) role: Role,
}

/// Whether a gate is one that the caller cannot do without, or one of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    All,
    Any,
}

/// Gates that can be had together now.
#[derive(Debug)]
pub(super) struct Takeable<'a> {
    member: &'a RedisString,
    lease: Millis,
    about: Option<&'a [u8]>,
    gates: Vec<Open<'a>>,
    /// The one of `any`, which is the last of the gates.
    index: Option<usize>,
}

#[derive(Debug)]
struct Open<'a> {
    gate: &'a Gate<'a>,
    stored: Stored<'a>,
    found: Found,
}

/// What was taken.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    /// The one of `any`.
    pub(super) index: Option<usize>,
    /// Of the last gate, which is that of `any` if there is one.
    pub(super) in_use: usize,
    /// Whether the gate in question has room for another.
    pub(super) has_more: bool,
    /// When the lease of it ends that ends first.
    pub(super) next_end: Option<UnixMillis>,
    /// The gates in which the member had no slot before, and when its lease ends there.
    pub(super) entered: Vec<(&'a RedisString, UnixMillis)>,
}

pub(super) fn look<'a>(
    call: &'a Call<'_>,
    order: &Order<'a>,
) -> Result<Result<Takeable<'a>, Obstacle<'a>>, Error> {
    let mut gates = Vec::with_capacity(order.all.len() + 1);
    let mut first_obstacle = None;
    for gate in order.all {
        match open_if_room(call, order.member, gate, Role::All)? {
            Ok(open) => gates.push(open),
            Err(obstacle) => first_obstacle = first_obstacle.or(Some(obstacle)),
        }
    }
    let chosen = match order.any {
        [] => None,
        // Where there is nothing to choose, whether the member is there is found out by the write itself.
        [only] => Some(open_if_room(call, order.member, only, Role::Any)?),
        _ => Some(choose(call, order)?),
    };
    let index = match chosen {
        None => None,
        Some(Ok(open)) => {
            let index = open.gate.index;
            gates.push(open);
            Some(index)
        }
        Some(Err(obstacle)) => return Ok(Err(first_obstacle.unwrap_or(obstacle))),
    };
    Ok(match first_obstacle {
        Some(obstacle) => Err(obstacle),
        None => Ok(Takeable {
            member: order.member,
            lease: order.lease,
            about: order.about,
            gates,
            index,
        }),
    })
}

/// Whether the member has a slot of any of these.
pub(super) fn holds_any(
    call: &Call<'_>,
    member: &RedisString,
    gates: &[Gate<'_>],
) -> Result<bool, Error> {
    for gate in gates {
        if Stored::open(call, gate.name, Access::Read)?.holds(member) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn open_if_room<'a>(
    call: &'a Call<'_>,
    member: &RedisString,
    gate: &'a Gate<'a>,
    role: Role,
) -> Result<Result<Open<'a>, Obstacle<'a>>, Error> {
    let open = open(call, gate)?;
    let room = open.room(call);
    let has = room == Room::Free || open.stored.holds(member);
    Ok(if has {
        Ok(open)
    } else {
        Err(open.obstacle(room, role))
    })
}

/// The gate that the member holds already, else the best with room, else the first of them. All are looked at, so that
/// a key that is none is an error whoever asks.
fn choose<'a>(
    call: &'a Call<'_>,
    order: &Order<'a>,
) -> Result<Result<Open<'a>, Obstacle<'a>>, Error> {
    let (mut held, mut best, mut first_obstacle) = (None, None::<(Candidate, Open<'a>)>, None);
    for gate in order.any {
        let looked = open(call, gate)?;
        if held.is_none() && looked.found.in_use > 0 && looked.stored.holds(order.member) {
            held = Some(looked);
            continue;
        }
        let room = looked.room(call);
        if room != Room::Free {
            first_obstacle.get_or_insert_with(|| looked.obstacle(room, Role::Any));
            continue;
        }
        let candidate = Candidate {
            preferred: order.preferred == Some(gate.index),
            priority: gate.priority,
            in_use: looked.found.in_use,
            limit: gate.limit,
            granted_at: gate.memory.last_granted(),
        };
        if best.as_ref().is_none_or(|(best, _)| candidate.beats(best)) {
            best = Some((candidate, looked));
        }
    }
    match held.or(best.map(|(_, looked)| looked)) {
        Some(open) => Ok(Ok(open)),
        None => Ok(Err(first_obstacle.ok_or(Error::Internal)?)),
    }
}

fn open<'a>(call: &'a Call<'_>, gate: &'a Gate<'a>) -> Result<Open<'a>, Error> {
    let stored = Stored::open(call, gate.name, Access::Write)?;
    let found = stored.look()?;
    Ok(Open {
        gate,
        stored,
        found,
    })
}

impl<'a> Open<'a> {
    fn room(&self, call: &Call<'_>) -> Room {
        let room = self.found.room(self.gate.limit, call.now());
        if self.gate.taken { room.taken() } else { room }
    }

    fn obstacle(self, room: Room, role: Role) -> Obstacle<'a> {
        Obstacle {
            open: self,
            room,
            role,
        }
    }
}

impl<'a> Obstacle<'a> {
    pub(super) fn gate(&self) -> &'a Gate<'a> {
        self.open.gate
    }

    pub(super) fn in_use(&self) -> usize {
        self.open.found.in_use
    }

    /// When it is worth another look; `None`: when somebody gives something back.
    pub(super) fn look_at(&self) -> Option<UnixMillis> {
        self.open.stored.look_at(&self.open.found)
    }
}

impl<'a> Takeable<'a> {
    /// Whether the member has a slot of each already.
    pub(super) fn is_held(&self) -> bool {
        let mut gates = self.gates.iter();
        gates.all(|open| open.stored.holds(self.member))
    }

    /// Writes and announces it all.
    pub(super) fn take(self, call: &Call<'_>) -> Taken<'a> {
        let mut taken = Taken {
            index: self.index,
            in_use: 0,
            has_more: true,
            next_end: None,
            entered: Vec::new(),
        };
        for open in self.gates {
            let Open {
                gate,
                stored,
                found,
            } = open;
            let room = found.room(gate.limit, call.now());
            let (answer, end) = decide(call, &stored, room, self.member, self.lease);
            let in_use = keep(call, gate.name, &stored, &found, self.member, answer);
            if answer == Answer::Granted {
                gate.memory.grant(call);
                if let Some(key) = &gate.key {
                    wake::lease_ends(call, key, end);
                }
                taken.entered.push((gate.name, end));
            }
            taken.in_use = in_use.unwrap_or(found.in_use);
            if self.about.is_none_or(|about| about == gate.name.as_slice()) {
                taken.has_more = gate.limit == 0 || taken.in_use < gate.limit;
                taken.next_end = (!taken.has_more).then(|| stored.next_end()).flatten();
            }
        }
        taken
    }
}

/// Decides and, when the answer is a slot, writes its lease, which is replied with it. The common grant, of a free slot
/// to a member that has none, is tried first: it finds out by the write itself whether the member is there.
pub(super) fn decide(
    call: &Call<'_>,
    gate: &Stored<'_>,
    room: Room,
    member: &RedisString,
    lease: Millis,
) -> (Answer, UnixMillis) {
    let now = call.now();
    let end = now.plus(lease);
    if room == Room::Free && gate.enter(member, end) {
        return (Answer::Granted, end);
    }
    let held_until = gate.lease_end(member);
    let (answer, end) = room.answer(held_until, end, now);
    if let Some(end) = end.filter(|end| held_until != Some(*end)) {
        gate.lease(end, &[member]);
    }
    (answer, end.unwrap_or(UnixMillis::ZERO))
}

/// Sweeps after a grant, announces and counts it. With a slot, how many are in use.
pub(super) fn keep(
    call: &Call<'_>,
    key: &RedisString,
    gate: &Stored<'_>,
    found: &Found,
    member: &RedisString,
    answer: Answer,
) -> Option<usize> {
    match answer {
        Answer::Granted => {
            gate.sweep(found.ended(), Some(member));
            events::ours(call.ctx, c"qgate.grant", key);
            stats::QGATE_GRANTS.add();
            Some(found.in_use + 1)
        }
        Answer::Extended => {
            wake::confirm(call, Family::Gate, key, member.as_slice());
            stats::QGATE_EXTENSIONS.add();
            Some(found.in_use)
        }
        Answer::Full | Answer::Closed => None,
    }
}

pub(super) fn count_refusal(room: Room) {
    match room {
        Room::Full => stats::QGATE_REFUSED_FULL.add(),
        Room::Closed => stats::QGATE_REFUSED_CLOSED.add(),
        Room::Free => {}
    }
}
